//! The policies that hold: whether they compile, and how they differ from the shipped ones.

use std::collections::BTreeMap;

use evenkeel_ledger::{Ledger, LoadBundleError};
use evenkeel_rules::policy::PolicySet;

use super::check_report::DoctorReport;
use crate::common::exit::CommandError;
use crate::common::library::PolicyLibrary;
use crate::common::terminal::format_count;

/// So much of a version tells it from others.
const SHOWN_VERSION_LENGTH: usize = 12;

/// The bundle that the ledger names.
pub(super) async fn check_bundle(
    ledger: &Ledger,
    report: &mut DoctorReport,
) -> Result<(), CommandError> {
    let mut about = report.begin_check("bundle");
    match ledger.load_bundle("").await {
        Ok(None) => {
            about.finish_check("none: the functions judge by the policies that came with them");
        }
        Ok(Some(bundle)) => {
            let shipped = PolicyLibrary::read_files(&[])?.load_policies()?;
            let version: String = bundle.version.chars().take(SHOWN_VERSION_LENGTH).collect();
            let policies = format_count(bundle.set.policies().len(), "policy", "policies");
            about.finish_check(format!(
                "{version}, {policies}, {}",
                compare_with_shipped(&bundle.set, &shipped)
            ));
        }
        Err(error @ LoadBundleError::Ledger(_)) => {
            about.add_failure(error.to_string(), "allow s3:GetObject, or upload the bundle again");
        }
        Err(error) => {
            let what = "mend it and upload it again: until then, functions that start do not judge";
            about.add_failure(error.to_string(), what);
        }
    }
    Ok(())
}

/// How a bundle's policies differ from the shipped ones.
fn compare_with_shipped(bundle: &PolicySet, shipped: &PolicySet) -> String {
    let (ours, theirs) = (policy_texts(bundle), policy_texts(shipped));
    let other = |(id, text): &(&&str, &&str)| theirs.get(**id).is_some_and(|one| one != *text);
    let changed = ours.iter().filter(other).count();
    let own = ours.keys().filter(|id| !theirs.contains_key(*id)).count();
    let missing = theirs.keys().filter(|id| !ours.contains_key(*id)).count();
    if (changed, own, missing) == (0, 0, 0) {
        return "those that this version ships".to_owned();
    }
    format!("against this version's: {changed} changed, {own} more, {missing} left out")
}

/// The policies' texts by their ids.
fn policy_texts(set: &PolicySet) -> BTreeMap<&str, &str> {
    set.policies().iter().map(|policy| (policy.id.as_str(), policy.file_text())).collect()
}
