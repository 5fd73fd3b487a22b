//! The summary of the outcome of a remediation, which is read from the ledger record.

use chrono::{DateTime, SecondsFormat};
use evenkeel_rules::ocsf::RemediationActivity;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::workflow::refusal_reason::RefusalCode;

/// The summary of the outcome of a remediation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeSummary {
    /// The time of the outcome in milliseconds since 1970.
    pub time: i64,
    /// The caption of the OCSF status, such as `Success`.
    pub status: String,
    /// The code of the refusal, if the remediation was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<RefusalCode>,
    /// The description of the outcome.
    pub detail: String,
    /// The id of the policy.
    pub policy: String,
    /// The account id.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The id of the resource.
    pub resource: String,
    /// The id of the remediator.
    pub remediator: String,
    /// The uid of the finding.
    pub finding: Uuid,
    /// The number of the attempt. `None` if the remediation ended without an attempt.
    pub attempt: Option<u32>,
}

impl OutcomeSummary {
    /// Reads the ledger record of an outcome, which is an OCSF Remediation Activity.
    ///
    /// # Errors
    /// [`serde_json::Error`] if the record is not a Remediation Activity of Evenkeel.
    pub fn from_record(record: &[u8]) -> Result<OutcomeSummary, serde_json::Error> {
        let record: RemediationActivity<'_> = serde_json::from_slice(record)?;
        let code =
            record.status_code.map(|code| RefusalCode::deserialize(code.into_deserializer()));
        let (cloud, details) = (record.cloud, record.unmapped);
        let observable = record.observables.into_iter().next().unwrap_or_default();
        Ok(OutcomeSummary {
            time: record.time,
            status: record.status.into_owned(),
            code: code.transpose()?,
            detail: record.status_detail.into_owned(),
            account: cloud.account.uid.into_owned(),
            region: cloud.region.into_owned(),
            resource: observable.value.into_owned(),
            policy: details.policy.into_owned(),
            remediator: details.remediator.into_owned(),
            finding: details.finding,
            attempt: details.attempt,
        })
    }

    /// Returns the time in the format of CloudTrail, for example `2026-03-01T12:00:00Z`.
    pub fn formatted_time(&self) -> String {
        let time = DateTime::from_timestamp_millis(self.time).unwrap_or_default();
        time.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}
