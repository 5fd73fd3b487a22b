//! Checks and tests a folder of policies before its deployment.
//!
//! Invalid files, failed cases and untested policies stop the deployment.

use std::path::Path;

use evenkeel_rules::Diagnostic;
use evenkeel_rules::bundle::{BundleManifest, PolicyBundle, sha256_hex};
use evenkeel_rules::policy::{PolicyFile, PolicySet};

use super::DeployBundleArguments;
use super::errors::invalid_bundle_error;
use super::live_bundle::BundleContents;
use crate::common::diagnostics::print_diagnostics;
use crate::common::exit::CommandError;
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{escape_terminal, format_count, print_error, print_stderr};
use crate::policy::test::{UNTESTED_CODE, report, run_all_cases};

/// Checks the folder, and returns its files with their manifest. Returns `None` after it has
/// printed the problems.
///
/// # Errors
/// [`CommandError::Io`] if a file cannot be read; [`CommandError::Usage`] or
/// [`CommandError::Invalid`] if the files do not make up a bundle.
pub(super) fn check_folder(
    command: &DeployBundleArguments,
) -> Result<Option<(BundleContents, BundleManifest)>, CommandError> {
    let library = read_library(command)?;
    let set = library.load_policies()?;
    let errors = library.find_errors(&set);
    if !errors.is_empty() {
        print_diagnostics(&errors, &library.file_texts());
        print_error(&format!(
            "{}; nothing was deployed",
            format_count(errors.len(), "problem", "problems")
        ));
        return Ok(None);
    }
    if !passes_tests(&library, &set, command.untested) {
        return Ok(None);
    }
    let files = to_bundle_files(&library, &command.folder)?;
    let digests = files.iter().map(|file| (file.name.clone(), sha256_hex(file.text.as_bytes())));
    let manifest = BundleManifest {
        files: digests.collect(),
        checked_by: Some(env!("CARGO_PKG_VERSION").to_owned()),
        replaces: None,
    };
    let texts = files.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
    // The functions compile the bundle in this way, so an error is found before the deployment.
    let bundle = PolicyBundle::compile_files(String::new(), &files)
        .map_err(|error| invalid_bundle_error(&error))?;
    Ok(Some((BundleContents { texts, bundle: Some(bundle) }, manifest)))
}

/// Reads the folder, and the additional folder of waivers.
fn read_library(command: &DeployBundleArguments) -> Result<PolicyLibrary, CommandError> {
    let folder = &command.folder;
    if !folder.is_dir() {
        let folder = folder.display();
        return Err(CommandError::Usage(format!(
            "`{folder}` is not a folder; name the folder to deploy"
        )));
    }
    let mut library = PolicyLibrary::read_files(std::slice::from_ref(folder))?;
    if let Some(folder) = &command.waivers {
        library.read_waiver_folder(folder)?;
    }
    Ok(library)
}

/// Runs all cases, and prints the results. Returns whether all cases pass, and whether each policy
/// has the required cases. `untested` accepts policies without them.
fn passes_tests(library: &PolicyLibrary, set: &PolicySet, untested: bool) -> bool {
    let (outcomes, problems) = run_all_cases(library, set);
    let failed = outcomes.iter().any(|outcome| !outcome.differences.is_empty());
    print_stderr(&report::render_text(&outcomes, set.policies().len()));
    let (lacking, problems): (Vec<Diagnostic>, Vec<Diagnostic>) =
        problems.into_iter().partition(|one| one.code == UNTESTED_CODE);
    print_diagnostics(&problems, &library.file_texts());
    for one in &lacking {
        print_stderr(&format!("untested: {}\n", escape_terminal(&one.message)));
    }
    if !lacking.is_empty() && !untested {
        print_error("a policy lacks cases; add them, or use --untested to deploy without them");
    }
    if failed {
        print_error("a case failed; nothing was deployed");
    }
    !failed && problems.is_empty() && (untested || lacking.is_empty())
}

/// Returns the files with their names in the bundle: their paths relative to the folder.
///
/// # Errors
/// [`CommandError::Usage`] if two files get the same name.
fn to_bundle_files(
    library: &PolicyLibrary,
    folder: &Path,
) -> Result<Vec<PolicyFile>, CommandError> {
    let mut files: Vec<PolicyFile> = Vec::new();
    let all = library.policies.iter().chain(&library.functions);
    let others = library.settings.iter().chain(&library.waivers).chain(&library.operator_settings);
    for file in all.chain(others) {
        let path = Path::new(&file.name);
        let name = if let Ok(below) = path.strip_prefix(folder) {
            below.display().to_string().replace('\\', "/")
        } else {
            // The file is from the additional folder of waivers.
            format!("waivers/{}", path.file_name().unwrap_or_default().display())
        };
        if files.iter().any(|other| other.name == name) {
            return Err(CommandError::Usage(format!("there are two files `{name}`; rename one")));
        }
        files.push(PolicyFile { name, text: file.text.clone() });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}
