//! A snapshot of a volume is not shared with everyone.

use evenkeel_rules::policy::Tier;

use super::ec2_sharing::{Kind, arn};
use super::sharing::{Sharing, plan};
use crate::aws::Aws;
use crate::query::Query;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

const KIND: Kind = Kind {
    describe: "DescribeSnapshotAttribute",
    modify: "ModifySnapshotAttribute",
    id: "SnapshotId",
    attribute: "createVolumePermission",
};

/// Takes everyone off those who may make a volume of a snapshot. An undo shares it with everyone again.
#[derive(Clone, Debug)]
pub struct SnapshotPrivate {
    query: Query,
}

impl From<Aws> for SnapshotPrivate {
    fn from(aws: Aws) -> Self {
        SnapshotPrivate { query: Query::ec2(&aws) }
    }
}

impl Remediator for SnapshotPrivate {
    type State = Sharing;

    const ID: &'static str = "ec2-snapshot-private";
    const PERMISSIONS: &'static [&'static str] =
        &["ec2:DescribeSnapshotAttribute", "ec2:ModifySnapshotAttribute"];
    const TIER: Option<Tier> = Some(Tier::A);

    fn arns(target: &Target) -> Vec<String> {
        vec![arn(target, "snapshot")]
    }

    fn calls(_: &Sharing, _: &Sharing) -> Vec<&'static str> {
        vec!["ec2:ModifySnapshotAttribute"]
    }

    async fn observe(&self, target: &Target) -> Result<Sharing, RefusedByAws> {
        KIND.observe(&self.query, target).await
    }

    fn plan(&self, _: &Target, before: &Sharing) -> Plan<Sharing> {
        plan(*before)
    }

    async fn apply(&self, target: &Target, state: &Sharing) -> Result<(), RefusedByAws> {
        KIND.apply(&self.query, target, state).await
    }
}
