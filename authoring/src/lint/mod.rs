//! What is probably wrong with a policy that compiles: names that AWS does not have, types, what is never used.

mod allowed;
mod codes;
mod dead;
mod duplicates;
mod events;
mod patterns;
mod repair;
pub(crate) mod typed;
mod unused;

pub use codes::{CODES, Code};

use evenkeel_rules::Diagnostic;
use evenkeel_rules::engine::on_large_stack;
use evenkeel_rules::policy::{Policy, PolicySet};
use std::collections::BTreeMap;
use std::num::NonZero;

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
    let policies = each(set.policies(), &|policy| one(policy, set, remediators));
    let (mut found, deciding): (Vec<Vec<Diagnostic>>, Vec<String>) = policies.into_iter().unzip();
    let mut others: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    for one in duplicates::lint(set, &deciding).into_iter().chain(more) {
        others.entry(one.file.clone()).or_default().push(one);
    }
    let mut all = Vec::new();
    for (policy, found) in set.policies().iter().zip(&mut found) {
        found.extend(others.remove(&policy.file).unwrap_or_default());
        allowed::sort(&policy.file, policy.text(), found);
        found.sort_by_key(|one| one.span.start);
        all.append(found);
    }
    all.extend(others.into_values().flatten());
    all
}

/// What is wrong with one policy by itself, and what decides in it.
fn one(
    policy: &Policy,
    set: &PolicySet,
    remediators: &[Remediator<'_>],
) -> (Vec<Diagnostic>, String) {
    let expressions = typed::expressions(policy);
    let found = [
        events::lint(policy),
        typed::lint(policy, set.functions(), &expressions),
        unused::lint(policy, &expressions),
        dead::lint(policy, &expressions),
        patterns::lint(policy, &expressions),
        repair::lint(policy, remediators),
    ];
    (found.concat(), duplicates::deciding(policy, &expressions))
}

/// What `work` makes of each policy, in their order; several threads share the work, each with a stack for the
/// deepest expression that compiles.
pub fn each<T: Send>(policies: &[Policy], work: &(dyn Fn(&Policy) -> T + Sync)) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let chunk = policies.len().div_ceil(threads).max(16);
    std::thread::scope(|scope| {
        let parts: Vec<_> = policies
            .chunks(chunk)
            .map(|part| {
                scope.spawn(move || on_large_stack(|| part.iter().map(work).collect::<Vec<T>>()))
            })
            .collect();
        // A thread that panicked is a defect, which is told by what is missing.
        parts.into_iter().filter_map(|part| part.join().ok()?.ok()).flatten().collect()
    })
}
