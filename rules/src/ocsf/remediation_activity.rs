//! OCSF's class 7001, Remediation Activity, as it is written and read.
//!
//! Source: OCSF schema 1.8.0, class `remediation_activity`, profile `cloud`.

use super::common::{OcsfCloud, OcsfMetadata};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// A Remediation Activity. Names and meanings are the schema's.
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
    /// Milliseconds since 1970.
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
    /// The code of the refusal, where it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<Cow<'a, str>>,
    /// Who wanted it, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<ActivityActor<'a>>,
}

impl RemediationActivity<'_> {
    /// The record as it is kept: JSON.
    pub fn to_json_record(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What was repaired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityObservable<'a> {
    /// The CloudFormation type.
    pub name: Cow<'a, str>,
    /// 10: a resource.
    pub type_id: u8,
    /// What identifies it.
    pub value: Cow<'a, str>,
}

/// What the schema has no attribute for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityDetails<'a> {
    /// The finding's uid.
    pub finding: Uuid,
    /// The policy.
    pub policy: Cow<'a, str>,
    /// The remediator.
    pub remediator: Cow<'a, str>,
    /// The number of the attempt; none where none was begun.
    pub attempt: Option<u32>,
    /// The state that was seen at the end.
    #[serde(default)]
    pub state: Option<Cow<'a, Value>>,
    /// Why a person wanted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
}

/// Who wanted a remediation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityActor<'a> {
    /// The person.
    pub user: ActivityUser<'a>,
}

/// A person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityUser<'a> {
    /// As AWS tells it.
    pub uid: Cow<'a, str>,
}
