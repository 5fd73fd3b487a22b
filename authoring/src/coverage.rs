//! Which conditions of a policy its cases make true and false, and which events they use.

mod parts;
mod watched;

pub use parts::{ExpressionPart, Observations};
pub use watched::{CoveredCondition, WATCH, WatchedPolicy};

use crate::check::place;
use evenkeel_rules::event::without_version;
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{Case, Diagnostic};

/// What a policy's cases reach.
#[derive(Debug, Default)]
pub struct Coverage {
    /// Each condition of the body, and what it was.
    pub conditions: Vec<CoveredCondition>,
    /// Names of `match` that no case is an event of.
    pub unused_events: Vec<String>,
    /// How many names of `match` there are.
    pub events: usize,
}

impl Coverage {
    /// How much there is to reach, and how much is reached: each condition twice, each event once.
    pub fn count(&self) -> (usize, usize) {
        let sides =
            |one: &CoveredCondition| usize::from(one.held).saturating_add(usize::from(one.failed));
        let reached: usize = self.conditions.iter().map(sides).sum();
        let events = self.events.saturating_sub(self.unused_events.len());
        let all = self.conditions.len().saturating_mul(2).saturating_add(self.events);
        (all, reached.saturating_add(events))
    }

    /// A warning for each condition of the policy, and each of its events, that no case reaches.
    pub fn warnings(&self, policy: &Policy) -> Vec<Diagnostic> {
        let warn = |code, span, message| Diagnostic::warning(code, &policy.file, span, message);
        let missing = |condition: &CoveredCondition| match (condition.held, condition.failed) {
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
            let span = place(policy.text(), "match:", name);
            warn("uncovered-event", span, format!("no case is about {name}"))
        });
        conditions.chain(events).collect()
    }
}

/// Runs the cases of a policy that was loaded with [`WATCH`], and watches.
pub fn coverage(policy: &Policy, cases: &[Case]) -> Coverage {
    let watched = WatchedPolicy::new(policy);
    let sights: Vec<_> =
        cases.iter().map(|case| watched.watch(|policy| case.run(policy)).1).collect();
    let names = policy.matches.event_name.clone();
    let is_used =
        |name: &String| cases.iter().any(|case| event_of(case).is_some_and(|event| event == name));
    Coverage {
        conditions: watched.conditions(&sights),
        events: names.len(),
        unused_events: names.into_iter().filter(|name| !is_used(name)).collect(),
    }
}

/// The name of a case's event, as policies name it.
fn event_of(case: &Case) -> Option<&str> {
    case.record()?.get("eventName")?.as_str().map(without_version)
}
