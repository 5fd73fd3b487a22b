//! Turns on the automatic rotation of KMS keys.

use evenkeel_client::ServiceClient;
use evenkeel_rules::policy::SafetyTier;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::key::{ENABLED, KeyMetadata, classify_key_error, describe_key, incomplete_response};
use crate::access::connection::AwsConnection;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// A remediator that turns on the automatic rotation of a key. An undo turns it off.
///
/// An existing rotation period stays unchanged.
#[derive(Clone, Debug)]
pub struct EnableRotation {
    kms: ServiceClient,
}

/// The rotation of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotation {
    /// True if automatic rotation is on.
    pub on: bool,
    /// The reason why the key does not support automatic rotation. The rotation status of such a
    /// key is not read. `None` if the key supports automatic rotation.
    pub never: Option<String>,
}

/// The response with the rotation status.
///
/// Source: AWS KMS API Reference, `GetKeyRotationStatus`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RotationStatus {
    key_rotation_enabled: Option<bool>,
    rotation_period_in_days: Option<u32>,
}

impl From<AwsConnection> for EnableRotation {
    fn from(aws: AwsConnection) -> Self {
        EnableRotation { kms: ServiceClient::kms(&aws.config) }
    }
}

impl Remediator for EnableRotation {
    type State = KeyRotation;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "kms-enable-rotation",
        permissions: &[
            "kms:DescribeKey",
            "kms:DisableKeyRotation",
            "kms:EnableKeyRotation",
            "kms:GetKeyRotationStatus",
        ],
        tier: Some(SafetyTier::A),
        resource_arns: |target| vec![target.build_arn("kms", &format!("key/{}", target.id))],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &KeyRotation, to: &KeyRotation) -> Vec<&'static str> {
        vec![if to.on { "kms:EnableKeyRotation" } else { "kms:DisableKeyRotation" }]
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<KeyRotation, AwsFailure> {
        Ok(self.read_rotation(target).await?.0)
    }

    fn plan_change(
        &self,
        _: &TargetResource,
        before: &KeyRotation,
    ) -> RemediationPlan<KeyRotation> {
        match before {
            KeyRotation { never: Some(why), .. } => RemediationPlan::leave_to_person(format!(
                "automatic rotation cannot be turned on: {why}"
            )),
            KeyRotation { on: true, .. } => RemediationPlan::Nothing,
            KeyRotation { on: false, .. } => {
                RemediationPlan::Change(KeyRotation { on: true, never: None })
            }
        }
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &KeyRotation,
    ) -> Result<(), AwsFailure> {
        let (now, period) = self.read_rotation(target).await?;
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
        let _: IgnoredAny = self.kms.call_json(call, &input).await.map_err(classify_key_error)?;
        Ok(())
    }
}

impl EnableRotation {
    /// Reads the rotation of a key, and the rotation period in days if AWS returns it.
    async fn read_rotation(
        &self,
        target: &TargetResource,
    ) -> Result<(KeyRotation, Option<u32>), AwsFailure> {
        let key = describe_key(&self.kms, target).await?;
        if key.key_spec.is_none() || key.origin.is_none() || key.key_state.is_none() {
            return Err(incomplete_response("DescribeKey"));
        }
        if let Some(why) = find_rotation_obstacle(&key) {
            return Ok((KeyRotation { on: false, never: Some(why) }, None));
        }
        let input = json!({"KeyId": target.id});
        let status: RotationStatus =
            self.kms.call_json("GetKeyRotationStatus", &input).await.map_err(classify_key_error)?;
        let on = status
            .key_rotation_enabled
            .ok_or_else(|| incomplete_response("GetKeyRotationStatus"))?;
        Ok((KeyRotation { on, never: None }, status.rotation_period_in_days))
    }
}

/// Returns the reason why a key does not support automatic rotation.
///
/// Source: AWS KMS Developer Guide, "Rotate AWS KMS keys", and API Reference, `EnableKeyRotation`.
fn find_rotation_obstacle(key: &KeyMetadata) -> Option<String> {
    let replica = key
        .multi_region_configuration
        .as_ref()
        .is_some_and(|of| of.multi_region_key_type.as_deref() == Some("REPLICA"));
    let (spec, origin, state) =
        (key.key_spec.as_ref()?, key.origin.as_ref()?, key.key_state.as_ref()?);
    if key.key_manager.as_deref() == Some("AWS") {
        Some("the KMS key is an AWS managed key, which AWS rotates".to_owned())
    } else if spec != "SYMMETRIC_DEFAULT" {
        Some(format!("the KMS key has spec `{spec}`, and only symmetric encryption keys rotate"))
    } else if key.custom_key_store_id.is_some() || origin != "AWS_KMS" {
        Some(format!("the key material of the KMS key has origin `{origin}`, not `AWS_KMS`"))
    } else if replica {
        Some("the KMS key is a replica key, which rotates with its primary key".to_owned())
    } else if state != ENABLED {
        Some(format!("the KMS key has state `{state}`, not `{ENABLED}`"))
    } else {
        None
    }
}
