//! The set of policies that are evaluated together.

use super::compiled_policy::Policy;
use super::event_index::PolicyIndex;
use super::policy_file::PolicyFile;
use crate::diagnostic::Diagnostic;
use evenkeel_engine::{AstPass, CelError, FunctionSet, FunctionSetError, on_large_stack};

/// A set of compiled policies, indexed by the events and the resource types that they match.
///
/// ```
/// use evenkeel_rules::policy::{PolicyFile, PolicySet};
///
/// let policy = PolicyFile {
///     name: "s3/s3-bucket-policy-deleted.cel".to_owned(),
///     text: r#"// METADATA
/// // title: S3 bucket policy was deleted
/// // description: Denials in the policy no longer apply.
/// // severity: MEDIUM
/// // match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketPolicy}
/// // resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
/// // message: "The policy of S3 bucket {{resource.id}} was deleted"
///
/// true
/// "#
///     .to_owned(),
/// };
/// let set = PolicySet::compile_files(&[policy], None).expect("the policy is valid");
/// assert_eq!(set.policies_for_event("s3.amazonaws.com", "DeleteBucketPolicy"), [0]);
/// assert!(set.find_policy("s3-bucket-policy-deleted").is_some());
///
/// let broken = PolicyFile { name: "broken.cel".to_owned(), text: "true".to_owned() };
/// let errors = PolicySet::compile_files(&[broken], None).expect_err("the header is missing");
/// assert_eq!(errors[0].message, "line 1 must be `// METADATA`");
/// ```
#[derive(Debug, Default)]
pub struct PolicySet {
    policies: Vec<Policy>,
    functions: FunctionSet,
    index: PolicyIndex,
}

impl PolicySet {
    /// Compiles policies. `functions` is the file with the functions of the organization, which the
    /// policies may call.
    ///
    /// # Errors
    /// Returns a diagnostic for each file that is not valid, and for each id that occurs twice.
    pub fn compile_files(
        files: &[PolicyFile],
        functions: Option<&PolicyFile>,
    ) -> Result<PolicySet, Vec<Diagnostic>> {
        Self::compile_with_passes(files, functions, &[])
    }

    /// Compiles policies as [`PolicySet::compile_files`] does, and runs `passes` on the syntax tree
    /// of each expression.
    ///
    /// # Errors
    /// Returns a diagnostic for each file that is not valid, and for each id that occurs twice.
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
                let message = format!("policy `{}` is already defined in `{}`", b.id, a.file);
                errors.push(Diagnostic::new_error("duplicate", &b.file, 0..0, message));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let index = PolicyIndex::new(&policies);
        Ok(PolicySet { policies, functions, index })
    }

    /// Removes the policies for which `keep` returns false.
    #[must_use]
    pub fn retain_policies(self, keep: impl Fn(&Policy) -> bool) -> PolicySet {
        let policies: Vec<Policy> = self.policies.into_iter().filter(|p| keep(p)).collect();
        let index = PolicyIndex::new(&policies);
        PolicySet { policies, index, ..self }
    }

    /// Returns the policies in the order of their ids.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Returns the policy with this id.
    pub fn find_policy(&self, id: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.id == id)
    }

    pub(super) fn find_policy_mut(&mut self, id: &str) -> Option<&mut Policy> {
        self.policies.iter_mut().find(|policy| policy.id == id)
    }

    /// Returns the functions of the organization.
    pub fn organization_functions(&self) -> &FunctionSet {
        &self.functions
    }

    /// Returns whether a policy matches events with this name, from any source. An API version at
    /// the end of the name is ignored.
    pub fn watches_event_name(&self, name: &str) -> bool {
        self.index.has_event_name(name)
    }

    /// Returns the indexes of the policies that match events with this source and name, in
    /// ascending order. An API version at the end of the name is ignored.
    pub fn policies_for_event(&self, source: &str, name: &str) -> Vec<usize> {
        self.index.policies_for_event(source, name)
    }

    /// Returns the types of the callers whose events policies for every name match: an empty list if
    /// there is no such policy, and `None` if such a policy matches every caller.
    pub(crate) fn any_name_identities(&self) -> Option<Vec<&str>> {
        self.index.any_name_identities()
    }

    /// Returns the indexes of the policies that match configuration items of this resource type, in
    /// ascending order.
    pub fn policies_for_resource(&self, kind: &str) -> &[usize] {
        self.index.policies_for_resource(kind)
    }
}

/// The number of policies that one thread compiles at least, before another thread starts.
const MIN_POLICIES_PER_THREAD: usize = 32;
/// The maximum number of threads that compile policies.
const MAX_THREADS: usize = 8;

/// Compiles policies. If there are more than [`MIN_POLICIES_PER_THREAD`], several threads share the
/// work. Returns one result for each file, in the order of the files.
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
