//! What the cases of policies reach.

use crate::common::library::Library;
use crate::common::terminal::percent;
use evenkeel_authoring::check::each;
use evenkeel_authoring::coverage::{Coverage, coverage};
use evenkeel_engine::Failure;
use evenkeel_rules::policy::{Policy, PolicySet};
use evenkeel_rules::{Diagnostic, read_cases};

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
        (self.all > 0).then(|| percent(self.done, self.all))
    }
}

/// What is reached, and a warning for each condition and event that is not.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) reached: Reached,
    pub(super) wrong: Vec<Diagnostic>,
}

pub(super) fn of(library: &Library, set: &PolicySet) -> Result<Report, Failure> {
    let mut report = Report::default();
    let coverages = each(set.policies(), &|policy| of_policy(library, policy))?;
    for (policy, coverage) in set.policies().iter().zip(coverages) {
        if library.test_of(&policy.file).is_none() {
            report.reached.untested = report.reached.untested.saturating_add(1);
        } else if let Some(coverage) = coverage {
            let (all, reached) = coverage.count();
            report.reached.all = report.reached.all.saturating_add(all);
            report.reached.done = report.reached.done.saturating_add(reached);
            report.wrong.extend(coverage.warnings(policy));
        }
    }
    Ok(report)
}

/// What a policy's cases reach; none where they cannot be run, which is told elsewhere.
fn of_policy(library: &Library, policy: &Policy) -> Option<Coverage> {
    let test = library.test_of(&policy.file)?;
    let cases = read_cases(&test.name, &test.text, policy).ok()?;
    Some(coverage(policy, &cases))
}
