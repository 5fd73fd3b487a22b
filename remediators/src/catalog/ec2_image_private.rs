//! A machine image is not shared with everyone.

use evenkeel_rules::policy::Tier;

use super::ec2_sharing::{Kind, arn};
use super::sharing::{Sharing, plan};
use crate::aws::Aws;
use crate::query::Query;
use crate::remediator::{Plan, RefusedByAws, Remediator};
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

    const ID: &'static str = "ec2-image-private";
    const PERMISSIONS: &'static [&'static str] =
        &["ec2:DescribeImageAttribute", "ec2:ModifyImageAttribute"];
    const TIER: Option<Tier> = Some(Tier::A);

    fn arns(target: &Target) -> Vec<String> {
        vec![arn(target, "image")]
    }

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
