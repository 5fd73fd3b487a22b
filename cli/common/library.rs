//! Where policies come from: a folder, files, or the library that the program carries.

use crate::common::diagnostics::{FileTexts, print_diagnostics};
use crate::common::exit::CommandError;
use evenkeel_authoring::check::{RemediatorSummary, lint_policies};
use evenkeel_authoring::coverage::WATCH_PASSES;
use evenkeel_authoring::frameworks::{self, ControlFramework};
use evenkeel_remediators::catalog::{CATALOG, CatalogEntry};
use evenkeel_remediators::{RemediatorSpec, ResourceType};
use evenkeel_rules::bundle::FileKind;
use evenkeel_rules::policy::{Policy, PolicyFile, PolicySet};
use evenkeel_rules::{Diagnostic, DiagnosticLevel, WaiverSet, read_cases};
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

/// The shipped policies.
static SHIPPED_LIBRARY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// The name of the file with an organisation's own functions.
const FUNCTIONS_FILE: &str = "functions.yaml";

/// Policies' files, their test files, and the functions they call.
#[derive(Debug, Default)]
pub(crate) struct PolicyLibrary {
    /// The policies.
    pub(crate) policies: Vec<PolicyFile>,
    /// The functions.
    pub(crate) functions: Option<PolicyFile>,
    /// The test files.
    pub(crate) tests: Vec<PolicyFile>,
    /// What parameters are set to.
    pub(crate) settings: Vec<PolicyFile>,
    /// The waivers.
    pub(crate) waivers: Vec<PolicyFile>,
    /// The controls of frameworks.
    pub(crate) frameworks: Vec<PolicyFile>,
}

impl PolicyLibrary {
    /// The files under `paths`; the shipped ones where there are no paths.
    pub(crate) fn read_files(paths: &[PathBuf]) -> Result<PolicyLibrary, CommandError> {
        let mut library = PolicyLibrary::default();
        if paths.is_empty() {
            library.add_shipped_files(&SHIPPED_LIBRARY);
        }
        for path in paths {
            library.read_path(path)?;
        }
        if library.policies.is_empty() {
            let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            return Err(CommandError::Usage(format!("no .cel file in {}", names.join(", "))));
        }
        Ok(library)
    }

    /// A policy and what lies beside it, each as `open` has it where it has it: an editor's text is not yet a file.
    pub(crate) fn read_for_editor(
        path: &Path,
        open: &dyn Fn(&str) -> Option<String>,
    ) -> Option<PolicyLibrary> {
        let mut library = PolicyLibrary::default();
        library.read_companion_files(path).ok()?;
        let name = path.display().to_string();
        let test = format!("{}.test.yaml", name.strip_suffix(".cel")?);
        let read = |name: &String| std::fs::read_to_string(name).ok();
        for name in [name, test] {
            if let Some(text) = open(&name).or_else(|| read(&name)) {
                library.tests.retain(|file| file.name != name);
                library.add_file(Path::new(&name), text);
            }
        }
        (!library.policies.is_empty()).then_some(library)
    }

    /// The files of waivers in another folder.
    pub(crate) fn read_waiver_folder(&mut self, folder: &Path) -> Result<(), CommandError> {
        let what = || format!("cannot read {}", folder.display());
        let listed = std::fs::read_dir(folder).map_err(CommandError::io_error(what()))?;
        let mut paths = Vec::new();
        for entry in listed {
            let path = entry.map_err(CommandError::io_error(what()))?.path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Err(CommandError::Usage(format!("no .yaml file in {}", folder.display())));
        }
        paths.sort();
        for path in paths {
            let read = std::fs::read_to_string(&path);
            let text =
                read.map_err(CommandError::io_error(format!("cannot read {}", path.display())))?;
            self.waivers.push(PolicyFile { name: path.display().to_string(), text });
        }
        Ok(())
    }

