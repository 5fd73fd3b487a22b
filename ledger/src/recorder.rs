//! The order in which a finding becomes known: durable first, announced then, marked as announced last.

use crate::announce::{Announce, AnnounceError};
use crate::canary::{Canary, Hop};
use crate::notice::Notice;
use crate::{Ledger, LedgerError, Written};
use evenkeel_rules::{ComplianceStatus, Finding, ocsf};

/// Writes findings and announces them.
#[derive(Clone, Debug)]
pub struct Recorder<A> {
    ledger: Ledger,
    announce: A,
}

/// What came of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
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

impl<A: Announce> Recorder<A> {
    /// A recorder that writes to `ledger` and announces through `announce`.
    pub fn new(ledger: Ledger, announce: A) -> Self {
        Recorder { ledger, announce }
    }

    /// Makes a finding durable, and then announces it unless that was done before.
    ///
    /// A crash between the announcement and its mark announces it again: at least once, never not at all.
    ///
    /// # Errors
    /// When it could not be written or announced. To do it again is harmless.
    pub async fn record(&self, finding: &Finding) -> Result<Recorded, RecordError> {
        let record = ocsf::record(finding);
        let written = self.ledger.write(&ocsf::key(finding), record.as_bytes()).await?;
        if is_announced(finding) {
            let mark = format!("announced/{}.json", finding.uid);
            if !self.ledger.has(&mark).await? {
                self.announce.announce(&Notice::of(finding)).await?;
                self.ledger.write(&mark, b"{}").await?;
            }
        }
        Ok(match written {
            Written::Created => Recorded::New,
            Written::AlreadyThere => Recorded::Known,
            Written::Revision(_) => Recorded::Revised,
        })
    }

    /// Records that a canary was taken, and sends it on; one that comes again keeps its first record.
    ///
    /// # Errors
    /// When it could not be written or sent on. To do it again is harmless.
    pub async fn canary(&self, canary: Canary, hop: &Hop) -> Result<(), RecordError> {
        self.ledger.claim(&canary.evaluated(), &hop.record()).await?;
        Ok(self.announce.announce(&Notice::of_canary(canary)).await?)
    }
}

/// Violations and broken policies are announced; what is accepted, or lacks data, is only written.
fn is_announced(finding: &Finding) -> bool {
    match finding.status {
        ComplianceStatus::NonCompliant | ComplianceStatus::Error => finding.suppressed.is_none(),
        ComplianceStatus::InsufficientData
        | ComplianceStatus::Compliant
        | ComplianceStatus::NotApplicable => false,
    }
}

#[cfg(test)]
mod tests;
