//! A key that is to be deleted is kept.

use aws_sdk_kms::Client;
use aws_sdk_kms::types::KeyState;
use evenkeel_rules::policy::Tier;

use super::key::{Key, observe, refused};
use crate::aws::Aws;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::spec::RemediatorSpec;
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
    client: Client,
}

impl From<Aws> for CancelKeyDeletion {
    fn from(aws: Aws) -> Self {
        CancelKeyDeletion { client: Client::new(&aws.config) }
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
        match to.state() {
            KeyState::PendingDeletion => vec!["kms:ScheduleKeyDeletion"],
            _ => vec!["kms:CancelKeyDeletion"],
        }
    }

    async fn observe(&self, target: &Target) -> Result<Key, RefusedByAws> {
        observe(&self.client, target).await
    }

    fn plan(&self, _: &Target, before: &Key) -> Plan<Key> {
        match before.state() {
            KeyState::PendingDeletion => Plan::Change(Key::of(&KeyState::Disabled)),
            KeyState::PendingReplicaDeletion => Plan::leave(
                "the key waits for the deletion of its replicas in other Regions".to_owned(),
            ),
            KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => Plan::Nothing,
            _ => Plan::leave(format!("the key is in the state `{}`", before.state)),
        }
    }

    async fn apply(&self, target: &Target, state: &Key) -> Result<(), RefusedByAws> {
        if state.state() == KeyState::PendingDeletion {
            let schedule = self.client.schedule_key_deletion().key_id(&target.id);
            schedule.pending_window_in_days(LONGEST).send().await.map_err(refused)?;
        } else if self.observe(target).await? != *state {
            let cancel = self.client.cancel_key_deletion().key_id(&target.id);
            cancel.send().await.map_err(refused)?;
        }
        Ok(())
    }
}
