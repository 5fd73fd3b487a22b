//! A key that is to be deleted is kept.

use evenkeel_client::Service;
use evenkeel_rules::policy::Tier;
use serde::de::IgnoredAny;
use serde_json::json;

use super::key::{DISABLED, ENABLED, Key, PENDING_DELETION, observe, refused};
use crate::access::aws::Aws;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// The longest time that a deletion can wait, in days: an undo begins it anew.
const LONGEST: i32 = 30;

/// Cancels the deletion of a key.
///
/// The key is disabled then, as AWS leaves it: whether it was enabled before is not known, and to enable it is
/// another remediator's. An undo schedules the deletion again, with the longest wait; the role of the
/// remediator has no right to do that, whoever undoes needs it.
#[derive(Clone, Debug)]
pub struct CancelKeyDeletion {
    kms: Service,
}

impl From<Aws> for CancelKeyDeletion {
    fn from(aws: Aws) -> Self {
        CancelKeyDeletion { kms: Service::kms(&aws.config) }
    }
}

impl Remediator for CancelKeyDeletion {
    type State = Key;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "kms-cancel-key-deletion",
        permissions: &["kms:CancelKeyDeletion", "kms:DescribeKey"],
        tier: Some(Tier::A),
        arns: |target| vec![target.arn("kms", &format!("key/{}", target.id))],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Key, to: &Key) -> Vec<&'static str> {
        match to.state.as_str() {
            PENDING_DELETION => vec!["kms:ScheduleKeyDeletion"],
            _ => vec!["kms:CancelKeyDeletion"],
        }
    }

    async fn observe(&self, target: &Target) -> Result<Key, RefusedByAws> {
        observe(&self.kms, target).await
    }

    fn plan(&self, _: &Target, before: &Key) -> Plan<Key> {
        match before.state.as_str() {
            PENDING_DELETION => Plan::Change(Key::of(DISABLED)),
            "PendingReplicaDeletion" => Plan::leave(
                "the key waits for the deletion of its replicas in other Regions".to_owned(),
            ),
            ENABLED | DISABLED | "PendingImport" => Plan::Nothing,
            _ => Plan::leave(format!("the key is in the state `{}`", before.state)),
        }
    }

    async fn apply(&self, target: &Target, state: &Key) -> Result<(), RefusedByAws> {
        let id = &target.id;
        let (call, input) = if state.state == PENDING_DELETION {
            ("ScheduleKeyDeletion", json!({"KeyId": id, "PendingWindowInDays": LONGEST}))
        } else if self.observe(target).await? != *state {
            ("CancelKeyDeletion", json!({"KeyId": id}))
        } else {
            return Ok(());
        };
        let _: IgnoredAny = self.kms.json(call, &input).await.map_err(refused)?;
        Ok(())
    }
}
