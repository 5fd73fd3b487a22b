//! The policies that hold: whether they compile, and how they differ from the shipped ones.

use std::collections::BTreeMap;

use evenkeel_ledger::{Ledger, LoadBundleError};
use evenkeel_rules::policy::PolicySet;

use super::check::Report;
use crate::common::exit::Stopped;
use crate::common::library::Library;
use crate::common::terminal::count;

/// So much of a version tells it from others.
const SHOWN: usize = 12;

/// The bundle that the ledger names.
pub(super) async fn look(ledger: &Ledger, report: &mut Report) -> Result<(), Stopped> {
    let mut about = report.about("bundle");
    match ledger.load_bundle("").await {
        Ok(None) => about.end("none: the functions judge by the policies that came with them"),
        Ok(Some(bundle)) => {
            let shipped = Library::read(&[])?.load()?;
            let version: String = bundle.version.chars().take(SHOWN).collect();
            let policies = count(bundle.set.policies().len(), "policy", "policies");
            about.end(format!("{version}, {policies}, {}", difference(&bundle.set, &shipped)));
        }
        Err(error @ LoadBundleError::Ledger(_)) => {
            about.fail(error.to_string(), "allow s3:GetObject, or upload the bundle again");
        }
        Err(error) => {
            let what = "mend it and upload it again: until then, functions that start do not judge";
            about.fail(error.to_string(), what);
        }
    }
    Ok(())
}

/// How a bundle's policies differ from the shipped ones.
fn difference(bundle: &PolicySet, shipped: &PolicySet) -> String {
    let (ours, theirs) = (texts(bundle), texts(shipped));
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
fn texts(set: &PolicySet) -> BTreeMap<&str, &str> {
    set.policies().iter().map(|policy| (policy.id.as_str(), policy.text())).collect()
}
