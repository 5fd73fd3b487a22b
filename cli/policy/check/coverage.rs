//! The coverage of the policies' conditions and events by their cases.

use crate::common::library::PolicyLibrary;
use crate::common::terminal::compute_percent;
use evenkeel_authoring::check::map_policies;
use evenkeel_authoring::coverage::{CaseCoverage, measure_coverage};
use evenkeel_engine::CelError;
use evenkeel_rules::policy::{Policy, PolicySet};
use evenkeel_rules::{Diagnostic, read_cases};

/// The number of conditions and events to cover, and the number of covered ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CoverageTotals {
    total: usize,
    covered: usize,
    /// The number of policies without cases.
    pub(super) untested: usize,
}

impl CoverageTotals {
    /// Returns the coverage in percent for the policies with cases, and `None` if no policy has
    /// cases.
    pub(super) fn covered_percent(self) -> Option<f64> {
        (self.total > 0).then(|| compute_percent(self.covered, self.total))
    }
}

/// The coverage of a library, and a warning for each condition and event that no case covers.
#[derive(Debug, Default)]
pub(super) struct LibraryCoverage {
    pub(super) totals: CoverageTotals,
    pub(super) warnings: Vec<Diagnostic>,
}

/// Runs the cases of all policies, and measures their coverage.
///
/// # Errors
/// [`CelError`] if a thread cannot start, or if an evaluation panics.
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

/// Measures the coverage of a policy's cases. Returns `None` if the cases cannot be read, because
/// the check of the cases reports this problem.
fn measure_case_coverage(library: &PolicyLibrary, policy: &Policy) -> Option<CaseCoverage> {
    let test = library.find_test_file(&policy.file)?;
    let cases = read_cases(&test.name, &test.text, policy).ok()?;
    Some(measure_coverage(policy, &cases))
}
