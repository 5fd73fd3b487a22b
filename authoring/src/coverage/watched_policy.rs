//! A policy whose expressions record the values of their parts during an evaluation.

use super::expression_parts::{ExpressionPart, PartObservations, WatchPass, collect_parts};
use evenkeel_engine::{AstPass, record_observations};
use evenkeel_rules::policy::Policy;
use std::collections::BTreeSet;
use std::ops::Range;

/// The compiler passes that instrument a policy, for
/// [`PolicySet::compile_with_passes`](evenkeel_rules::policy::PolicySet::compile_with_passes).
pub const WATCH_PASSES: &[&dyn AstPass] = &[&WatchPass];

/// An instrumented policy. Each evaluation records the values of the parts of its expressions.
#[derive(Debug)]
pub struct WatchedPolicy<'p> {
    policy: &'p Policy,
    parts: Vec<ExpressionPart>,
}

/// A condition of a policy, with the results that it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveredCondition {
    /// The position of the condition, in bytes of the policy's file.
    pub span: Range<usize>,
    /// True if the condition was true at least once.
    pub was_true: bool,
    /// True if the condition was false at least once.
    pub was_false: bool,
}

impl<'p> WatchedPolicy<'p> {
    /// Creates the instrumented view of a policy that was compiled with [`WATCH_PASSES`]. Any other
    /// policy has no parts.
    pub fn new(policy: &'p Policy) -> Self {
        // The list of the resources is not a condition, but conditions within it are.
        let list = policy.resource_list().into_iter();
        let mut parts: Vec<ExpressionPart> =
            list.flat_map(|list| collect_parts(list, &policy.sources, false)).collect();
        parts.extend(collect_parts(&policy.body, &policy.sources, true));
        WatchedPolicy { policy, parts }
    }

    /// Calls `work` with the policy, and returns its result and the values of the parts that were
    /// evaluated.
    pub fn run_watched<T>(&self, work: impl FnOnce(&Policy) -> T) -> (T, PartObservations) {
        let (done, values) = record_observations(|| work(self.policy));
        (done, PartObservations(values))
    }

    /// Returns the outermost parts of the body.
    pub fn body_parts(&self) -> &[ExpressionPart] {
        &self.parts
    }

    /// Returns the position of a part, in bytes of the policy's file.
    pub fn part_span(&self, part: &ExpressionPart) -> Range<usize> {
        self.policy.file_span(part.source, &part.span)
    }

    /// Returns each condition of the body once, with the results that it had in these evaluations.
    pub fn collect_conditions(&self, observations: &[PartObservations]) -> Vec<CoveredCondition> {
        let (mut all, mut visited) = (Vec::new(), BTreeSet::new());
        for part in &self.parts {
            self.gather_conditions(part, observations, &mut visited, &mut all);
        }
        all.sort_by_key(|condition: &CoveredCondition| (condition.span.start, condition.span.end));
        all
    }

    fn gather_conditions(
        &self,
        part: &ExpressionPart,
        observations: &[PartObservations],
        visited: &mut BTreeSet<(usize, usize, usize)>,
        all: &mut Vec<CoveredCondition>,
    ) {
        // If the body uses a variable twice, its conditions appear twice among the parts.
        if part.is_condition && visited.insert((part.source, part.span.start, part.span.end)) {
            let mut values = observations.iter().flat_map(|one| one.part_values(part));
            let as_bool = |value: &serde_json::Value| {
                value.as_bool().or_else(|| value.as_array().map(|list| !list.is_empty()))
            };
            let results: Vec<bool> = values.by_ref().filter_map(as_bool).collect();
            all.push(CoveredCondition {
                span: self.part_span(part),
                was_true: results.contains(&true),
                was_false: results.contains(&false),
            });
        }
        for inner in &part.parts {
            self.gather_conditions(inner, observations, visited, all);
        }
    }
}
