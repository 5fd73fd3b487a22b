//! Where policies come from: a folder, files, or the library that the program carries.

use crate::common::diagnostics::{Texts, show};
use crate::common::exit::Stopped;
use evenkeel_authoring::check::{Remediator, lint};
use evenkeel_authoring::coverage::WATCH;
use evenkeel_authoring::frameworks::{self, Framework};
use evenkeel_remediators::catalog::{CATALOG, Entry};
use evenkeel_remediators::{RemediatorSpec, ResourceType};
use evenkeel_rules::bundle::FileKind;
use evenkeel_rules::policy::{Policy, PolicyFile, PolicySet};
use evenkeel_rules::{Diagnostic, Level, Waivers, read_cases};
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

/// The shipped policies.
static LIBRARY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// The name of the file with an organisation's own functions.
const FUNCTIONS: &str = "functions.yaml";

/// Policies' files, their test files, and the functions they call.
#[derive(Debug, Default)]
pub(crate) struct Library {
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

impl Library {
    /// The files under `paths`; the shipped ones where there are no paths.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Library, Stopped> {
        let mut library = Library::default();
        if paths.is_empty() {
            library.shipped(&LIBRARY);
        }
        for path in paths {
            library.folder_or_file(path)?;
        }
        if library.policies.is_empty() {
            let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            return Err(Stopped::Usage(format!("no .cel file in {}", names.join(", "))));
        }
        Ok(library)
    }

    /// A policy and what lies beside it, each as `open` has it where it has it: an editor's text is not yet a file.
    pub(crate) fn of_policy(path: &Path, open: &dyn Fn(&str) -> Option<String>) -> Option<Library> {
        let mut library = Library::default();
        library.beside(path).ok()?;
        let name = path.display().to_string();
        let test = format!("{}.test.yaml", name.strip_suffix(".cel")?);
        let read = |name: &String| std::fs::read_to_string(name).ok();
        for name in [name, test] {
            if let Some(text) = open(&name).or_else(|| read(&name)) {
                library.tests.retain(|file| file.name != name);
                library.add(Path::new(&name), text);
            }
        }
        (!library.policies.is_empty()).then_some(library)
    }

    /// The files of waivers in another folder.
    pub(crate) fn add_waivers(&mut self, folder: &Path) -> Result<(), Stopped> {
        let what = || format!("cannot read {}", folder.display());
        let listed = std::fs::read_dir(folder).map_err(Stopped::io(what()))?;
        let mut paths = Vec::new();
        for entry in listed {
            let path = entry.map_err(Stopped::io(what()))?.path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Err(Stopped::Usage(format!("no .yaml file in {}", folder.display())));
        }
        paths.sort();
        for path in paths {
            let read = std::fs::read_to_string(&path);
            let text = read.map_err(Stopped::io(format!("cannot read {}", path.display())))?;
            self.waivers.push(PolicyFile { name: path.display().to_string(), text });
        }
        Ok(())
    }

    fn shipped(&mut self, dir: &Dir<'_>) {
        for file in dir.files() {
            if let Some(text) = file.contents_utf8() {
                self.add(&Path::new("policies").join(file.path()), text.to_owned());
            }
        }
        dir.dirs().for_each(|dir| self.shipped(dir));
    }

