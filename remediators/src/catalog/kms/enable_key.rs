//! A key that was disabled is enabled.

use aws_sdk_kms::Client;
use aws_sdk_kms::types::KeyState;
use evenkeel_rules::policy::Tier;

use super::key::{Key, observe, refused};
use crate::aws::Aws;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::spec::RemediatorSpec;
use crate::violation::Target;

/// Enables a key, so that what it encrypted can be read again. An undo disables it.
#[derive(Clone, Debug)]
pub struct EnableKey {
    client: Client,
}

impl From<Aws> for EnableKey {
    fn from(aws: Aws) -> Self {
        EnableKey { client: Client::new(&aws.config) }
    }
}

impl Remediator for EnableKey {
    type State = Key;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "kms-enable-key",
        permissions: &["kms:DescribeKey", "kms:DisableKey", "kms:EnableKey"],
        tier: Some(Tier::B),
        arns: |target| vec![target.arn("kms", &format!("key/{}", target.id))],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Key, to: &Key) -> Vec<&'static str> {
        match to.state() {
            KeyState::Enabled => vec!["kms:EnableKey"],
            _ => vec!["kms:DisableKey"],
        }
    }

    async fn observe(&self, target: &Target) -> Result<Key, RefusedByAws> {
        observe(&self.client, target).await
    }

    fn plan(&self, _: &Target, before: &Key) -> Plan<Key> {
        match before.state() {
            KeyState::Enabled => Plan::Nothing,
            KeyState::Disabled => Plan::Change(Key::of(&KeyState::Enabled)),
            _ => Plan::leave(format!(
                "the key is in the state `{}`, from which it cannot be enabled",
                before.state
            )),
        }
    }

    async fn apply(&self, target: &Target, state: &Key) -> Result<(), RefusedByAws> {
        let (client, id) = (&self.client, &target.id);
        if state.state() == KeyState::Enabled {
            client.enable_key().key_id(id).send().await.map_err(refused)?;
        } else {
            client.disable_key().key_id(id).send().await.map_err(refused)?;
        }
        Ok(())
    }
}
