//! A snapshot of a volume is not shared with everyone.

use evenkeel_rules::policy::Tier;

use super::sharing::{Kind, arn};
use crate::aws::Aws;
use crate::catalog::shared::sharing::{Sharing, plan};
use crate::query::Query;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::spec::RemediatorSpec;
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

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "ec2-snapshot-private",
        permissions: &["ec2:DescribeSnapshotAttribute", "ec2:ModifySnapshotAttribute"],
        tier: Some(Tier::A),
        arns: |target| vec![arn(target, "snapshot")],
        ..RemediatorSpec::EMPTY
    };

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
