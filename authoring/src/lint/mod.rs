//! What is probably wrong with a policy that compiles: names that AWS does not have, types, what is never used.

mod allowed;
mod codes;
mod dead;
mod duplicates;
mod events;
mod patterns;
mod repair;
mod typed;
mod unused;

pub use codes::{CODES, Code};

use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::PolicySet;
use std::collections::BTreeMap;

/// What a policy's header may say of a remediator.
#[derive(Clone, Copy, Debug)]
pub struct Remediator<'a> {
    /// Its name.
    pub id: &'a str,
    /// What it may be told.
    pub with: &'a [&'a str],
}

/// What is wrong with policies, in their order and in each by position; `more` is what was found besides.
///
/// A comment `// lint: allow CODE reason` in the file lets findings of that code pass; one without a reason does not.
pub fn lint(
    set: &PolicySet,
    remediators: &[Remediator<'_>],
    more: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let mut others: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    for one in duplicates::lint(set).into_iter().chain(more) {
        others.entry(one.file.clone()).or_default().push(one);
    }
    let mut all = Vec::new();
    for policy in set.policies() {
        let expressions = typed::expressions(policy);
        let mut found = [
            events::lint(policy),
            typed::lint(policy, set.functions(), &expressions),
            unused::lint(policy, &expressions),
            dead::lint(policy, &expressions),
            patterns::lint(policy, &expressions),
            repair::lint(policy, remediators),
            others.remove(&policy.file).unwrap_or_default(),
        ]
        .concat();
        allowed::sort(&policy.file, policy.text(), &mut found);
        found.sort_by_key(|one| one.span.start);
        all.append(&mut found);
    }
    all.extend(others.into_values().flatten());
    all
}
