//! Which conditions of a policy its cases make true and false, and which events they use.

use evenkeel_rules::Case;
use evenkeel_rules::event::without_version;
use evenkeel_rules::policy::{Condition, Policy, Watched};

/// What a policy's cases reach.
#[derive(Debug, Default)]
pub struct Coverage {
    /// Each condition of the body, and what it was.
    pub conditions: Vec<Condition>,
    /// Names of `match` that no case is an event of.
    pub unused_events: Vec<String>,
    /// How many names of `match` there are.
    pub events: usize,
}

impl Coverage {
    /// How much there is to reach, and how much is reached: each condition twice, each event once.
    pub fn count(&self) -> (usize, usize) {
        let sides = |one: &Condition| usize::from(one.held).saturating_add(usize::from(one.failed));
        let reached: usize = self.conditions.iter().map(sides).sum();
        let events = self.events.saturating_sub(self.unused_events.len());
        let all = self.conditions.len().saturating_mul(2).saturating_add(self.events);
        (all, reached.saturating_add(events))
    }
}

/// Runs the cases of a policy that was [loaded to be watched](Policy::load_watched), and watches.
pub fn coverage(policy: &Policy, cases: &[Case]) -> Coverage {
    let watched = Watched::new(policy);
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
