//! Whether a policy's cases would notice if the policy were another.

use evenkeel_rules::engine::Functions;
use evenkeel_rules::policy::{Mutant, Policy, PolicyFile};
use evenkeel_rules::{Case, Diagnostic};

/// What a policy's cases noticed.
#[derive(Debug, Default)]
pub struct Score {
    /// How many changes were tried.
    pub tried: usize,
    /// The changes that no case noticed.
    pub alive: Vec<Mutant>,
}

/// Changes a policy, each change alone, and runs its cases, which pass without one. Its work belongs on a
/// [large stack](evenkeel_rules::engine::on_large_stack).
///
/// # Errors
/// Whatever is wrong with the policy.
pub fn score(
    file: &PolicyFile,
    functions: &Functions,
    cases: &[Case],
) -> Result<Score, Diagnostic> {
    let mut score = Score::default();
    for mutant in Mutant::all(file, functions)? {
        // What does not compile needs no case.
        let Some(policy) = mutant.policy(file, functions) else { continue };
        score.tried = score.tried.saturating_add(1);
        if !cases.iter().any(|case| notices(case, &policy)) {
            score.alive.push(mutant);
        }
    }
    Ok(score)
}

fn notices(case: &Case, policy: &Policy) -> bool {
    case.run(policy).map_or(true, |differences| !differences.is_empty())
}
