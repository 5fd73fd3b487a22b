//! Reads policies and their companion files from folders, files, or the built-in library.

use crate::common::diagnostics::{FileTexts, print_diagnostics};
use crate::common::exit::CommandError;
use crate::common::terminal::format_count;
use evenkeel_authoring::check::{RemediatorSummary, lint_policies};
use evenkeel_authoring::coverage::WATCH_PASSES;
use evenkeel_authoring::frameworks::{self, ControlFramework};
use evenkeel_remediators::catalog::{CATALOG, CatalogEntry};
use evenkeel_remediators::{RemediatorSpec, ResourceType, check_names};
use evenkeel_rules::bundle::FileKind;
use evenkeel_rules::operator_settings::OperatorSettings;
use evenkeel_rules::policy::{Policy, PolicyFile, PolicySet};
use evenkeel_rules::{Diagnostic, DiagnosticLevel, WaiverSet, read_cases};
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

/// The shipped policies, built into the program.
static SHIPPED_LIBRARY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// The name of the file with the organization's functions.
const FUNCTIONS_FILE: &str = "functions.yaml";

/// The texts of policies and of all files that belong to them.
#[derive(Debug, Default)]
pub(crate) struct PolicyLibrary {
    /// The policy files (`.cel`).
    pub(crate) policies: Vec<PolicyFile>,
    /// The file with the organization's functions.
    pub(crate) functions: Option<PolicyFile>,
    /// The test files (`.test.yaml`).
    pub(crate) tests: Vec<PolicyFile>,
    /// The files with values for parameters (`settings.yaml`).
    pub(crate) settings: Vec<PolicyFile>,
    /// The files of waivers.
    pub(crate) waivers: Vec<PolicyFile>,
    /// The operator's settings for remediations (`remediation.yaml`).
    pub(crate) operator_settings: Vec<PolicyFile>,
    /// The files with the controls of frameworks.
    pub(crate) frameworks: Vec<PolicyFile>,
}

impl PolicyLibrary {
    /// Reads the files at `paths` and in their subfolders. If `paths` is empty, returns the
    /// shipped library.
    ///
    /// # Errors
    /// [`CommandError::Io`] if a file cannot be read; [`CommandError::Usage`] if no file is a
    /// policy.
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

    /// Reads the policy at `path` with its companion files, for an editor.
    ///
    /// `open` returns the text of a file that is open in the editor. Such a text replaces the text
    /// on disk. Returns `None` if there is no policy.
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