    fn folder_or_file(&mut self, path: &Path) -> Result<(), Stopped> {
        if path.is_dir() {
            for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
                let entry = entry.map_err(|error| Stopped::Io {
                    what: format!("cannot read {}", path.display()),
                    error: error.into(),
                })?;
                if entry.file_type().is_file() && is_ours(entry.path()) {
                    self.file(entry.path())?;
                }
            }
            return Ok(());
        }
        self.file(path)?;
        self.beside(path)
    }

    /// What lies beside a policy, with which it is judged.
    fn beside(&mut self, path: &Path) -> Result<(), Stopped> {
        let test = path.with_extension("test.yaml");
        let functions = path.ancestors().skip(1).take(3).map(|dir| dir.join(FUNCTIONS));
        let beside = functions.filter(|_| self.functions.is_none()).find(|file| file.is_file());
        for file in [Some(test), beside].into_iter().flatten() {
            if file.is_file() {
                self.file(&file)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), Stopped> {
        let read = std::fs::read_to_string(path);
        let text = read.map_err(Stopped::io(format!("cannot read {}", path.display())))?;
        self.add(path, text);
        Ok(())
    }

    fn add(&mut self, path: &Path, text: String) {
        let name = path.display().to_string().replace('\\', "/");
        let file = PolicyFile { name, text };
        match FileKind::of(&file.name) {
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
    pub(crate) fn policy_of(&self, file: &str) -> Option<&PolicyFile> {
        self.policies.iter().find(|policy| policy.name == file)
    }

    /// The test file of the policy in `file`.
    pub(crate) fn test_of(&self, file: &str) -> Option<&PolicyFile> {
        let name = format!("{}.test.yaml", file.strip_suffix(".cel").unwrap_or(file));
        self.tests.iter().find(|test| test.name == name)
    }

    /// The texts of all files, for reports.
    pub(crate) fn texts(&self) -> Texts {
        let files = self.policies.iter().chain(&self.functions).chain(&self.tests);
        let files = files.chain(&self.settings).chain(&self.waivers).chain(&self.frameworks);
        files.map(|file| (file.name.clone(), file.text.clone())).collect()
    }

    /// The compiled policies, or everything that is wrong with them.
    pub(crate) fn compile(&self) -> Result<PolicySet, Vec<Diagnostic>> {
        PolicySet::load(&self.policies, self.functions.as_ref())?.with_settings(&self.settings)
    }

    /// The same, of policies that can be watched.
    pub(crate) fn compile_watched(&self) -> Result<PolicySet, Vec<Diagnostic>> {
        let set = PolicySet::load_with(&self.policies, self.functions.as_ref(), WATCH)?;
        set.with_settings(&self.settings)
    }

    /// The errors in what compiles: names that AWS does not have, types, cases, waivers.
    pub(crate) fn wrong(&self, set: &PolicySet) -> Vec<Diagnostic> {
        let mut wrong = self.lint(set, None);
        wrong.retain(|one| one.level == Level::Error);
        wrong
    }

    /// Everything that is odd about what compiles, with what cases do not reach.
    pub(crate) fn lint(
        &self,
        set: &PolicySet,
        uncovered: Option<Vec<Diagnostic>>,
    ) -> Vec<Diagnostic> {
        let remediators: Vec<Remediator<'_>> = CATALOG.iter().map(remediator).collect();
        let linted = lint(set, &remediators, uncovered);
        [linted, self.wrong_cases(set), self.wrong_waivers(set), self.wrong_controls(set)].concat()
    }

    /// What is wrong with the frameworks, and with the controls that policies name.
    fn wrong_controls(&self, set: &PolicySet) -> Vec<Diagnostic> {
        match self.read_frameworks() {
            Ok(frameworks) => frameworks::lint(set, &frameworks),
            Err(wrong) => wrong,
        }
    }

    /// The frameworks whose controls are listed: those of the files, and those that the program carries.
    pub(crate) fn read_frameworks(&self) -> Result<Vec<Framework>, Vec<Diagnostic>> {
        let mut shipped = Library::default();
        shipped.shipped(&LIBRARY);
        let name = |file: &PolicyFile| file.name.rsplit('/').next().unwrap_or_default().to_owned();
        let own: Vec<String> = self.frameworks.iter().map(name).collect();
        let shipped = shipped.frameworks.iter().filter(|file| !own.contains(&name(file)));
        let (mut frameworks, mut wrong) = (Vec::new(), Vec::new());
        for file in self.frameworks.iter().chain(shipped) {
            match frameworks::read(&file.name, &file.text) {
                Ok(framework) => frameworks.push(framework),
                Err(error) => wrong.push(error),
            }
        }
        frameworks.sort_by(|a, b| a.name.cmp(&b.name));
        if wrong.is_empty() { Ok(frameworks) } else { Err(wrong) }
    }

    /// What is wrong with the test files of policies that are right.
    fn wrong_cases(&self, set: &PolicySet) -> Vec<Diagnostic> {
        let wrong = |policy: &Policy| {
            let test = self.test_of(&policy.file)?;
            read_cases(&test.name, &test.text, policy).err()
        };
        set.policies().iter().filter_map(wrong).flatten().collect()
    }

    /// What is wrong with the waivers.
    fn wrong_waivers(&self, set: &PolicySet) -> Vec<Diagnostic> {
        let wrong = |file: &PolicyFile| Waivers::load(&file.name, &file.text, set).err();
        self.waivers.iter().filter_map(wrong).flatten().collect()
    }

    /// The compiled policies; shows what is wrong with them.
    pub(crate) fn load(&self) -> Result<PolicySet, Stopped> {
        self.usable(self.compile())
    }

    /// The same, of policies that can be watched.
    pub(crate) fn load_watched(&self) -> Result<PolicySet, Stopped> {
        self.usable(self.compile_watched())
    }

    fn usable(&self, compiled: Result<PolicySet, Vec<Diagnostic>>) -> Result<PolicySet, Stopped> {
        compiled.map_err(|wrong| {
            show(&wrong, &self.texts());
            let files = if wrong.len() == 1 { "1 problem" } else { "several problems" };
            Stopped::Wrong(format!("the policies cannot be used: {files}"))
        })
    }
}

fn is_ours(path: &Path) -> bool {
    FileKind::of(&path.to_string_lossy()).is_some()
}

/// What a policy's header may say of a remediator.
fn remediator(entry: &Entry) -> Remediator<'_> {
    let RemediatorSpec { id, with, tier, check, .. } = entry.spec;
    let accepts = |kind: &str, patch: &_, actions: &[String]| match ResourceType::find(kind) {
        Some(kind) => Ok(kind.accepts(patch, actions)?),
        None => Err("Cloud Control cannot update resources of this type".into()),
    };
    Remediator { id, with, tier, check, accepts }
}
