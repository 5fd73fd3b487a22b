//! The canary: an event that means nothing, goes the whole way, and leaves a record wherever it was taken.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The source of a canary's event. `PutEvents` takes none that begins with `aws.`.
///
/// Source: Amazon EventBridge API Reference, `PutEvents` (`NotAuthorizedForSourceException`).
pub const CANARY_SOURCE: &str = "evenkeel.doctor";

/// The detail-type of a canary's event.
pub const CANARY_TYPE: &str = "Evenkeel Canary";

/// A canary, by its id: nothing else of its event goes any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanaryId(Uuid);

/// What is recorded where a canary was taken; times are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryHop {
    /// When its event says that it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<i64>,
    /// When the queue got it, where one says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<i64>,
    /// When it was taken.
    pub taken: i64,
    /// The version of the bundle that held then, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
}

impl CanaryId {
    /// The canary of that id.
    pub fn new(id: Uuid) -> CanaryId {
        CanaryId(id)
    }

    /// Reads a canary's id; none if the text is no UUID.
    pub fn parse_id(text: &str) -> Option<CanaryId> {
        Uuid::try_parse(text).ok().map(CanaryId)
    }

    /// Its id.
    pub fn as_uuid(self) -> Uuid {
        self.0
    }

    /// What the keys of all its records begin with.
    pub fn key_prefix(self) -> String {
        format!("canary/{}", self.0)
    }

    /// The record of the evaluate function.
    pub fn evaluation_key(self) -> String {
        format!("{}/evaluate.json", self.key_prefix())
    }

    /// The record of a family's remediate function.
    pub fn remediation_key(self, family: &str) -> String {
        format!("{}/remediate-{family}.json", self.key_prefix())
    }
}

impl CanaryHop {
    /// The record.
    pub fn to_record_bytes(&self) -> Vec<u8> {
        // Numbers and a string always become JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
