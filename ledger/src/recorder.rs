//! Writes findings to the ledger, then announces them, and then marks them as announced.

use crate::announcer::{AnnounceError, NoticeAnnouncer};
use crate::canary::{CanaryHop, CanaryId};
use crate::notice::Notice;
use crate::{Ledger, LedgerError, WriteOutcome};
use evenkeel_rules::policy::Severity;
use evenkeel_rules::{ComplianceStatus, Finding, ocsf};

/// A recorder that writes findings to a ledger and announces them.
#[derive(Clone, Debug)]
pub struct FindingRecorder<A> {
    ledger: Ledger,
    announcer: A,
}

/// The result of recording a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingResult {
    /// The ledger did not contain the finding.
    New,
    /// The ledger already contained an equal finding.
    Known,
    /// The ledger contained a different finding for the same policy, resource and action. The new
    /// finding was written as a revision.
    Revised,
}

/// The reason why a finding was not recorded or not announced. The caller must try again.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The finding could not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The finding was written and could not be announced.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
}

impl<A: NoticeAnnouncer> FindingRecorder<A> {
    /// Creates a recorder that writes to `ledger` and announces through `announcer`.
    pub fn new(ledger: Ledger, announcer: A) -> Self {
        FindingRecorder { ledger, announcer }
    }

    /// Writes a finding, and then announces it unless it was announced before.
    ///
    /// A finding is announced at least once. It is announced twice if the process ends after the
    /// announcement and before the mark is written.
    ///
    /// # Errors
    /// Returns [`RecordError::Ledger`] if the finding cannot be written, and
    /// [`RecordError::Announce`] if the finding cannot be announced. The call can be repeated
    /// safely.
    pub async fn record_finding(&self, finding: &Finding) -> Result<RecordingResult, RecordError> {
        let (record, key) = (ocsf::serialize_finding(finding), ocsf::finding_key(finding));
        let written = self.ledger.write_record(&key, record.as_bytes()).await?;
        if needs_announcement(finding) && !self.was_announced(finding).await? {
            self.announcer
                .announce_notice(&Notice::for_finding(finding, written.record_key(&key)))
                .await?;
            self.ledger.write_record(&announcement_key(finding, finding.status), b"{}").await?;
        }
        Ok(match written {
            WriteOutcome::Created => RecordingResult::New,
            WriteOutcome::AlreadyThere(_) => RecordingResult::Known,
            WriteOutcome::Revision(_) => RecordingResult::Revised,
        })
    }

    /// Returns whether the finding was announced with its present status or with a more severe
    /// status.
    async fn was_announced(&self, finding: &Finding) -> Result<bool, LedgerError> {
        let own = ANNOUNCED_STATUSES.iter().position(|status| *status == finding.status);
        for status in ANNOUNCED_STATUSES.iter().take(own.map_or(0, |own| own.saturating_add(1))) {
            if self.ledger.has_record(&announcement_key(finding, *status)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Records that the function received a canary, and announces the canary. If the function
    /// receives the same canary again, the first record remains.
    ///
    /// # Errors
    /// Returns [`RecordError::Ledger`] if the record cannot be written, and
    /// [`RecordError::Announce`] if the canary cannot be announced. The call can be repeated
    /// safely.
    pub async fn record_canary(
        &self,
        canary: CanaryId,
        hop: &CanaryHop,
    ) -> Result<(), RecordError> {
        self.ledger.claim_key(&canary.evaluation_key(), &hop.to_record_bytes()).await?;
        Ok(self.announcer.announce_notice(&Notice::for_canary(canary)).await?)
    }
}

/// The statuses that are announced, from the most severe to the least severe. A finding is
/// announced again if its status becomes more severe, for example if `NON_COMPLIANT` follows
/// `INSUFFICIENT_DATA`.
const ANNOUNCED_STATUSES: [ComplianceStatus; 3] =
    [ComplianceStatus::NonCompliant, ComplianceStatus::Error, ComplianceStatus::InsufficientData];

/// Returns whether a finding is announced. Waived findings are not announced. The statuses
/// `NON_COMPLIANT` and `ERROR` are always announced. `INSUFFICIENT_DATA` is announced if the
/// severity of the policy is HIGH or CRITICAL.
fn needs_announcement(finding: &Finding) -> bool {
    let is_announced_status = match finding.status {
        ComplianceStatus::InsufficientData => finding.severity >= Severity::High,
        status => ANNOUNCED_STATUSES.contains(&status),
    };
    is_announced_status && finding.waived.is_none()
}

/// Returns the key of the record that marks the finding as announced with this status.
fn announcement_key(finding: &Finding, status: ComplianceStatus) -> String {
    let ending = match status {
        ComplianceStatus::Error => ".error",
        ComplianceStatus::InsufficientData => ".insufficient-data",
        _ => "",
    };
    format!("announced/{}{ending}.json", finding.uid)
}

#[cfg(test)]
mod tests;
