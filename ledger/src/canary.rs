//! The canary: a test event that passes through the whole stack. Each function that receives the
//! canary writes a record.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The source of the event of a canary. `PutEvents` rejects sources that begin with `aws.`.
///
/// Source: Amazon EventBridge API Reference, `PutEvents` (`NotAuthorizedForSourceException`).
pub const CANARY_SOURCE: &str = "evenkeel.doctor";

/// The detail-type of the event of a canary.
pub const CANARY_TYPE: &str = "Evenkeel Canary";

/// The id of a canary. Evenkeel passes on only this id, and no other data of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanaryId(Uuid);

/// The record of a function that received a canary. Times are in milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryHop {
    /// The time at which the event was created, as the event states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<i64>,
    /// The time at which the queue received the message, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<i64>,
    /// The time at which the function received the canary.
    pub taken: i64,
    /// The version of the active bundle, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
}

impl CanaryId {
    /// Creates the id of a canary.
    pub fn new(id: Uuid) -> CanaryId {
        CanaryId(id)
    }

    /// Parses the id of a canary. Returns `None` if the text is not a UUID.
    pub fn parse_id(text: &str) -> Option<CanaryId> {
        Uuid::try_parse(text).ok().map(CanaryId)
    }

    /// Returns the id as a UUID.
    pub fn as_uuid(self) -> Uuid {
        self.0
    }

    /// Returns the prefix of the keys of all records of the canary.
    pub fn key_prefix(self) -> String {
        format!("canary/{}", self.0)
    }

    /// Returns the key of the record that the evaluate function writes.
    pub fn evaluation_key(self) -> String {
        format!("{}/evaluate.json", self.key_prefix())
    }

    /// Returns the key of the record that the remediate function of a family writes.
    pub fn remediation_key(self, family: &str) -> String {
        format!("{}/remediate-{family}.json", self.key_prefix())
    }
}

impl CanaryHop {
    /// Serializes the record as JSON.
    pub fn to_record_bytes(&self) -> Vec<u8> {
        // The serialization of numbers and a string cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
