//! Checks for waivers that became valid after the finding was recorded.

use evenkeel_ledger::LoadBundleError;
use evenkeel_rules::WaiverSet;
use evenkeel_rules::bundle::{BundleError, BundleManifest, FileKind, MANIFEST};

use super::{ExecutorError, ExecutorResult, RemediationExecutor};
use crate::violation::PolicyViolation;
use crate::workflow::refusal_reason::RefusalReason;

impl RemediationExecutor {
    /// Returns the refusal for a waived finding, or for a waiver file that cannot be read.
    pub(super) async fn find_waiver(
        &self,
        violation: &PolicyViolation,
    ) -> ExecutorResult<Option<RefusalReason>> {
        let Some(manifest) = self.ledger.find_record(MANIFEST).await? else { return Ok(None) };
        let manifest: BundleManifest = serde_json::from_slice(&manifest)
            .map_err(|error| ExecutorError::UnreadableRecord(MANIFEST.to_owned(), error))?;
        let mut finding = violation.to_finding();
        for (name, digest) in manifest.files_by_kind(FileKind::Waivers) {
            let unreadable = |error: String| {
                Ok(Some(RefusalReason::WaiversUnreadable { file: name.to_owned(), error }))
            };
            let file = match self.ledger.bundle_file(name, digest).await {
                Ok(file) => file,
                Err(LoadBundleError::Ledger(error)) => return Err(error.into()),
                Err(LoadBundleError::Bundle(BundleError::Digest(_))) => {
                    let why = "its digest differs from the digest in the bundle manifest";
                    return unreadable(why.to_owned());
                }
                Err(LoadBundleError::Bundle(error)) => return unreadable(error.to_string()),
            };
            let waivers = WaiverSet::load_unchecked(&file.name, &file.text);
            if let Err(error) = waivers.and_then(|waivers| waivers.apply_to_finding(&mut finding)) {
                return unreadable(error.to_string());
            }
        }
        Ok(finding
            .waived
            .map(|waived| RefusalReason::Waived { waiver: waived.waiver, reason: waived.reason }))
    }
}
