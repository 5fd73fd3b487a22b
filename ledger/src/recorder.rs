//! The order in which a finding becomes known: durable first, announced then, marked as announced last.

use crate::announcer::{AnnounceError, NoticeAnnouncer};
use crate::canary::{CanaryHop, CanaryId};
use crate::notice::Notice;
use crate::{Ledger, LedgerError, WriteOutcome};
use evenkeel_rules::policy::Severity;
use evenkeel_rules::{ComplianceStatus, Finding, ocsf};

/// Writes findings and announces them.
#[derive(Clone, Debug)]
pub struct FindingRecorder<A> {
    ledger: Ledger,
    announcer: A,
}

/// What came of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingResult {
    /// It was not known.
    New,
    /// The same finding was known.
    Known,
    /// Another finding of the same policy, resource and action was known; this one is kept beside it.
    Revised,
}

/// Why a finding is not known yet: whoever brought it must bring it again.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It could not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// It is written, and could not be announced.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
}

impl<A: NoticeAnnouncer> FindingRecorder<A> {
    /// A recorder that writes to `ledger` and announces through `announce`.
    pub fn new(ledger: Ledger, announce: A) -> Self {
        FindingRecorder { ledger, announcer: announce }
    }

    /// Makes a finding durable, and then announces it unless that was done before.
    ///
    /// A crash between the announcement and its mark announces it again: at least once, never not at all.
    ///
    /// # Errors
    /// When it could not be written or announced. To do it again is harmless.
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

    /// Whether it was announced that the finding is as it is, or worse.
    async fn was_announced(&self, finding: &Finding) -> Result<bool, LedgerError> {
        let own = ANNOUNCED_STATUSES.iter().position(|status| *status == finding.status);
        for status in ANNOUNCED_STATUSES.iter().take(own.map_or(0, |own| own.saturating_add(1))) {
            if self.ledger.has_record(&announcement_key(finding, *status)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Records that a canary was taken, and sends it on; one that comes again keeps its first record.
    ///
    /// # Errors
    /// When it could not be written or sent on. To do it again is harmless.
    pub async fn record_canary(
        &self,
        canary: CanaryId,
        hop: &CanaryHop,
    ) -> Result<(), RecordError> {
        self.ledger.claim_key(&canary.evaluation_key(), &hop.to_record_bytes()).await?;
        Ok(self.announcer.announce_notice(&Notice::for_canary(canary)).await?)
    }
}

/// What is announced, the worst first. What becomes worse is announced again: a violation, after it was announced
/// that data is missing.
const ANNOUNCED_STATUSES: [ComplianceStatus; 3] =
    [ComplianceStatus::NonCompliant, ComplianceStatus::Error, ComplianceStatus::InsufficientData];

/// Violations and broken policies are announced, and that data is missing where the policy's severity is HIGH or
/// above; what is accepted, or lacks data below that, is only written.
fn needs_announcement(finding: &Finding) -> bool {
    let enough = match finding.status {
        ComplianceStatus::InsufficientData => finding.severity >= Severity::High,
        status => ANNOUNCED_STATUSES.contains(&status),
    };
    enough && finding.suppressed.is_none()
}

/// What records that the finding was announced with a status.
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
