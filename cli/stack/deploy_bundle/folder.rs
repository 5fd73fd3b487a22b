//! A folder of policies on its way to the ledger: nothing that is wrong, fails or is untested goes on.

use std::path::Path;

use evenkeel_rules::Diagnostic;
use evenkeel_rules::bundle::{Bundle, Manifest, digest};
use evenkeel_rules::policy::{PolicyFile, PolicySet};

use super::DeployBundle;
use super::errors::broken;
use super::live::Side;
use crate::common::diagnostics::show;
use crate::common::exit::Stopped;
use crate::common::library::Library;
use crate::common::terminal::{complain, count, note, safe};
use crate::policy::test::{UNTESTED, report, run_all};

/// The files and their manifest; none where something is wrong, which has been shown.
pub(super) fn checked(command: &DeployBundle) -> Result<Option<(Side, Manifest)>, Stopped> {
    let library = read(command)?;
    let set = library.load()?;
    let wrong = library.wrong(&set);
    if !wrong.is_empty() {
        show(&wrong, &library.texts());
        complain(&format!("{}: nothing is deployed", count(wrong.len(), "problem", "problems")));
        return Ok(None);
    }
    if !passes(&library, &set, command.untested) {
        return Ok(None);
    }
    let files = renamed(&library, &command.folder)?;
    let digests = files.iter().map(|file| (file.name.clone(), digest(file.text.as_bytes())));
    let manifest = Manifest {
        files: digests.collect(),
        checked_by: Some(env!("CARGO_PKG_VERSION").to_owned()),
        replaces: None,
    };
    let texts = files.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
    // Once more, as the functions will.
    let bundle = Bundle::compile(String::new(), &files).map_err(|error| broken(&error))?;
    Ok(Some((Side { texts, bundle: Some(bundle) }, manifest)))
}

fn read(command: &DeployBundle) -> Result<Library, Stopped> {
    let folder = &command.folder;
    if !folder.is_dir() {
        let folder = folder.display();
        return Err(Stopped::Usage(format!("`{folder}` is no folder: name the one to deploy")));
    }
    let mut library = Library::read(std::slice::from_ref(folder))?;
    if let Some(folder) = &command.waivers {
        library.add_waivers(folder)?;
    }
    Ok(library)
}

/// Whether every case passes, and every policy has cases or need not.
fn passes(library: &Library, set: &PolicySet, untested: bool) -> bool {
    let (outcomes, wrong) = run_all(library, set);
    let failed = outcomes.iter().any(|outcome| !outcome.differences.is_empty());
    note(&report::text(&outcomes, set.policies().len()));
    let (lacking, wrong): (Vec<Diagnostic>, Vec<Diagnostic>) =
        wrong.into_iter().partition(|one| one.code == UNTESTED);
    show(&wrong, &library.texts());
    for one in &lacking {
        note(&format!("untested: {}\n", safe(&one.message)));
    }
    if !lacking.is_empty() && !untested {
        complain("a policy without cases is not deployed, unless you say --untested");
    }
    if failed {
        complain("a case failed: nothing is deployed");
    }
    !failed && wrong.is_empty() && (untested || lacking.is_empty())
}

/// The files under the names that they have in a bundle: below the folder, wherever that lies.
fn renamed(library: &Library, folder: &Path) -> Result<Vec<PolicyFile>, Stopped> {
    let mut files: Vec<PolicyFile> = Vec::new();
    let all = library.policies.iter().chain(&library.functions);
    for file in all.chain(&library.settings).chain(&library.waivers) {
        let path = Path::new(&file.name);
        let name = if let Ok(below) = path.strip_prefix(folder) {
            below.display().to_string().replace('\\', "/")
        } else {
            // Of another folder, which was given for its waivers.
            format!("waivers/{}", path.file_name().unwrap_or_default().display())
        };
        if files.iter().any(|other| other.name == name) {
            return Err(Stopped::Usage(format!("there are two files `{name}`: rename one")));
        }
        files.push(PolicyFile { name, text: file.text.clone() });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}
