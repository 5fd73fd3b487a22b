//! A key gets new key material each year.

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{
    KeyManagerType, KeyMetadata, KeySpec, KeyState, MultiRegionKeyType, OriginType,
};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};

use super::key::refused;
use crate::aws::Aws;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::spec::RemediatorSpec;
use crate::violation::Target;

/// Turns on a key's automatic rotation. An undo turns it off.
///
/// The period that AWS knows of is kept, however long it is.
#[derive(Clone, Debug)]
pub struct EnableRotation {
    client: Client,
}

/// Whether a key rotates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// It does.
    pub on: bool,
    /// Why it cannot: of such a key it is not asked whether it does.
    pub never: Option<String>,
}

impl From<Aws> for EnableRotation {
    fn from(aws: Aws) -> Self {
        EnableRotation { client: Client::new(&aws.config) }
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
        let (client, id) = (&self.client, &target.id);
        let (now, period) = self.read(target).await?;
        match (now.on, state.on) {
            (false, true) => {
                let enable = client.enable_key_rotation().key_id(id);
                let enable = enable.set_rotation_period_in_days(period);
                enable.send().await.map_err(refused)?;
            }
            (true, false) => {
                client.disable_key_rotation().key_id(id).send().await.map_err(refused)?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl EnableRotation {
    /// Whether a key rotates, and how often if AWS tells.
    async fn read(&self, target: &Target) -> Result<(Rotation, Option<i32>), RefusedByAws> {
        let (client, id) = (&self.client, &target.id);
        let unread = |call| RefusedByAws::Later(format!("{call} did not tell all that it should"));
        let key = client.describe_key().key_id(id).send().await.map_err(refused)?;
        let key = key.key_metadata.ok_or_else(|| unread("DescribeKey"))?;
        if key.key_spec.is_none() || key.origin.is_none() || key.key_state.is_none() {
            return Err(unread("DescribeKey"));
        }
        if let Some(why) = never(&key) {
            return Ok((Rotation { on: false, never: Some(why) }, None));
        }
        let status = client.get_key_rotation_status().key_id(id).send().await.map_err(refused)?;
        // The SDK takes a switch that is left out for one that is off; the key's ARN it does not make up.
        status.key_id.ok_or_else(|| unread("GetKeyRotationStatus"))?;
        let on = status.key_rotation_enabled;
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
        .is_some_and(|of| of.multi_region_key_type == Some(MultiRegionKeyType::Replica));
    let (spec, origin, state) =
        (key.key_spec.as_ref()?, key.origin.as_ref()?, key.key_state.as_ref()?);
    if key.key_manager == Some(KeyManagerType::Aws) {
        Some("it is AWS's, which rotates its own keys".to_owned())
    } else if *spec != KeySpec::SymmetricDefault {
        Some(format!("its spec is `{spec}`, and only symmetric encryption keys rotate"))
    } else if key.custom_key_store_id.is_some() || *origin != OriginType::AwsKms {
        Some(format!("its material is from elsewhere: `{origin}`"))
    } else if replica {
        Some("it is a replica, which rotates with its primary key".to_owned())
    } else if *state != KeyState::Enabled {
        Some(format!("it is in the state `{state}`"))
    } else {
        None
    }
}
