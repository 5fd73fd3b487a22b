//! Measures the coverage of a policy by its cases: the conditions that the cases make true and
//! false, and the events that the cases use.

mod expression_parts;
mod watched_policy;

pub use expression_parts::{ExpressionPart, PartObservations};
pub use watched_policy::{CoveredCondition, WATCH_PASSES, WatchedPolicy};

use crate::check::locate_word;
use evenkeel_rules::event::strip_api_version;
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{Diagnostic, PolicyCase};

/// The coverage of a policy by its cases.
#[derive(Debug, Default)]
pub struct CaseCoverage {
    /// The conditions of the body, with the results that they had.
    pub conditions: Vec<CoveredCondition>,
    /// The event names of `match` that no case uses.
    pub unused_events: Vec<String>,
    /// The number of event names in `match`.
    pub event_count: usize,
}

impl CaseCoverage {
    /// Returns the number of coverage goals, and the number of goals that the cases reach.
    ///
    /// Each condition has two goals (a case in which it is true, and a case in which it is false).
    /// Each event name has one goal (a case that uses it).
    pub fn count_reached(&self) -> (usize, usize) {
        let sides = |one: &CoveredCondition| {
            usize::from(one.was_true).saturating_add(usize::from(one.was_false))
        };
        let reached: usize = self.conditions.iter().map(sides).sum();
        let events = self.event_count.saturating_sub(self.unused_events.len());
        let all = self.conditions.len().saturating_mul(2).saturating_add(self.event_count);
        (all, reached.saturating_add(events))
    }

    /// Returns a warning for each condition that the cases do not make both true and false, and for
    /// each event that no case uses.
    pub fn build_warnings(&self, policy: &Policy) -> Vec<Diagnostic> {
        let warn = |code, span, message| Diagnostic::new_warning(code, &policy.file, span, message);
        let missing = |condition: &CoveredCondition| match (condition.was_true, condition.was_false)
        {
            (true, true) => None,
            (false, false) => Some("no case evaluates this condition"),
            (true, false) => Some("no case makes this condition false"),
            (false, true) => Some("no case makes this condition true"),
        };
        let conditions = self.conditions.iter().filter_map(|condition| {
            let message = missing(condition)?.to_owned();
            Some(warn("uncovered-condition", condition.span.clone(), message))
        });
        let events = self.unused_events.iter().map(|name| {
            let span = locate_word(policy.file_text(), "match:", name);
            warn("uncovered-event", span, format!("no case uses the event {name}"))
        });
        conditions.chain(events).collect()
    }
}

/// Runs the cases of a policy and measures their coverage.
///
/// The policy must be compiled with [`WATCH_PASSES`]. Otherwise the result has no conditions.
///
/// ```
/// use evenkeel_authoring::coverage::{WATCH_PASSES, measure_coverage};
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
/// let set = PolicySet::compile_with_passes(&[file], None, WATCH_PASSES).unwrap();
/// let policy = &set.policies()[0];
/// let cases = read_cases("rds-public.test.yaml", cases, policy).unwrap();
///
/// let coverage = measure_coverage(policy, &cases);
/// assert_eq!(coverage.count_reached(), (3, 2));
/// assert_eq!(coverage.build_warnings(policy)[0].message, "no case makes this condition false");
/// ```
pub fn measure_coverage(policy: &Policy, cases: &[PolicyCase]) -> CaseCoverage {
    let watched = WatchedPolicy::new(policy);
    let observations: Vec<_> =
        cases.iter().map(|case| watched.run_watched(|policy| case.run(policy)).1).collect();
    let names = policy.matches.event_name.clone();
    let is_used = |name: &String| {
        policy.matches.matches_any_name()
            || cases.iter().any(|case| {
                case_event_name(case).is_some_and(|event| event == strip_api_version(name))
            })
    };
    CaseCoverage {
        conditions: watched.collect_conditions(&observations),
        event_count: names.len(),
        unused_events: names.into_iter().filter(|name| !is_used(name)).collect(),
    }
}

/// Returns the event name of a case, without an API version.
fn case_event_name(case: &PolicyCase) -> Option<&str> {
    case.event_record()?.get("eventName")?.as_str().map(strip_api_version)
}
