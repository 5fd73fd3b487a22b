//! A policy whose expressions tell what their parts were, while it is evaluated.

use super::parts::{ExpressionPart, Observations, WatchPass, parts};
use evenkeel_engine::{AstPass, record_observations};
use evenkeel_rules::policy::Policy;
use std::collections::BTreeSet;
use std::ops::Range;

/// The passes with which policies are loaded that are to be watched.
pub const WATCH: &[&dyn AstPass] = &[&WatchPass];

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
    pub held: bool,
    /// Whether it ever did not.
    pub failed: bool,
}

impl<'p> WatchedPolicy<'p> {
    /// A policy that was loaded with [`WATCH`]; of another there is nothing to see.
    pub fn new(policy: &'p Policy) -> Self {
        WatchedPolicy { policy, parts: parts(&policy.body, &policy.sources) }
    }

    /// Lets it judge something, and watches.
    pub fn watch<T>(&self, work: impl FnOnce(&Policy) -> T) -> (T, Observations) {
        let (done, values) = record_observations(|| work(self.policy));
        (done, Observations(values))
    }

    /// What the body is made of.
    pub fn parts(&self) -> &[ExpressionPart] {
        &self.parts
    }

    /// Where a part stands, in bytes of the policy's file.
    pub fn span(&self, part: &ExpressionPart) -> Range<usize> {
        self.policy.span_of(part.source, &part.span)
    }

    /// Each condition of the body, once, and what it was in these evaluations.
    pub fn conditions(&self, sights: &[Observations]) -> Vec<CoveredCondition> {
        let (mut all, mut told) = (Vec::new(), BTreeSet::new());
        for part in &self.parts {
            self.gather(part, sights, &mut told, &mut all);
        }
        all.sort_by_key(|condition: &CoveredCondition| (condition.span.start, condition.span.end));
        all
    }

    fn gather(
        &self,
        part: &ExpressionPart,
        sights: &[Observations],
        told: &mut BTreeSet<(usize, usize, usize)>,
        all: &mut Vec<CoveredCondition>,
    ) {
        // A variable that is used twice is the same conditions twice.
        if part.is_condition && told.insert((part.source, part.span.start, part.span.end)) {
            let mut values = sights.iter().flat_map(|sights| sights.of(part));
            let holds = |value: &serde_json::Value| {
                value.as_bool().or_else(|| value.as_array().map(|list| !list.is_empty()))
            };
            let seen: Vec<bool> = values.by_ref().filter_map(holds).collect();
            let (held, failed) = (seen.contains(&true), seen.contains(&false));
            all.push(CoveredCondition { span: self.span(part), held, failed });
        }
        part.parts.iter().for_each(|part| self.gather(part, sights, told, all));
    }
}
