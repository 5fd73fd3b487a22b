//! The OCSF class 7001, Remediation Activity.
//!
//! Source: OCSF schema 1.8.0, class `remediation_activity`, profile `cloud`.

use super::common::{OcsfCloud, OcsfMetadata};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// A Remediation Activity. The names and meanings of the fields are those of the schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the schema documents its attributes")]
pub struct RemediationActivity<'a> {
    #[serde(default)]
    pub activity_id: u8,
    #[serde(default)]
    pub activity_name: Cow<'a, str>,
    #[serde(default)]
    pub category_uid: u8,
    #[serde(default)]
    pub class_uid: u16,
    #[serde(default)]
    pub type_uid: u32,
    #[serde(default)]
    pub severity_id: u8,
    /// The time of the activity in milliseconds since 1970.
    pub time: i64,
    #[serde(default)]
    pub status_id: u8,
    pub status: Cow<'a, str>,
    pub status_detail: Cow<'a, str>,
    #[serde(default)]
    pub command_uid: Cow<'a, str>,
    #[serde(default)]
    pub metadata: OcsfMetadata<'a>,
    pub cloud: OcsfCloud<'a>,
    pub observables: Vec<ActivityObservable<'a>>,
    pub unmapped: ActivityDetails<'a>,
    /// The refusal code, if the remediation was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<Cow<'a, str>>,
    /// The person who requested the remediation, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<ActivityActor<'a>>,
}

impl RemediationActivity<'_> {
    /// Serializes the activity as JSON.
    pub fn to_json_record(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The resource of a remediation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityObservable<'a> {
    /// The CloudFormation type.
    pub name: Cow<'a, str>,
    /// The type of the observable; 10 is a resource.
    pub type_id: u8,
    /// The id of the resource.
    pub value: Cow<'a, str>,
}

/// The fields for which the schema has no attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityDetails<'a> {
    /// The uid of the finding.
    pub finding: Uuid,
    /// The id of the policy.
    pub policy: Cow<'a, str>,
    /// The id of the remediator.
    pub remediator: Cow<'a, str>,
    /// The number of the attempt; `None` if no attempt started.
    pub attempt: Option<u32>,
    /// The state of the resource at the end of the remediation.
    #[serde(default)]
    pub state: Option<Cow<'a, Value>>,
    /// The reason that a person gave for the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
}

/// The actor of a remediation, which contains the person who requested it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityActor<'a> {
    /// The person who requested the remediation.
    pub user: ActivityUser<'a>,
}

/// A person who requested a remediation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityUser<'a> {
    /// The identity of the person, as AWS reports it.
    pub uid: Cow<'a, str>,
}