    fn add_shipped_files(&mut self, dir: &Dir<'_>) {
        for file in dir.files() {
            if let Some(text) = file.contents_utf8() {
                self.add_file(&Path::new("policies").join(file.path()), text.to_owned());
            }
        }
        dir.dirs().for_each(|dir| self.add_shipped_files(dir));
    }

    fn read_path(&mut self, path: &Path) -> Result<(), CommandError> {
        if path.is_dir() {
            for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
                let entry = entry.map_err(|error| CommandError::Io {
                    what: format!("cannot read {}", path.display()),
                    error: error.into(),
                })?;
                if entry.file_type().is_file() && is_library_file(entry.path()) {
                    self.read_file(entry.path())?;
                }
            }
            return Ok(());
        }
        self.read_file(path)?;
        self.read_companion_files(path)
    }

    /// What lies beside a policy, with which it is judged.
    fn read_companion_files(&mut self, path: &Path) -> Result<(), CommandError> {
        let test = path.with_extension("test.yaml");
        let functions = path.ancestors().skip(1).take(3).map(|dir| dir.join(FUNCTIONS_FILE));
        let beside = functions.filter(|_| self.functions.is_none()).find(|file| file.is_file());
        for file in [Some(test), beside].into_iter().flatten() {
            if file.is_file() {
                self.read_file(&file)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path) -> Result<(), CommandError> {
        let read = std::fs::read_to_string(path);
        let text =
            read.map_err(CommandError::io_error(format!("cannot read {}", path.display())))?;
        self.add_file(path, text);
        Ok(())
    }

    fn add_file(&mut self, path: &Path, text: String) {
        let name = path.display().to_string().replace('\\', "/");
        let file = PolicyFile { name, text };
        match FileKind::from_file_name(&file.name) {
            Some(FileKind::Policy) => self.policies.push(file),
            Some(FileKind::Cases) => self.tests.push(file),
            Some(FileKind::Functions) => self.functions = Some(file),
            Some(FileKind::Settings) => self.settings.push(file),
            Some(FileKind::Waivers) => self.waivers.push(file),
            Some(FileKind::Framework) => self.frameworks.push(file),
            None => {}
        }
    }

    /// The file of a policy, by its name.
    pub(crate) fn find_policy_file(&self, file: &str) -> Option<&PolicyFile> {
        self.policies.iter().find(|policy| policy.name == file)
    }

    /// The test file of the policy in `file`.
    pub(crate) fn find_test_file(&self, file: &str) -> Option<&PolicyFile> {
        let name = format!("{}.test.yaml", file.strip_suffix(".cel").unwrap_or(file));
        self.tests.iter().find(|test| test.name == name)
    }

    /// The texts of all files, for reports.
    pub(crate) fn file_texts(&self) -> FileTexts {
        let files = self.policies.iter().chain(&self.functions).chain(&self.tests);
        let files = files.chain(&self.settings).chain(&self.waivers).chain(&self.frameworks);
        files.map(|file| (file.name.clone(), file.text.clone())).collect()
    }

    /// The compiled policies, or everything that is wrong with them.
    pub(crate) fn compile_policies(&self) -> Result<PolicySet, Vec<Diagnostic>> {
        PolicySet::compile_files(&self.policies, self.functions.as_ref())?
            .with_settings(&self.settings)
    }

    /// The same, of policies that can be watched.
    pub(crate) fn compile_instrumented(&self) -> Result<PolicySet, Vec<Diagnostic>> {
        let set =
            PolicySet::compile_with_passes(&self.policies, self.functions.as_ref(), WATCH_PASSES)?;
        set.with_settings(&self.settings)
    }

    /// The errors in what compiles: names that AWS does not have, types, cases, waivers.
    pub(crate) fn find_errors(&self, set: &PolicySet) -> Vec<Diagnostic> {
        let mut wrong = self.lint_policy_set(set, None);
        wrong.retain(|one| one.level == DiagnosticLevel::Error);
        wrong
    }

    /// Everything that is odd about what compiles, with what cases do not reach.
    pub(crate) fn lint_policy_set(
        &self,
        set: &PolicySet,
        uncovered: Option<Vec<Diagnostic>>,
    ) -> Vec<Diagnostic> {
        let remediators: Vec<RemediatorSummary<'_>> =
            CATALOG.iter().map(describe_remediator).collect();
        let linted = lint_policies(set, &remediators, uncovered);
        [linted, self.lint_cases(set), self.lint_waivers(set), self.lint_controls(set)].concat()
    }

    /// What is wrong with the frameworks, and with the controls that policies name.
    fn lint_controls(&self, set: &PolicySet) -> Vec<Diagnostic> {
        match self.read_frameworks() {
            Ok(frameworks) => frameworks::lint_controls(set, &frameworks),
            Err(wrong) => wrong,
        }
    }

    /// The frameworks whose controls are listed: those of the files, and those that the program carries.
    pub(crate) fn read_frameworks(&self) -> Result<Vec<ControlFramework>, Vec<Diagnostic>> {
        let mut shipped = PolicyLibrary::default();
        shipped.add_shipped_files(&SHIPPED_LIBRARY);
        let name = |file: &PolicyFile| file.name.rsplit('/').next().unwrap_or_default().to_owned();
        let own: Vec<String> = self.frameworks.iter().map(name).collect();
        let shipped = shipped.frameworks.iter().filter(|file| !own.contains(&name(file)));
        let (mut frameworks, mut wrong) = (Vec::new(), Vec::new());
        for file in self.frameworks.iter().chain(shipped) {
            match frameworks::parse_framework(&file.name, &file.text) {
                Ok(framework) => frameworks.push(framework),
                Err(error) => wrong.push(error),
            }
        }
        frameworks.sort_by(|a, b| a.name.cmp(&b.name));
        if wrong.is_empty() { Ok(frameworks) } else { Err(wrong) }
    }

    /// What is wrong with the test files of policies that are right.
    fn lint_cases(&self, set: &PolicySet) -> Vec<Diagnostic> {
        let wrong = |policy: &Policy| {
            let test = self.find_test_file(&policy.file)?;
            read_cases(&test.name, &test.text, policy).err()
        };
        set.policies().iter().filter_map(wrong).flatten().collect()
    }

    /// What is wrong with the waivers.
    fn lint_waivers(&self, set: &PolicySet) -> Vec<Diagnostic> {
        let wrong = |file: &PolicyFile| WaiverSet::load_checked(&file.name, &file.text, set).err();
        self.waivers.iter().filter_map(wrong).flatten().collect()
    }

    /// The compiled policies; shows what is wrong with them.
    pub(crate) fn load_policies(&self) -> Result<PolicySet, CommandError> {
        self.print_compile_errors(self.compile_policies())
    }

    /// The same, of policies that can be watched.
    pub(crate) fn load_instrumented(&self) -> Result<PolicySet, CommandError> {
        self.print_compile_errors(self.compile_instrumented())
    }

    fn print_compile_errors(
        &self,
        compiled: Result<PolicySet, Vec<Diagnostic>>,
    ) -> Result<PolicySet, CommandError> {
        compiled.map_err(|wrong| {
            print_diagnostics(&wrong, &self.file_texts());
            let files = if wrong.len() == 1 { "1 problem" } else { "several problems" };
            CommandError::Invalid(format!("the policies cannot be used: {files}"))
        })
    }
}

fn is_library_file(path: &Path) -> bool {
    FileKind::from_file_name(&path.to_string_lossy()).is_some()
}

/// What a policy's header may say of a remediator.
fn describe_remediator(entry: &CatalogEntry) -> RemediatorSummary<'_> {
    let RemediatorSpec { id, parameter_names: with, tier, precondition: check, .. } = entry.spec;
    let accepts = |kind: &str, patch: &_, actions: &[String]| match ResourceType::find_by_name(kind)
    {
        Some(kind) => Ok(kind.validate_patch(patch, actions)?),
        None => Err("Cloud Control cannot update resources of this type".into()),
    };
    RemediatorSummary { id, with, tier, precondition: check, patch_check: accepts }
}
