//! What the cases of policies reach.

use crate::library::Library;
use evenkeel_authoring::coverage::{Coverage, coverage};
use evenkeel_authoring::lint::each;
use evenkeel_rules::policy::{Condition, Policy, PolicySet};
use evenkeel_rules::{Diagnostic, Level, read_cases};

/// How much of policies there is to reach, and how much is reached.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reached {
    all: usize,
    done: usize,
    /// Policies that have no cases.
    pub(super) untested: usize,
}

impl Reached {
    /// In percent, of the policies that have cases; none where none has.
    pub(super) fn percent(self) -> Option<f64> {
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        (self.all > 0).then(|| 100.0 * number(self.done) / number(self.all))
    }
}

/// What is reached, and a warning for each condition and event that is not.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) reached: Reached,
    pub(super) wrong: Vec<Diagnostic>,
}

pub(super) fn of(library: &Library, set: &PolicySet) -> Report {
    let mut report = Report::default();
    let coverages = each(set.policies(), &|policy| of_policy(library, policy));
    for (policy, coverage) in set.policies().iter().zip(coverages) {
        if library.test_of(&policy.file).is_none() {
            report.reached.untested = report.reached.untested.saturating_add(1);
        } else if let Some(coverage) = coverage {
            let (all, reached) = coverage.count();
            report.reached.all = report.reached.all.saturating_add(all);
            report.reached.done = report.reached.done.saturating_add(reached);
            report.wrong.extend(warnings(policy, &coverage));
        }
    }
    report
}

/// What a policy's cases reach; none where they cannot be run, which is told elsewhere.
fn of_policy(library: &Library, policy: &Policy) -> Option<Coverage> {
    let test = library.test_of(&policy.file)?;
    let cases = read_cases(&test.name, &test.text, policy).ok()?;
    Some(coverage(policy, &cases))
}

fn warnings(policy: &Policy, coverage: &Coverage) -> Vec<Diagnostic> {
    let warn = |code, span, message| Diagnostic {
        level: Level::Warning,
        ..Diagnostic::error(code, &policy.file, span, message)
    };
    let missing = |condition: &Condition| match (condition.held, condition.failed) {
        (true, true) => None,
        (false, false) => Some("no case reaches this"),
        (true, false) => Some("no case makes this false"),
        (false, true) => Some("no case makes this true"),
    };
    let conditions = coverage.conditions.iter().filter_map(|condition| {
        let message = missing(condition)?.to_owned();
        Some(warn("uncovered-condition", condition.span.clone(), message))
    });
    let events = coverage.unused_events.iter().map(|name| {
        let start = policy.text().find(name.as_str()).unwrap_or_default();
        let span = start..start.saturating_add(name.len());
        warn("uncovered-event", span, format!("no case is about {name}"))
    });
    conditions.chain(events).collect()
}
