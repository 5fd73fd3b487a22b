//! Whether a policy's cases would notice if the policy were another.

mod mutation_pass;

use evenkeel_engine::FunctionSet;
use evenkeel_rules::policy::{Policy, PolicyFile};
use evenkeel_rules::{Diagnostic, PolicyCase};
use mutation_pass::{ExpressionMutation, MutationPass};
use std::ops::Range;

/// A change of a policy that its cases should notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyMutant {
    /// What is changed, in a few words.
    pub description: String,
    /// Where, in bytes of the policy's file.
    pub span: Range<usize>,
    number: usize,
}

impl PolicyMutant {
    /// Every change that can be made to what decides whether a policy finds something.
    ///
    /// # Errors
    /// Whatever is wrong with the policy.
    pub fn list_mutants(
        file: &PolicyFile,
        functions: &FunctionSet,
    ) -> Result<Vec<PolicyMutant>, Diagnostic> {
        let mutator = MutationPass::default();
        let policy = Policy::compile_with_passes(file, functions, &[&mutator])?;
        let deciding = policy.body.source_numbers();
        let numbered = mutator.into_mutations().into_iter().enumerate();
        let mutant = |(number, ExpressionMutation { description: what, source, span })| {
            PolicyMutant { description: what, span: policy.file_span(source, &span), number }
        };
        Ok(numbered.filter(|(_, one)| deciding.contains(&one.source)).map(mutant).collect())
    }

    /// The changed policy; none where the change makes it one that does not compile.
    pub fn build_policy(&self, file: &PolicyFile, functions: &FunctionSet) -> Option<Policy> {
        Policy::compile_with_passes(file, functions, &[&MutationPass::with_target(self.number)])
            .ok()
    }
}

/// What a policy's cases noticed.
#[derive(Debug, Default)]
pub struct MutationScore {
    /// How many changes were tried.
    pub tried_count: usize,
    /// The changes that no case noticed.
    pub survivors: Vec<PolicyMutant>,
}

/// Changes a policy, each change alone, and runs its cases, which pass without one. Its work belongs on a
/// [large stack](evenkeel_engine::on_large_stack).
///
/// # Errors
/// Whatever is wrong with the policy.
pub fn score_cases(
    file: &PolicyFile,
    functions: &FunctionSet,
    cases: &[PolicyCase],
) -> Result<MutationScore, Diagnostic> {
    let mut score = MutationScore::default();
    for mutant in PolicyMutant::list_mutants(file, functions)? {
        // What does not compile needs no case.
        let Some(policy) = mutant.build_policy(file, functions) else { continue };
        score.tried_count = score.tried_count.saturating_add(1);
        if !cases.iter().any(|case| detects_mutant(case, &policy)) {
            score.survivors.push(mutant);
        }
    }
    Ok(score)
}

fn detects_mutant(case: &PolicyCase, policy: &Policy) -> bool {
    case.run(policy).map_or(true, |differences| !differences.is_empty())
}
