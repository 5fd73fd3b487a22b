//! Checks that the active bundle compiles, and compares its policies with the shipped library.

use std::collections::BTreeMap;

use evenkeel_ledger::{Ledger, LoadBundleError};
use evenkeel_rules::policy::PolicySet;

use super::check_report::DoctorReport;
use crate::common::exit::CommandError;
use crate::common::library::PolicyLibrary;
use crate::common::terminal::format_count;

/// The number of printed characters of a version: these identify a bundle.
const SHOWN_VERSION_LENGTH: usize = 12;

/// Checks the active bundle of the ledger.
///
/// # Errors
/// [`CommandError`] if the shipped library cannot be loaded.
pub(super) async fn check_bundle(
    ledger: &Ledger,
    report: &mut DoctorReport,
) -> Result<(), CommandError> {
    let mut check = report.begin_check("bundle");
    match ledger.load_bundle("").await {
        Ok(None) => {
            check.finish_check("none: the functions use the policies of their deployment package");
        }
        Ok(Some(bundle)) => {
            let shipped = PolicyLibrary::read_files(&[])?.load_policies()?;
            let version: String = bundle.version.chars().take(SHOWN_VERSION_LENGTH).collect();
            let policies = format_count(bundle.set.policies().len(), "policy", "policies");
            check.finish_check(format!(
                "{version}, {policies}, {}",
                compare_with_shipped(&bundle.set, &shipped)
            ));
        }
        Err(error @ LoadBundleError::Ledger(_)) => {
            check.add_failure(error.to_string(), "allow s3:GetObject, or deploy the bundle again");
        }
        Err(error) => {
            let what = "deploy a valid bundle; until then, functions that start evaluate nothing";
            check.add_failure(error.to_string(), what);
        }
    }
    Ok(())
}

/// Describes how the policies of a bundle differ from the shipped ones.
fn compare_with_shipped(bundle: &PolicySet, shipped: &PolicySet) -> String {
    let (live, library) = (policy_texts(bundle), policy_texts(shipped));
    let differs = |(id, text): &(&&str, &&str)| library.get(**id).is_some_and(|one| one != *text);
    let changed = live.iter().filter(differs).count();
    let added = live.keys().filter(|id| !library.contains_key(*id)).count();
    let missing = library.keys().filter(|id| !live.contains_key(*id)).count();
    if (changed, added, missing) == (0, 0, 0) {
        return "equal to the shipped library".to_owned();
    }
    format!(
        "compared with the shipped library: {changed} changed, {added} added, {missing} missing"
    )
}

/// Returns the texts of the policies by policy id.
fn policy_texts(set: &PolicySet) -> BTreeMap<&str, &str> {
    set.policies().iter().map(|policy| (policy.id.as_str(), policy.file_text())).collect()
}
