//! Enables disabled KMS keys.

use evenkeel_client::ServiceClient;
use evenkeel_rules::policy::SafetyTier;
use serde::de::IgnoredAny;
use serde_json::json;

use super::key::{DISABLED, ENABLED, KeyState, classify_key_error, read_key_state};
use crate::access::connection::AwsConnection;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// A remediator that enables a key, so that data that was encrypted with the key can be decrypted
/// again. An undo disables the key.
#[derive(Clone, Debug)]
pub struct EnableKey {
    kms: ServiceClient,
}

impl From<AwsConnection> for EnableKey {
    fn from(aws: AwsConnection) -> Self {
        EnableKey { kms: ServiceClient::kms(&aws.config) }
    }
}

impl Remediator for EnableKey {
    type State = KeyState;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "kms-enable-key",
        permissions: &["kms:DescribeKey", "kms:DisableKey", "kms:EnableKey"],
        tier: Some(SafetyTier::B),
        resource_arns: |target| vec![target.build_arn("kms", &format!("key/{}", target.id))],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &KeyState, to: &KeyState) -> Vec<&'static str> {
        match to.state.as_str() {
            ENABLED => vec!["kms:EnableKey"],
            _ => vec!["kms:DisableKey"],
        }
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<KeyState, AwsFailure> {
        read_key_state(&self.kms, target).await
    }

    fn plan_change(&self, _: &TargetResource, before: &KeyState) -> RemediationPlan<KeyState> {
        match before.state.as_str() {
            ENABLED => RemediationPlan::Nothing,
            DISABLED => RemediationPlan::Change(KeyState::from_name(ENABLED)),
            _ => RemediationPlan::leave_to_person(format!(
                "the KMS key has state `{}` and cannot be enabled; check the key",
                before.state
            )),
        }
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &KeyState,
    ) -> Result<(), AwsFailure> {
        let call = if state.state == ENABLED { "EnableKey" } else { "DisableKey" };
        let input = json!({"KeyId": target.id});
        let _: IgnoredAny = self.kms.call_json(call, &input).await.map_err(classify_key_error)?;
        Ok(())
    }
}
