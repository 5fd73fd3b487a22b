//! Runs mutation tests of policies. Each test changes one detail of a policy and checks that a case
//! fails.

mod mutation_pass;

use evenkeel_engine::{CompiledExpression, FunctionSet};
use evenkeel_rules::policy::{Policy, PolicyFile};
use evenkeel_rules::{Diagnostic, PolicyCase};
use mutation_pass::{ExpressionMutation, MutationPass};
use std::ops::Range;

/// A change of a policy that at least one of its cases should detect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyMutant {
    /// A short description of the change, such as "removing `!`".
    pub description: String,
    /// The position of the change, in bytes of the policy's file.
    pub span: Range<usize>,
    number: usize,
}

impl PolicyMutant {
    /// Returns all changes of the body of a policy, including the variables that it uses.
    ///
    /// # Errors
    /// The [`Diagnostic`] of the first error in the policy.
    pub fn list_mutants(
        file: &PolicyFile,
        functions: &FunctionSet,
    ) -> Result<Vec<PolicyMutant>, Diagnostic> {
        let mutator = MutationPass::default();
        let policy = Policy::compile_with_passes(file, functions, &[&mutator])?;
        let mut deciding = policy.body.source_numbers();
        deciding.extend(
            policy.resource_list().map(CompiledExpression::source_numbers).unwrap_or_default(),
        );
        let numbered = mutator.into_mutations().into_iter().enumerate();
        let mutant = |(number, mutation): (usize, ExpressionMutation)| {
            let span = policy.file_span(mutation.source, &mutation.span);
            PolicyMutant { description: mutation.description, span, number }
        };
        Ok(numbered.filter(|(_, one)| deciding.contains(&one.source)).map(mutant).collect())
    }

    /// Returns the changed policy, or `None` if it does not compile.
    pub fn build_policy(&self, file: &PolicyFile, functions: &FunctionSet) -> Option<Policy> {
        Policy::compile_with_passes(file, functions, &[&MutationPass::with_target(self.number)])
            .ok()
    }
}

/// The result of the mutation tests of a policy.
#[derive(Debug, Default)]
pub struct MutationScore {
    /// The number of changes that were tested.
    pub tried_count: usize,
    /// The changes that no case detected.
    pub survivors: Vec<PolicyMutant>,
}

/// Applies each change of a policy alone, and runs the cases of the policy.
///
/// All cases must pass for the unchanged policy. Deep expressions need a
/// [large stack](evenkeel_engine::on_large_stack).
///
/// ```
/// use evenkeel_authoring::mutation::score_cases;
/// use evenkeel_engine::on_large_stack;
/// use evenkeel_rules::policy::{PolicyFile, PolicySet};
/// use evenkeel_rules::read_cases;
///
/// let text = "// METADATA
/// // title: RDS instance is public
/// // description: The Internet can reach the instance.
/// // severity: HIGH
/// // match: {eventSource: rds.amazonaws.com, eventName: CreateDBInstance}
/// // resource: {type: AWS::RDS::DBInstance, id: request.dBInstanceIdentifier}
/// // message: RDS instance {{resource.id}} is public
///
/// request.?publiclyAccessible.orValue(false)
/// ";
/// let cases = "
/// base:
///   create:
///     eventSource: rds.amazonaws.com
///     eventName: CreateDBInstance
///     requestParameters: {dBInstanceIdentifier: orders, publiclyAccessible: true}
/// cases:
///   - {name: public, expect: NON_COMPLIANT}
/// ";
/// let file = PolicyFile { name: "rds-public.cel".to_owned(), text: text.to_owned() };
/// let set = PolicySet::compile_files(&[file.clone()], None).unwrap();
/// let cases = read_cases("rds-public.test.yaml", cases, &set.policies()[0]).unwrap();
///
/// let score = on_large_stack(|| score_cases(&file, set.organization_functions(), &cases));
/// let score = score.unwrap().unwrap();
/// assert_eq!(score.survivors[0].description, "removing `.orValue(false)`");
/// ```
///
/// # Errors
/// The [`Diagnostic`] of the first error in the policy.
pub fn score_cases(
    file: &PolicyFile,
    functions: &FunctionSet,
    cases: &[PolicyCase],
) -> Result<MutationScore, Diagnostic> {
    let mut score = MutationScore::default();
    for mutant in PolicyMutant::list_mutants(file, functions)? {
        // A change that does not compile is not counted: the compiler detects it, so no case has
        // to.
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
