//! All policies that judge together.

use super::compiled_policy::Policy;
use super::event_index::PolicyIndex;
use super::policy_file::PolicyFile;
use crate::diagnostic::Diagnostic;
use evenkeel_engine::{AstPass, CelError, FunctionSet, FunctionSetError, on_large_stack};

/// A set of policies, indexed by the events they want.
#[derive(Debug, Default)]
pub struct PolicySet {
    policies: Vec<Policy>,
    functions: FunctionSet,
    index: PolicyIndex,
}

impl PolicySet {
    /// Reads and compiles policies, and the organisation's functions that they may call.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files.
    pub fn compile_files(
        files: &[PolicyFile],
        functions: Option<&PolicyFile>,
    ) -> Result<PolicySet, Vec<Diagnostic>> {
        Self::compile_with_passes(files, functions, &[])
    }

    /// The same; these passes see each expression of each policy.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files.
    pub fn compile_with_passes(
        files: &[PolicyFile],
        functions: Option<&PolicyFile>,
        passes: &[&dyn AstPass],
    ) -> Result<PolicySet, Vec<Diagnostic>> {
        let functions = match functions {
            Some(file) => on_large_stack(|| FunctionSet::parse_yaml(&file.text))
                .map_err(internal_error)?
                .map_err(|error| vec![functions_diagnostic(file, &error)])?,
            None => FunctionSet::default(),
        };
        let (mut policies, mut errors) = (Vec::new(), Vec::new());
        for loaded in compile_all(files, &functions, passes)? {
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
                errors.push(Diagnostic::new_error("duplicate", &b.file, 0..0, message));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let index = PolicyIndex::new(&policies);
        Ok(PolicySet { policies, functions, index })
    }

    /// Keeps the policies that `keep` wants.
    #[must_use]
    pub fn retain_policies(self, keep: impl Fn(&Policy) -> bool) -> PolicySet {
        let policies: Vec<Policy> = self.policies.into_iter().filter(|p| keep(p)).collect();
        let index = PolicyIndex::new(&policies);
        PolicySet { policies, index, ..self }
    }

    /// The policies, in the order of their ids.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The policy `id`.
    pub fn find_policy(&self, id: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.id == id)
    }

    pub(super) fn find_policy_mut(&mut self, id: &str) -> Option<&mut Policy> {
        self.policies.iter_mut().find(|policy| policy.id == id)
    }

    /// The organisation's functions.
    pub fn organization_functions(&self) -> &FunctionSet {
        &self.functions
    }

    /// Whether some policy wants events of this name, whatever their source.
    pub fn watches_event_name(&self, name: &str) -> bool {
        self.index.has_event_name(name)
    }

    /// The numbers of the policies that want events of this source and name, in order.
    pub fn policies_for_event(&self, source: &str, name: &str) -> Vec<usize> {
        self.index.policies_for_event(source, name)
    }

    /// The numbers of the policies that judge configuration items of this resource type, in order.
    pub fn policies_for_resource(&self, kind: &str) -> &[usize] {
        self.index.policies_for_resource(kind)
    }
}

/// How many policies are worth a thread, and how many threads there are at most.
const MIN_POLICIES_PER_THREAD: usize = 32;
const MAX_THREADS: usize = 8;

/// Compiles policies, many of them on several threads; what comes of each, in their order.
fn compile_all(
    files: &[PolicyFile],
    functions: &FunctionSet,
    passes: &[&dyn AstPass],
) -> Result<Vec<Result<Policy, Diagnostic>>, Vec<Diagnostic>> {
    let chunk = files.len().div_ceil(MAX_THREADS).max(MIN_POLICIES_PER_THREAD);
    let load = |files: &[PolicyFile]| {
        let load = || {
            let load = |file| Policy::compile_with_passes(file, functions, passes);
            files.iter().map(load).collect::<Vec<_>>()
        };
        on_large_stack(load).map_err(internal_error)
    };
    std::thread::scope(|threads| {
        let threads: Vec<_> =
            files.chunks(chunk).map(|files| threads.spawn(move || load(files))).collect();
        let mut loaded = Vec::with_capacity(files.len());
        for thread in threads {
            let panicked =
                || internal_error(CelError::internal_error("the compiler panicked".to_owned()));
            loaded.extend(thread.join().map_err(|_| panicked())??);
        }
        Ok(loaded)
    })
}

fn internal_error(failure: CelError) -> Vec<Diagnostic> {
    vec![Diagnostic::new_error("internal", "", 0..0, failure.message)]
}

fn functions_diagnostic(file: &PolicyFile, error: &FunctionSetError) -> Diagnostic {
    match error {
        FunctionSetError::Yaml(yaml) => {
            Diagnostic::from_yaml_error("functions", &file.name, &file.text, yaml)
        }
        FunctionSetError::Signature(signature) | FunctionSetError::Body { signature, .. } => {
            let at = file.text.find(signature.as_str()).unwrap_or_default();
            let span = at..at.saturating_add(signature.len()).min(file.text.len());
            let help = match error {
                FunctionSetError::Body { failure, .. } => failure.help.clone(),
                FunctionSetError::Yaml(_) | FunctionSetError::Signature(_) => None,
            };
            Diagnostic::new_error("functions", &file.name, span, error.to_string()).with_help(help)
        }
    }
}
