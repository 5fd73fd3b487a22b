//! Cancels the scheduled deletion of KMS keys.

use evenkeel_client::ServiceClient;
use evenkeel_rules::policy::SafetyTier;
use serde::de::IgnoredAny;
use serde_json::json;

use super::key::{
    DISABLED, ENABLED, KeyState, PENDING_DELETION, classify_key_error, read_key_state,
};
use crate::access::connection::AwsConnection;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The maximum waiting period of a deletion in days. An undo schedules the deletion with this
/// period.
const MAX_DELETION_DAYS: i32 = 30;

/// A remediator that cancels the scheduled deletion of a key.
///
/// After the cancellation, the key is disabled. The remediator does not enable the key, because the
/// state before the scheduled deletion is unknown. Remediator `kms-enable-key` enables a key. An
/// undo schedules the deletion again with the maximum waiting period. The remediation role has no
/// permission for that call, so the person who runs the undo needs `kms:ScheduleKeyDeletion`.
#[derive(Clone, Debug)]
pub struct CancelKeyDeletion {
    kms: ServiceClient,
}

impl From<AwsConnection> for CancelKeyDeletion {
    fn from(aws: AwsConnection) -> Self {
        CancelKeyDeletion { kms: ServiceClient::kms(&aws.config) }
    }
}

impl Remediator for CancelKeyDeletion {
    type State = KeyState;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "kms-cancel-key-deletion",
        permissions: &["kms:CancelKeyDeletion", "kms:DescribeKey"],
        tier: Some(SafetyTier::A),
        resource_arns: |target| vec![target.build_arn("kms", &format!("key/{}", target.id))],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &KeyState, to: &KeyState) -> Vec<&'static str> {
        match to.state.as_str() {
            PENDING_DELETION => vec!["kms:ScheduleKeyDeletion"],
            _ => vec!["kms:CancelKeyDeletion"],
        }
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<KeyState, AwsFailure> {
        read_key_state(&self.kms, target).await
    }

    fn plan_change(&self, _: &TargetResource, before: &KeyState) -> RemediationPlan<KeyState> {
        match before.state.as_str() {
            PENDING_DELETION => RemediationPlan::Change(KeyState::from_name(DISABLED)),
            "PendingReplicaDeletion" => RemediationPlan::leave_to_person(
                "the KMS key waits for the deletion of its replica keys in other Regions; cancel \
                 that deletion first"
                    .to_owned(),
            ),
            ENABLED | DISABLED | "PendingImport" => RemediationPlan::Nothing,
            _ => RemediationPlan::leave_to_person(format!(
                "the KMS key has state `{}`, which this remediator does not change; check the key",
                before.state
            )),
        }
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &KeyState,
    ) -> Result<(), AwsFailure> {
        let id = &target.id;
        let (call, input) = if state.state == PENDING_DELETION {
            ("ScheduleKeyDeletion", json!({"KeyId": id, "PendingWindowInDays": MAX_DELETION_DAYS}))
        } else if self.observe_state(target).await? != *state {
            ("CancelKeyDeletion", json!({"KeyId": id}))
        } else {
            return Ok(());
        };
        let _: IgnoredAny = self.kms.call_json(call, &input).await.map_err(classify_key_error)?;
        Ok(())
    }
}
