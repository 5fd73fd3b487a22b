//! What is probably wrong with a policy that compiles: names that AWS does not have, types, what is never used.

mod allow_comments;
mod codes;
mod constant_conditions;
mod duplicates;
mod events;
mod regex_and_loops;
mod remediation;
#[cfg(test)]
mod tests;
pub(crate) mod type_check;
mod unused;

pub use codes::{CODES, DiagnosticCode};

use evenkeel_engine::{CelError, on_large_stack};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, PolicySet, SafetyTier};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;

/// What a policy's header may say of a remediator.
#[derive(Clone, Copy, Debug)]
pub struct RemediatorSummary<'a> {
    /// Its name.
    pub id: &'a str,
    /// What it may be told.
    pub with: &'a [&'a str],
    /// How safe it is; none where the policy says what is repaired, with `tier` and `patch`.
    pub tier: Option<SafetyTier>,
    /// What it asks of the world before it writes anything.
    pub precondition: Option<&'a str>,
    /// Why a patch of resources of a type is none that it could apply.
    pub patch_check: PatchCheck,
}

/// Whether a patch can be applied to resources of a type by some IAM actions, and why not.
pub type PatchCheck = fn(
    &str,
    &serde_json::Map<String, serde_json::Value>,
    &[String],
) -> Result<(), Box<dyn std::error::Error>>;

/// What is wrong with policies, in their order and in each by position. `uncovered` is what their cases do not reach;
/// none, where nobody looked.
///
/// A comment `// lint: allow CODE reason` in the file lets findings of that code pass; one without a reason does not.
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
    let (mut found, deciding): (Vec<Vec<Diagnostic>>, Vec<String>) = policies.into_iter().unzip();
    let looked = uncovered.is_some();
    let mut others: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    for one in
        duplicates::lint_duplicates(set, &deciding).into_iter().chain(uncovered.unwrap_or_default())
    {
        others.entry(one.file.clone()).or_default().push(one);
    }
    let mut all = Vec::new();
    for (policy, found) in set.policies().iter().zip(&mut found) {
        found.extend(others.remove(&policy.file).unwrap_or_default());
        allow_comments::apply_allow_comments(&policy.file, policy.file_text(), looked, found);
        found.sort_by_key(|one| one.span.start);
        all.append(found);
    }
    all
}

/// What is wrong with one policy by itself, and what decides in it.
fn lint_policy(
    policy: &Policy,
    set: &PolicySet,
    remediators: &[RemediatorSummary<'_>],
) -> (Vec<Diagnostic>, String) {
    let expressions = type_check::parse_expressions(policy);
    let found = [
        events::lint_events(policy),
        type_check::lint_types(policy, set.organization_functions(), &expressions),
        unused::lint_unused(policy, &expressions),
        constant_conditions::lint_constant_conditions(policy, &expressions),
        regex_and_loops::lint_regex_and_loops(policy, &expressions),
        remediation::lint_remediation(policy, remediators),
    ];
    (found.concat(), duplicates::canonicalize_logic(policy, &expressions))
}

/// What `work` makes of each policy, in their order; several threads share the work, each with a stack for the
/// deepest expression that compiles.
///
/// # Errors
/// When no thread can be started, or `work` panics.
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

/// Where a word stands in a policy's file: as a whole, behind a part of the header.
pub(crate) fn locate_word(text: &str, behind: &str, word: &str) -> Range<usize> {
    let start = text.find(behind).unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let mut places = text.match_indices(word).filter(|(at, _)| {
        let before = text.get(..*at).and_then(|text| text.chars().next_back());
        let after = text.get(at.saturating_add(word.len())..).and_then(|text| text.chars().next());
        *at >= start && !before.is_some_and(is_part) && !after.is_some_and(is_part)
    });
    let at = places.next().map_or(start, |(at, _)| at);
    at..at.saturating_add(word.len()).min(text.len())
}
