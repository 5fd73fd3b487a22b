//! Which conditions of a policy its cases make true and false, and which events they use.

mod expression_parts;
mod watched_policy;

pub use expression_parts::{ExpressionPart, PartObservations};
pub use watched_policy::{CoveredCondition, WATCH_PASSES, WatchedPolicy};

use crate::check::locate_word;
use evenkeel_rules::event::strip_api_version;
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{Diagnostic, PolicyCase};

/// What a policy's cases reach.
#[derive(Debug, Default)]
pub struct CaseCoverage {
    /// Each condition of the body, and what it was.
    pub conditions: Vec<CoveredCondition>,
    /// Names of `match` that no case is an event of.
    pub unused_events: Vec<String>,
    /// How many names of `match` there are.
    pub event_count: usize,
}

impl CaseCoverage {
    /// How much there is to reach, and how much is reached: each condition twice, each event once.
    pub fn count_reached(&self) -> (usize, usize) {
        let sides = |one: &CoveredCondition| {
            usize::from(one.was_true).saturating_add(usize::from(one.was_false))
        };
        let reached: usize = self.conditions.iter().map(sides).sum();
        let events = self.event_count.saturating_sub(self.unused_events.len());
        let all = self.conditions.len().saturating_mul(2).saturating_add(self.event_count);
        (all, reached.saturating_add(events))
    }

    /// A warning for each condition of the policy, and each of its events, that no case reaches.
    pub fn build_warnings(&self, policy: &Policy) -> Vec<Diagnostic> {
        let warn = |code, span, message| Diagnostic::new_warning(code, &policy.file, span, message);
        let missing = |condition: &CoveredCondition| match (condition.was_true, condition.was_false)
        {
            (true, true) => None,
            (false, false) => Some("no case reaches this"),
            (true, false) => Some("no case makes this false"),
            (false, true) => Some("no case makes this true"),
        };
        let conditions = self.conditions.iter().filter_map(|condition| {
            let message = missing(condition)?.to_owned();
            Some(warn("uncovered-condition", condition.span.clone(), message))
        });
        let events = self.unused_events.iter().map(|name| {
            let span = locate_word(policy.file_text(), "match:", name);
            warn("uncovered-event", span, format!("no case is about {name}"))
        });
        conditions.chain(events).collect()
    }
}

/// Runs the cases of a policy that was loaded with [`WATCH_PASSES`], and watches.
pub fn measure_coverage(policy: &Policy, cases: &[PolicyCase]) -> CaseCoverage {
    let watched = WatchedPolicy::new(policy);
    let sights: Vec<_> =
        cases.iter().map(|case| watched.run_watched(|policy| case.run(policy)).1).collect();
    let names = policy.matches.event_name.clone();
    let is_used = |name: &String| {
        cases.iter().any(|case| case_event_name(case).is_some_and(|event| event == name))
    };
    CaseCoverage {
        conditions: watched.collect_conditions(&sights),
        event_count: names.len(),
        unused_events: names.into_iter().filter(|name| !is_used(name)).collect(),
    }
}

/// The name of a case's event, as policies name it.
fn case_event_name(case: &PolicyCase) -> Option<&str> {
    case.event_record()?.get("eventName")?.as_str().map(strip_api_version)
}
