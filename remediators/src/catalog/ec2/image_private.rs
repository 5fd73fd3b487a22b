//! A machine image is not shared with everyone.

use evenkeel_rules::policy::Tier;

use super::sharing::{Kind, arn};
use crate::aws::Aws;
use crate::catalog::shared::sharing::{Sharing, plan};
use crate::query::Query;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::spec::RemediatorSpec;
use crate::violation::Target;

const KIND: Kind = Kind {
    describe: "DescribeImageAttribute",
    modify: "ModifyImageAttribute",
    id: "ImageId",
    attribute: "launchPermission",
};

/// Takes everyone off those who may launch an image. An undo shares it with everyone again.
#[derive(Clone, Debug)]
pub struct ImagePrivate {
    query: Query,
}

impl From<Aws> for ImagePrivate {
    fn from(aws: Aws) -> Self {
        ImagePrivate { query: Query::ec2(&aws) }
    }
}

impl Remediator for ImagePrivate {
    type State = Sharing;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "ec2-image-private",
        permissions: &["ec2:DescribeImageAttribute", "ec2:ModifyImageAttribute"],
        tier: Some(Tier::A),
        arns: |target| vec![arn(target, "image")],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Sharing, _: &Sharing) -> Vec<&'static str> {
        vec!["ec2:ModifyImageAttribute"]
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
