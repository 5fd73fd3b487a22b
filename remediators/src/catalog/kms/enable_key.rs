//! A key that was disabled is enabled.

use evenkeel_client::Service;
use evenkeel_rules::policy::Tier;
use serde::de::IgnoredAny;
use serde_json::json;

use super::key::{DISABLED, ENABLED, Key, observe, refused};
use crate::access::aws::Aws;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// Enables a key, so that what it encrypted can be read again. An undo disables it.
#[derive(Clone, Debug)]
pub struct EnableKey {
    kms: Service,
}

impl From<Aws> for EnableKey {
    fn from(aws: Aws) -> Self {
        EnableKey { kms: Service::kms(&aws.config) }
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
        match to.state.as_str() {
            ENABLED => vec!["kms:EnableKey"],
            _ => vec!["kms:DisableKey"],
        }
    }

    async fn observe(&self, target: &Target) -> Result<Key, RefusedByAws> {
        observe(&self.kms, target).await
    }

    fn plan(&self, _: &Target, before: &Key) -> Plan<Key> {
        match before.state.as_str() {
            ENABLED => Plan::Nothing,
            DISABLED => Plan::Change(Key::of(ENABLED)),
            _ => Plan::leave(format!(
                "the key is in the state `{}`, from which it cannot be enabled",
                before.state
            )),
        }
    }

    async fn apply(&self, target: &Target, state: &Key) -> Result<(), RefusedByAws> {
        let call = if state.state == ENABLED { "EnableKey" } else { "DisableKey" };
        let input = json!({"KeyId": target.id});
        let _: IgnoredAny = self.kms.json(call, &input).await.map_err(refused)?;
        Ok(())
    }
}
