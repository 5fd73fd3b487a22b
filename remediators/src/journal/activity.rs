//! An outcome as it is read back from the ledger.

use chrono::{DateTime, SecondsFormat};
use evenkeel_rules::ocsf::RemediationActivity;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::workflow::refusal_reason::RefusalCode;

/// How a remediation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeSummary {
    /// When: milliseconds since 1970.
    pub time: i64,
    /// In a word or two.
    pub status: String,
    /// The code of the refusal, where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<RefusalCode>,
    /// In words.
    pub detail: String,
    /// The policy.
    pub policy: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The resource.
    pub resource: String,
    /// The remediator.
    pub remediator: String,
    /// The finding.
    pub finding: Uuid,
    /// The number of the attempt; none where none was begun.
    pub attempt: Option<u32>,
}

impl OutcomeSummary {
    /// Reads an OCSF Remediation Activity.
    ///
    /// # Errors
    /// When it is none of ours.
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

    /// When, as CloudTrail writes times.
    pub fn formatted_time(&self) -> String {
        let time = DateTime::from_timestamp_millis(self.time).unwrap_or_default();
        time.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}
