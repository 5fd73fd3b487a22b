//! An outcome as it is read back from the ledger.

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::refusal_reason::RefusalCode;

/// How a remediation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Activity {
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

#[derive(Deserialize)]
struct Record {
    time: i64,
    status: String,
    status_code: Option<RefusalCode>,
    status_detail: String,
    cloud: Value,
    observables: Vec<Value>,
    unmapped: Unmapped,
}

#[derive(Deserialize)]
struct Unmapped {
    finding: Uuid,
    policy: String,
    remediator: String,
    attempt: Option<u32>,
}

impl Activity {
    /// Reads an OCSF Remediation Activity.
    ///
    /// # Errors
    /// When it is none of ours.
    pub fn read(record: &[u8]) -> Result<Activity, serde_json::Error> {
        let record: Record = serde_json::from_slice(record)?;
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Activity {
            time: record.time,
            status: record.status,
            code: record.status_code,
            detail: record.status_detail,
            account: text(record.cloud.pointer("/account/uid")),
            region: text(record.cloud.get("region")),
            resource: text(record.observables.first().and_then(|one| one.get("value"))),
            policy: record.unmapped.policy,
            remediator: record.unmapped.remediator,
            finding: record.unmapped.finding,
            attempt: record.unmapped.attempt,
        })
    }

    /// When, as CloudTrail writes times.
    pub fn when(&self) -> String {
        let time = DateTime::from_timestamp_millis(self.time).unwrap_or_default();
        time.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}
