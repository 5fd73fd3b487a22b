//! Whether a policy's cases would notice if the policy were another.

mod mutator;

use evenkeel_engine::Functions;
use evenkeel_rules::policy::{Policy, PolicyFile};
use evenkeel_rules::{Case, Diagnostic};
use mutator::{Mutation, Mutator};
use std::ops::Range;

/// A change of a policy that its cases should notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// What is changed, in a few words.
    pub what: String,
    /// Where, in bytes of the policy's file.
    pub span: Range<usize>,
    number: usize,
}

impl Mutant {
    /// Every change that can be made to what decides whether a policy finds something.
    ///
    /// # Errors
    /// Whatever is wrong with the policy.
    pub fn all(file: &PolicyFile, functions: &Functions) -> Result<Vec<Mutant>, Diagnostic> {
        let mutator = Mutator::default();
        let policy = Policy::load_with(file, functions, &[&mutator])?;
        let deciding = policy.body.sources();
        let numbered = mutator.into_found().into_iter().enumerate();
        let mutant = |(number, Mutation { what, source, span })| Mutant {
            what,
            span: policy.span_of(source, &span),
            number,
        };
        Ok(numbered.filter(|(_, one)| deciding.contains(&one.source)).map(mutant).collect())
    }

    /// The changed policy; none where the change makes it one that does not compile.
    pub fn policy(&self, file: &PolicyFile, functions: &Functions) -> Option<Policy> {
        Policy::load_with(file, functions, &[&Mutator::making(self.number)]).ok()
    }
}

/// What a policy's cases noticed.
#[derive(Debug, Default)]
pub struct Score {
    /// How many changes were tried.
    pub tried: usize,
    /// The changes that no case noticed.
    pub alive: Vec<Mutant>,
}

/// Changes a policy, each change alone, and runs its cases, which pass without one. Its work belongs on a
/// [large stack](evenkeel_engine::on_large_stack).
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
