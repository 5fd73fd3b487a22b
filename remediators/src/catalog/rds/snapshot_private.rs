//! A snapshot of a database is not shared with everyone.

use evenkeel_rules::policy::Tier;

use super::sharing::Kind;
use crate::aws::Aws;
use crate::catalog::shared::sharing::{Sharing, plan};
use crate::query::Query;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::spec::RemediatorSpec;
use crate::violation::Target;

const KIND: Kind = Kind {
    describe: "DescribeDBSnapshotAttributes",
    modify: "ModifyDBSnapshotAttribute",
    id: "DBSnapshotIdentifier",
    path: [
        "DescribeDBSnapshotAttributesResult",
        "DBSnapshotAttributesResult",
        "DBSnapshotAttributes",
    ],
};

/// Takes everyone off those who may restore a snapshot. An undo shares it with everyone again.
#[derive(Clone, Debug)]
pub struct SnapshotPrivate {
    query: Query,
}

impl From<Aws> for SnapshotPrivate {
    fn from(aws: Aws) -> Self {
        SnapshotPrivate { query: Query::rds(&aws) }
    }
}

impl Remediator for SnapshotPrivate {
    type State = Sharing;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "rds-snapshot-private",
        permissions: &["rds:DescribeDBSnapshotAttributes", "rds:ModifyDBSnapshotAttribute"],
        tier: Some(Tier::A),
        arns: |target| vec![target.arn("rds", &format!("snapshot:{}", target.id))],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Sharing, _: &Sharing) -> Vec<&'static str> {
        vec!["rds:ModifyDBSnapshotAttribute"]
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