    /// Reads the files of waivers (`.yaml`) in another folder.
    ///
    /// # Errors
    /// [`CommandError::Io`] if the folder or a file cannot be read; [`CommandError::Usage`] if
    /// the folder contains no `.yaml` file.
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
            return self.read_functions_above(path);
        }
        self.read_file(path)?;
        self.read_companion_files(path)
    }

    /// Reads the files that belong to the policy at `path`: its test file, and the nearest
    /// `functions.yaml` in the folder of the policy or in one of the two folders above this folder.
    fn read_companion_files(&mut self, path: &Path) -> Result<(), CommandError> {
        let test = path.with_extension("test.yaml");
        if test.is_file() {
            self.read_file(&test)?;
        }
        self.read_functions_above(path)
    }

    /// Reads the nearest `functions.yaml` in one of the three folders above `path`, unless the
    /// library already has one.
    fn read_functions_above(&mut self, path: &Path) -> Result<(), CommandError> {
        let mut functions =
            path.ancestors().skip(1).take(3).map(|folder| folder.join(FUNCTIONS_FILE));
        match functions.find(|file| file.is_file()) {
            Some(file) if self.functions.is_none() => self.read_file(&file),
            _ => Ok(()),
        }
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
            Some(FileKind::OperatorSettings) => self.operator_settings.push(file),
            Some(FileKind::Framework) => self.frameworks.push(file),
            None => {}
        }
    }

    /// Returns the policy file with this name.
    pub(crate) fn find_policy_file(&self, file: &str) -> Option<&PolicyFile> {
        self.policies.iter().find(|policy| policy.name == file)
    }

    /// Returns the test file of the policy in `file`.
    pub(crate) fn find_test_file(&self, file: &str) -> Option<&PolicyFile> {
        let name = format!("{}.test.yaml", file.strip_suffix(".cel").unwrap_or(file));
        self.tests.iter().find(|test| test.name == name)
    }

    /// Returns the texts of all files by file name, for reports.
    pub(crate) fn file_texts(&self) -> FileTexts {
        let files = self.policies.iter().chain(&self.functions).chain(&self.tests);
        let files = files.chain(&self.settings).chain(&self.waivers).chain(&self.frameworks);
        let files = files.chain(&self.operator_settings);
        files.map(|file| (file.name.clone(), file.text.clone())).collect()
    }

    /// Compiles the policies and applies the settings.
    ///
    /// # Errors
    /// All problems of the policies and the settings.
    pub(crate) fn compile_policies(&self) -> Result<PolicySet, Vec<Diagnostic>> {
        PolicySet::compile_files(&self.policies, self.functions.as_ref())?
            .with_settings(&self.settings)
    }

    /// Compiles the policies in a form that records the values of their expressions, and applies
    /// the settings.
    ///
    /// # Errors
    /// All problems of the policies and the settings.
    pub(crate) fn compile_instrumented(&self) -> Result<PolicySet, Vec<Diagnostic>> {
        let set =
            PolicySet::compile_with_passes(&self.policies, self.functions.as_ref(), WATCH_PASSES)?;
        set.with_settings(&self.settings)
    }

    /// Returns the errors of policies that compile: unknown names of AWS, wrong types, invalid
    /// cases, waivers and controls. The result contains no warnings.
    pub(crate) fn find_errors(&self, set: &PolicySet) -> Vec<Diagnostic> {
        let mut errors = self.lint_policy_set(set, None);
        errors.retain(|one| one.level == DiagnosticLevel::Error);
        errors
    }

    /// Returns the errors and warnings of policies that compile. `uncovered` contains the warnings
    /// about conditions that no case covers.
    pub(crate) fn lint_policy_set(
        &self,
        set: &PolicySet,
        uncovered: Option<Vec<Diagnostic>>,
    ) -> Vec<Diagnostic> {
        let remediators: Vec<RemediatorSummary<'_>> =
            CATALOG.iter().map(describe_remediator).collect();
        let linted = lint_policies(set, &remediators, uncovered);
        [
            linted,
            self.lint_cases(set),
            self.lint_waivers(set),
            self.lint_operator_settings(),
            self.lint_controls(set),
        ]
        .concat()
    }

    /// Returns the problems of the frameworks, and of the controls that policies name.
    fn lint_controls(&self, set: &PolicySet) -> Vec<Diagnostic> {
        match self.read_frameworks() {
            Ok(frameworks) => [
                frameworks::lint_controls(set, &frameworks),
                frameworks::lint_control_severities(set, &frameworks),
            ]
            .concat(),
            Err(problems) => problems,
        }
    }

    /// Reads the frameworks with a list of controls: from the files, and from the built-in library.
    /// A file replaces the built-in framework of the same file name.
    ///
    /// # Errors
    /// The problems of all files that cannot be parsed.
    pub(crate) fn read_frameworks(&self) -> Result<Vec<ControlFramework>, Vec<Diagnostic>> {
        let mut shipped = PolicyLibrary::default();
        shipped.add_shipped_files(&SHIPPED_LIBRARY);
        let name = |file: &PolicyFile| file.name.rsplit('/').next().unwrap_or_default().to_owned();
        let own: Vec<String> = self.frameworks.iter().map(name).collect();
        let shipped = shipped.frameworks.iter().filter(|file| !own.contains(&name(file)));
        let (mut frameworks, mut problems) = (Vec::new(), Vec::new());
        for file in self.frameworks.iter().chain(shipped) {
            match frameworks::parse_framework(&file.name, &file.text) {
                Ok(framework) => frameworks.push(framework),
                Err(error) => problems.push(error),
            }
        }
        frameworks.sort_by(|a, b| a.name.cmp(&b.name));
        if problems.is_empty() { Ok(frameworks) } else { Err(problems) }
    }

    /// Returns the problems of the policies' test files.
    fn lint_cases(&self, set: &PolicySet) -> Vec<Diagnostic> {
        let problems = |policy: &Policy| {
            let test = self.find_test_file(&policy.file)?;
            read_cases(&test.name, &test.text, policy).err()
        };
        set.policies().iter().filter_map(problems).flatten().collect()
    }

    /// Returns the problems of the waivers.
    fn lint_waivers(&self, set: &PolicySet) -> Vec<Diagnostic> {
        let problems =
            |file: &PolicyFile| WaiverSet::load_checked(&file.name, &file.text, set).err();
        self.waivers.iter().filter_map(problems).flatten().collect()
    }

    /// Returns the problems of the operator's settings for remediations.
    fn lint_operator_settings(&self) -> Vec<Diagnostic> {
        let problems =
            |file: &PolicyFile| OperatorSettings::parse_file(&file.name, &file.text).err();
        self.operator_settings.iter().filter_map(problems).flatten().collect()
    }

    /// Compiles the policies, and prints their problems.
    ///
    /// # Errors
    /// [`CommandError::Invalid`] if there is a problem.
    pub(crate) fn load_policies(&self) -> Result<PolicySet, CommandError> {
        self.print_compile_errors(self.compile_policies())
    }

    /// Compiles the policies in a form that records the values of their expressions, and prints
    /// their problems.
    ///
    /// # Errors
    /// [`CommandError::Invalid`] if there is a problem.
    pub(crate) fn load_instrumented(&self) -> Result<PolicySet, CommandError> {
        self.print_compile_errors(self.compile_instrumented())
    }

    fn print_compile_errors(
        &self,
        compiled: Result<PolicySet, Vec<Diagnostic>>,
    ) -> Result<PolicySet, CommandError> {
        compiled.map_err(|problems| {
            print_diagnostics(&problems, &self.file_texts());
            let count = format_count(problems.len(), "problem", "problems");
            CommandError::Invalid(format!("the policies are invalid: {count}"))
        })
    }
}

fn is_library_file(path: &Path) -> bool {
    FileKind::from_file_name(&path.to_string_lossy()).is_some()
}

/// Returns the properties of a remediator that a policy's header can use.
fn describe_remediator(entry: &CatalogEntry) -> RemediatorSummary<'_> {
    let RemediatorSpec { id, parameter_names: with, tier, precondition: check, .. } = entry.spec;
    let accepts = |kind: &str, patch: &_, actions: &[String]| match ResourceType::find_by_name(kind)
    {
        Some(kind) => Ok(kind.validate_patch(patch, actions)?),
        None => Err("Cloud Control cannot update resources of this type".into()),
    };
    RemediatorSummary { id, with, tier, precondition: check, patch_check: accepts, check_names }
}
