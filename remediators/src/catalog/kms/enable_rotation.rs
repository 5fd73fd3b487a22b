//! A key gets new key material each year.

use evenkeel_client::Service;
use evenkeel_rules::policy::Tier;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::key::{ENABLED, KeyMetadata, describe, refused, unread};
use crate::access::aws::Aws;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// Turns on a key's automatic rotation. An undo turns it off.
///
/// The period that AWS knows of is kept, however long it is.
#[derive(Clone, Debug)]
pub struct EnableRotation {
    kms: Service,
}

/// Whether a key rotates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// It does.
    pub on: bool,
    /// Why it cannot: of such a key it is not asked whether it does.
    pub never: Option<String>,
}

/// Source: AWS KMS API Reference, `GetKeyRotationStatus`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RotationStatus {
    key_rotation_enabled: Option<bool>,
    rotation_period_in_days: Option<u32>,
}

impl From<Aws> for EnableRotation {
    fn from(aws: Aws) -> Self {
        EnableRotation { kms: Service::kms(&aws.config) }
    }
}

impl Remediator for EnableRotation {
    type State = Rotation;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "kms-enable-rotation",
        permissions: &[
            "kms:DescribeKey",
            "kms:DisableKeyRotation",
            "kms:EnableKeyRotation",
            "kms:GetKeyRotationStatus",
        ],
        tier: Some(Tier::A),
        arns: |target| vec![target.arn("kms", &format!("key/{}", target.id))],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Rotation, to: &Rotation) -> Vec<&'static str> {
        vec![if to.on { "kms:EnableKeyRotation" } else { "kms:DisableKeyRotation" }]
    }

    async fn observe(&self, target: &Target) -> Result<Rotation, RefusedByAws> {
        Ok(self.read(target).await?.0)
    }

    fn plan(&self, _: &Target, before: &Rotation) -> Plan<Rotation> {
        match before {
            Rotation { never: Some(why), .. } => {
                Plan::leave(format!("the key cannot rotate by itself: {why}"))
            }
            Rotation { on: true, .. } => Plan::Nothing,
            Rotation { on: false, .. } => Plan::Change(Rotation { on: true, never: None }),
        }
    }

    async fn apply(&self, target: &Target, state: &Rotation) -> Result<(), RefusedByAws> {
        let (now, period) = self.read(target).await?;
        let mut input = json!({"KeyId": target.id});
        let call = match (now.on, state.on) {
            (false, true) => {
                if let (Some(period), Some(input)) = (period, input.as_object_mut()) {
                    input.insert("RotationPeriodInDays".to_owned(), json!(period));
                }
                "EnableKeyRotation"
            }
            (true, false) => "DisableKeyRotation",
            _ => return Ok(()),
        };
        let _: IgnoredAny = self.kms.json(call, &input).await.map_err(refused)?;
        Ok(())
    }
}

impl EnableRotation {
    /// Whether a key rotates, and how often if AWS tells.
    async fn read(&self, target: &Target) -> Result<(Rotation, Option<u32>), RefusedByAws> {
        let key = describe(&self.kms, target).await?;
        if key.key_spec.is_none() || key.origin.is_none() || key.key_state.is_none() {
            return Err(unread("DescribeKey"));
        }
        if let Some(why) = never(&key) {
            return Ok((Rotation { on: false, never: Some(why) }, None));
        }
        let input = json!({"KeyId": target.id});
        let status: RotationStatus =
            self.kms.json("GetKeyRotationStatus", &input).await.map_err(refused)?;
        let on = status.key_rotation_enabled.ok_or_else(|| unread("GetKeyRotationStatus"))?;
        Ok((Rotation { on, never: None }, status.rotation_period_in_days))
    }
}

/// Why a key's rotation cannot be set.
///
/// Source: AWS KMS Developer Guide, "Rotate AWS KMS keys", and API Reference, `EnableKeyRotation`.
fn never(key: &KeyMetadata) -> Option<String> {
    let replica = key
        .multi_region_configuration
        .as_ref()
        .is_some_and(|of| of.multi_region_key_type.as_deref() == Some("REPLICA"));
    let (spec, origin, state) =
        (key.key_spec.as_ref()?, key.origin.as_ref()?, key.key_state.as_ref()?);
    if key.key_manager.as_deref() == Some("AWS") {
        Some("it is AWS's, which rotates its own keys".to_owned())
    } else if spec != "SYMMETRIC_DEFAULT" {
        Some(format!("its spec is `{spec}`, and only symmetric encryption keys rotate"))
    } else if key.custom_key_store_id.is_some() || origin != "AWS_KMS" {
        Some(format!("its material is from elsewhere: `{origin}`"))
    } else if replica {
        Some("it is a replica, which rotates with its primary key".to_owned())
    } else if state != ENABLED {
        Some(format!("it is in the state `{state}`"))
    } else {
        None
    }
}
