//! All policies that judge together.

use super::file::PolicyFile;
use super::index::Index;
use super::load::Policy;
use crate::diagnostic::Diagnostic;
use evenkeel_engine::{AstPass, Failure, Functions, FunctionsError, on_large_stack};

/// A set of policies, indexed by the events they want.
#[derive(Debug, Default)]
pub struct PolicySet {
    policies: Vec<Policy>,
    functions: Functions,
    index: Index,
}

impl PolicySet {
    /// Reads and compiles policies, and the organisation's functions that they may call.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files.
    pub fn load(
        files: &[PolicyFile],
        functions: Option<&PolicyFile>,
    ) -> Result<PolicySet, Vec<Diagnostic>> {
        Self::load_with(files, functions, &[])
    }

    /// The same; these passes see each expression of each policy.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files.
    pub fn load_with(
        files: &[PolicyFile],
        functions: Option<&PolicyFile>,
        passes: &[&dyn AstPass],
    ) -> Result<PolicySet, Vec<Diagnostic>> {
        let functions = match functions {
            Some(file) => on_large_stack(|| Functions::parse(&file.text))
                .map_err(internal)?
                .map_err(|error| vec![wrong(file, &error)])?,
            None => Functions::default(),
        };
        let (mut policies, mut errors) = (Vec::new(), Vec::new());
        for loaded in load_all(files, &functions, passes)? {
            match loaded {
                Ok(policy) => policies.push(policy),
                Err(error) => errors.push(error),
            }
        }
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        for pair in policies.windows(2) {
            if let [a, b] = pair
                && a.id == b.id
            {
                let message = format!("a policy `{}` is also in `{}`", b.id, a.file);
                errors.push(Diagnostic::error("duplicate", &b.file, 0..0, message));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let index = Index::new(&policies);
        Ok(PolicySet { policies, functions, index })
    }

    /// Keeps the policies that `keep` wants.
    #[must_use]
    pub fn filtered(self, keep: impl Fn(&Policy) -> bool) -> PolicySet {
        let policies: Vec<Policy> = self.policies.into_iter().filter(|p| keep(p)).collect();
        let index = Index::new(&policies);
        PolicySet { policies, index, ..self }
    }

    /// The policies, in the order of their ids.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The policy `id`.
    pub fn get(&self, id: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.id == id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Policy> {
        self.policies.iter_mut().find(|policy| policy.id == id)
    }

    /// The organisation's functions.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// Whether some policy wants events of this name, whatever their source.
    pub fn knows_event_name(&self, name: &str) -> bool {
        self.index.knows(name)
    }

    /// The numbers of the policies that want events of this source and name, in order.
    pub fn wanted(&self, source: &str, name: &str) -> Vec<usize> {
        self.index.wanted(source, name)
    }

    /// The numbers of the policies that judge configuration items of this resource type, in order.
    pub fn wanted_resource(&self, kind: &str) -> &[usize] {
        self.index.for_resource(kind)
    }
}

/// How many policies are worth a thread, and how many threads there are at most.
const WORTH_A_THREAD: usize = 32;
const THREADS: usize = 8;

/// Compiles policies, many of them on several threads; what comes of each, in their order.
fn load_all(
    files: &[PolicyFile],
    functions: &Functions,
    passes: &[&dyn AstPass],
) -> Result<Vec<Result<Policy, Diagnostic>>, Vec<Diagnostic>> {
    let chunk = files.len().div_ceil(THREADS).max(WORTH_A_THREAD);
    let load = |files: &[PolicyFile]| {
        let load = || {
            let load = |file| Policy::load_with(file, functions, passes);
            files.iter().map(load).collect::<Vec<_>>()
        };
        on_large_stack(load).map_err(internal)
    };
    std::thread::scope(|threads| {
        let threads: Vec<_> =
            files.chunks(chunk).map(|files| threads.spawn(move || load(files))).collect();
        let mut loaded = Vec::with_capacity(files.len());
        for thread in threads {
            let panicked = || internal(Failure::internal("the compiler panicked".to_owned()));
            loaded.extend(thread.join().map_err(|_| panicked())??);
        }
        Ok(loaded)
    })
}

fn internal(failure: Failure) -> Vec<Diagnostic> {
    vec![Diagnostic::error("internal", "", 0..0, failure.message)]
}

fn wrong(file: &PolicyFile, error: &FunctionsError) -> Diagnostic {
    match error {
        FunctionsError::Yaml(yaml) => Diagnostic::yaml("functions", &file.name, &file.text, yaml),
        FunctionsError::Signature(signature) | FunctionsError::Body { signature, .. } => {
            let at = file.text.find(signature.as_str()).unwrap_or_default();
            let span = at..at.saturating_add(signature.len()).min(file.text.len());
            let help = match error {
                FunctionsError::Body { failure, .. } => failure.help.clone(),
                FunctionsError::Yaml(_) | FunctionsError::Signature(_) => None,
            };
            Diagnostic::error("functions", &file.name, span, error.to_string()).with_help(help)
        }
    }
}
