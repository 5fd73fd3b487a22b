//! What the cases of policies reach.

use crate::common::library::PolicyLibrary;
use crate::common::terminal::compute_percent;
use evenkeel_authoring::check::map_policies;
use evenkeel_authoring::coverage::{CaseCoverage, measure_coverage};
use evenkeel_engine::CelError;
use evenkeel_rules::policy::{Policy, PolicySet};
use evenkeel_rules::{Diagnostic, read_cases};

/// How much of policies there is to reach, and how much is reached.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CoverageTotals {
    total: usize,
    covered: usize,
    /// Policies that have no cases.
    pub(super) untested: usize,
}

impl CoverageTotals {
    /// In percent, of the policies that have cases; none where none has.
    pub(super) fn covered_percent(self) -> Option<f64> {
        (self.total > 0).then(|| compute_percent(self.covered, self.total))
    }
}

/// What is reached, and a warning for each condition and event that is not.
#[derive(Debug, Default)]
pub(super) struct LibraryCoverage {
    pub(super) totals: CoverageTotals,
    pub(super) warnings: Vec<Diagnostic>,
}

pub(super) fn measure_library_coverage(
    library: &PolicyLibrary,
    set: &PolicySet,
) -> Result<LibraryCoverage, CelError> {
    let mut report = LibraryCoverage::default();
    let coverages = map_policies(set.policies(), &|policy| measure_case_coverage(library, policy))?;
    for (policy, coverage) in set.policies().iter().zip(coverages) {
        if library.find_test_file(&policy.file).is_none() {
            report.totals.untested = report.totals.untested.saturating_add(1);
        } else if let Some(coverage) = coverage {
            let (all, reached) = coverage.count_reached();
            report.totals.total = report.totals.total.saturating_add(all);
            report.totals.covered = report.totals.covered.saturating_add(reached);
            report.warnings.extend(coverage.build_warnings(policy));
        }
    }
    Ok(report)
}

/// What a policy's cases reach; none where they cannot be run, which is told elsewhere.
fn measure_case_coverage(library: &PolicyLibrary, policy: &Policy) -> Option<CaseCoverage> {
    let test = library.find_test_file(&policy.file)?;
    let cases = read_cases(&test.name, &test.text, policy).ok()?;
    Some(measure_coverage(policy, &cases))
}
