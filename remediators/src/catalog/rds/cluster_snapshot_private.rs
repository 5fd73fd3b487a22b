//! A snapshot of a cluster is not shared with everyone.

use evenkeel_rules::policy::Tier;

use super::sharing::Kind;
use crate::aws::Aws;
use crate::catalog::shared::sharing::{Sharing, plan};
use crate::query::Query;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::spec::RemediatorSpec;
use crate::violation::Target;

const KIND: Kind = Kind {
    describe: "DescribeDBClusterSnapshotAttributes",
    modify: "ModifyDBClusterSnapshotAttribute",
    id: "DBClusterSnapshotIdentifier",
    path: [
        "DescribeDBClusterSnapshotAttributesResult",
        "DBClusterSnapshotAttributesResult",
        "DBClusterSnapshotAttributes",
    ],
};

/// Takes everyone off those who may restore a snapshot. An undo shares it with everyone again.
///
/// Clusters of the other engines that share the API, such as Amazon Neptune, answer the same calls.
#[derive(Clone, Debug)]
pub struct ClusterSnapshotPrivate {
    query: Query,
}

impl From<Aws> for ClusterSnapshotPrivate {
    fn from(aws: Aws) -> Self {
        ClusterSnapshotPrivate { query: Query::rds(&aws) }
    }
}

impl Remediator for ClusterSnapshotPrivate {
    type State = Sharing;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "rds-cluster-snapshot-private",
        permissions: &[
            "rds:DescribeDBClusterSnapshotAttributes",
            "rds:ModifyDBClusterSnapshotAttribute",
        ],
        tier: Some(Tier::A),
        arns: |target| vec![target.arn("rds", &format!("cluster-snapshot:{}", target.id))],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Sharing, _: &Sharing) -> Vec<&'static str> {
        vec!["rds:ModifyDBClusterSnapshotAttribute"]
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
