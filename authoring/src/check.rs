//! Diagnostics for policies that compile, such as unknown event names, wrong types and unused
//! variables.

mod allow_comments;
mod codes;
mod constant_conditions;
mod defaults;
mod duplicates;
mod events;
mod line_breaks;
mod regex_and_loops;
mod remediation;
mod resource_types;
mod several_resources;
#[cfg(test)]
mod tests;
pub(crate) mod type_check;
mod unused;
pub(crate) mod unwatched_events;

pub use codes::{CODES, DiagnosticCode};

use evenkeel_engine::{CelError, on_large_stack};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, PolicySet, SafetyTier};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;

/// The properties of a remediator that a policy's header must respect.
#[derive(Clone, Copy, Debug)]
pub struct RemediatorSummary<'a> {
    /// The name that `remediation.run` uses.
    pub id: &'a str,
    /// The settings that `remediation.with` may contain.
    pub with: &'a [&'a str],
    /// The safety tier. `None` if the policy itself defines the change, with `tier` and `patch`.
    pub tier: Option<SafetyTier>,
    /// The condition that the remediator checks before it changes anything, if there is one.
    pub precondition: Option<&'a str>,
    /// The function that checks the `patch` of a policy.
    pub patch_check: PatchCheck,
    /// The function that returns the names that `checks` may contain for a CloudFormation type.
    pub check_names: fn(&str) -> Vec<&'static str>,
}

/// A function that checks a `patch`. Its arguments are the CloudFormation type, the patch and the
/// IAM actions of the header. It returns an error if the patch cannot be applied.
pub type PatchCheck = fn(
    &str,
    &serde_json::Map<String, serde_json::Value>,
    &[String],
) -> Result<(), Box<dyn std::error::Error>>;

/// Returns the diagnostics of all policies, in the order of the policies. The diagnostics of one
/// policy are in the order of their positions.
///
/// `uncovered` contains the warnings about conditions and events that no case covers, or `None` if
/// the caller did not run the cases.
///
/// A comment `// lint: allow CODE reason` in a policy removes the diagnostics with that code. A
/// comment without a reason, or without effect, is itself an error.
///
/// The documentation of the crate contains an example.
pub fn lint_policies(
    set: &PolicySet,
    remediators: &[RemediatorSummary<'_>],
    uncovered: Option<Vec<Diagnostic>>,
) -> Vec<Diagnostic> {
    let policies =
        match map_policies(set.policies(), &|policy| lint_policy(policy, set, remediators)) {
            Ok(policies) => policies,
            Err(failure) => {
                return vec![Diagnostic::new_error("internal", "", 0..0, failure.full_message())];
            }
        };
    let mut found = Vec::new();
    let (mut logic, mut settings) = (Vec::new(), Vec::new());
    for policy in policies {
        found.push(policy.diagnostics);
        logic.push(policy.logic);
        settings.push(policy.settings);
    }
    let cases_were_run = uncovered.is_some();
    let mut others: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    let of_set = [
        duplicates::lint_duplicates(set, &logic),
        unwatched_events::lint_unwatched_events(set, &settings),
        uncovered.unwrap_or_default(),
    ];
    for one in of_set.into_iter().flatten() {
        others.entry(one.file.clone()).or_default().push(one);
    }
    let mut all = Vec::new();
    for (policy, found) in set.policies().iter().zip(&mut found) {
        found.extend(others.remove(&policy.file).unwrap_or_default());
        let text = policy.file_text();
        allow_comments::apply_allow_comments(&policy.file, text, cases_were_run, found);
        found.sort_by_key(|one| one.span.start);
        all.append(found);
    }
    all
}

/// What the checks of one policy find, and what the checks of the set need.
struct LintedPolicy {
    diagnostics: Vec<Diagnostic>,
    /// The logic in canonical form.
    logic: String,
    /// The parameters of the request that the policy reads.
    settings: unwatched_events::ReadSettings,
}

fn lint_policy(
    policy: &Policy,
    set: &PolicySet,
    remediators: &[RemediatorSummary<'_>],
) -> LintedPolicy {
    let functions = set.organization_functions();
    let expressions = type_check::parse_expressions(policy);
    let found = [
        events::lint_events(policy),
        type_check::lint_types(policy, functions, &expressions),
        unused::lint_unused(policy, &expressions),
        constant_conditions::lint_constant_conditions(policy, &expressions),
        defaults::lint_defaults(policy, &expressions),
        line_breaks::lint_line_breaks(policy),
        regex_and_loops::lint_regex_and_loops(policy, &expressions),
        remediation::lint_remediation(policy, remediators),
        resource_types::lint_resource_types(policy),
        several_resources::lint_several_resources(policy, &expressions),
    ];
    LintedPolicy {
        diagnostics: found.concat(),
        logic: duplicates::canonicalize_logic(policy, &expressions),
        settings: unwatched_events::list_read_settings(policy, functions, &expressions),
    }
}

/// Calls `work` for each policy, and returns the results in the order of the policies.
///
/// Several threads share the work. The stack of each thread is large enough for the deepest
/// expression that compiles.
///
/// # Errors
/// [`CelError`] if a thread cannot be started, or if `work` panics.
pub fn map_policies<T: Send>(
    policies: &[Policy],
    work: &(dyn Fn(&Policy) -> T + Sync),
) -> Result<Vec<T>, CelError> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let chunk = policies.len().div_ceil(threads).max(16);
    std::thread::scope(|scope| {
        let start = |part| scope.spawn(move || on_large_stack(|| map_chunk(part, work)));
        let parts: Vec<_> = policies.chunks(chunk).map(start).collect();
        let mut all = Vec::with_capacity(policies.len());
        for part in parts {
            let panicked = |_| CelError::internal_error("a check panicked".to_owned());
            all.extend(part.join().map_err(panicked)??);
        }
        Ok(all)
    })
}

fn map_chunk<T>(policies: &[Policy], work: &dyn Fn(&Policy) -> T) -> Vec<T> {
    policies.iter().map(work).collect()
}

/// Returns the byte range of the first occurrence of `word`, as a whole word, after the text
/// `prefix` of a policy's header.
///
/// The range starts at `prefix` if the word does not occur after it.
pub(crate) fn locate_word(text: &str, prefix: &str, word: &str) -> Range<usize> {
    let start = text.find(prefix).unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let mut places = text.match_indices(word).filter(|(at, _)| {
        let before = text.get(..*at).and_then(|text| text.chars().next_back());
        let after = text.get(at.saturating_add(word.len())..).and_then(|text| text.chars().next());
        *at >= start && !before.is_some_and(is_part) && !after.is_some_and(is_part)
    });
    let at = places.next().map_or(start, |(at, _)| at);
    at..at.saturating_add(word.len()).min(text.len())
}
