//! What is probably wrong with a policy that compiles: names that AWS does not have.

mod allowed;
mod codes;
pub(crate) mod events;

pub use codes::{CODES, Code};

use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::PolicySet;

/// What is wrong with policies, in their order and in each by position.
///
/// A comment `// lint: allow CODE reason` in the file lets findings of that code pass; one without a reason does not.
pub fn lint(set: &PolicySet) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    for policy in set.policies() {
        let mut found = events::lint(policy);
        allowed::sort(&policy.file, policy.text(), &mut found);
        found.sort_by_key(|one| one.span.start);
        all.append(&mut found);
    }
    all
}
