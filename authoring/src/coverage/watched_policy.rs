//! A policy whose expressions tell what their parts were, while it is evaluated.

use super::expression_parts::{ExpressionPart, PartObservations, WatchPass, collect_parts};
use evenkeel_engine::{AstPass, record_observations};
use evenkeel_rules::policy::Policy;
use std::collections::BTreeSet;
use std::ops::Range;

/// The passes with which policies are loaded that are to be watched.
pub const WATCH_PASSES: &[&dyn AstPass] = &[&WatchPass];

/// A policy whose expressions tell what their parts were.
#[derive(Debug)]
pub struct WatchedPolicy<'p> {
    policy: &'p Policy,
    parts: Vec<ExpressionPart>,
}

/// A condition of a policy, and what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveredCondition {
    /// Where it stands, in bytes of the policy's file.
    pub span: Range<usize>,
    /// Whether it ever held.
    pub was_true: bool,
    /// Whether it ever did not.
    pub was_false: bool,
}

impl<'p> WatchedPolicy<'p> {
    /// A policy that was loaded with [`WATCH_PASSES`]; of another there is nothing to see.
    pub fn new(policy: &'p Policy) -> Self {
        WatchedPolicy { policy, parts: collect_parts(&policy.body, &policy.sources) }
    }

    /// Lets it judge something, and watches.
    pub fn run_watched<T>(&self, work: impl FnOnce(&Policy) -> T) -> (T, PartObservations) {
        let (done, values) = record_observations(|| work(self.policy));
        (done, PartObservations(values))
    }

    /// What the body is made of.
    pub fn body_parts(&self) -> &[ExpressionPart] {
        &self.parts
    }

    /// Where a part stands, in bytes of the policy's file.
    pub fn part_span(&self, part: &ExpressionPart) -> Range<usize> {
        self.policy.file_span(part.source, &part.span)
    }

    /// Each condition of the body, once, and what it was in these evaluations.
    pub fn collect_conditions(&self, sights: &[PartObservations]) -> Vec<CoveredCondition> {
        let (mut all, mut told) = (Vec::new(), BTreeSet::new());
        for part in &self.parts {
            self.gather_conditions(part, sights, &mut told, &mut all);
        }
        all.sort_by_key(|condition: &CoveredCondition| (condition.span.start, condition.span.end));
        all
    }

    fn gather_conditions(
        &self,
        part: &ExpressionPart,
        sights: &[PartObservations],
        told: &mut BTreeSet<(usize, usize, usize)>,
        all: &mut Vec<CoveredCondition>,
    ) {
        // A variable that is used twice is the same conditions twice.
        if part.is_condition && told.insert((part.source, part.span.start, part.span.end)) {
            let mut values = sights.iter().flat_map(|sights| sights.part_values(part));
            let holds = |value: &serde_json::Value| {
                value.as_bool().or_else(|| value.as_array().map(|list| !list.is_empty()))
            };
            let seen: Vec<bool> = values.by_ref().filter_map(holds).collect();
            let (held, failed) = (seen.contains(&true), seen.contains(&false));
            all.push(CoveredCondition {
                span: self.part_span(part),
                was_true: held,
                was_false: failed,
            });
        }
        part.parts.iter().for_each(|part| self.gather_conditions(part, sights, told, all));
    }
}
