//! A bucket blocks public access, in all four ways.

use evenkeel_client::{Element, Method, Service};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};

use super::bucket::{arn, ask_about_website, call, refused};
use crate::access::aws::Aws;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// What the settings are called in requests.
const SETTING: &str = "publicAccessBlock";

/// Turns on the four settings of Block Public Access. An undo sets them as they were.
#[derive(Clone, Debug)]
pub struct BlockPublicAccess {
    s3: Service,
}

/// A bucket's Block Public Access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// None where it was never set.
    pub block: Option<Block>,
}

/// The four settings.
///
/// Source: Amazon S3 API Reference, `PublicAccessBlockConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own in S3")]
pub struct Block {
    /// New ACLs may not be public.
    pub block_public_acls: bool,
    /// Public ACLs count for nothing.
    pub ignore_public_acls: bool,
    /// A new policy may not be public.
    pub block_public_policy: bool,
    /// A public policy lets only the account and AWS's services in.
    pub restrict_public_buckets: bool,
}

impl Block {
    /// All of them.
    pub const ALL: Block = Block {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// S3 tells all four: an answer that leaves one out is none.
    fn read(told: &Element) -> Option<Block> {
        let setting = |name| told.get(name).and_then(Element::parse).ok();
        Some(Block {
            block_public_acls: setting("BlockPublicAcls")?,
            ignore_public_acls: setting("IgnorePublicAcls")?,
            block_public_policy: setting("BlockPublicPolicy")?,
            restrict_public_buckets: setting("RestrictPublicBuckets")?,
        })
    }

    fn write(self) -> Element {
        let settings = [
            ("BlockPublicAcls", self.block_public_acls),
            ("IgnorePublicAcls", self.ignore_public_acls),
            ("BlockPublicPolicy", self.block_public_policy),
            ("RestrictPublicBuckets", self.restrict_public_buckets),
        ];
        let settings = settings.map(|(name, is_on)| Element::leaf(name, &is_on.to_string()));
        Element::branch("PublicAccessBlockConfiguration", settings.into())
    }
}

impl From<Aws> for BlockPublicAccess {
    fn from(aws: Aws) -> Self {
        BlockPublicAccess { s3: Service::s3(&aws.config) }
    }
}

impl Remediator for BlockPublicAccess {
    type State = Bucket;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "s3-block-public-access",
        permissions: &[
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketWebsite",
            "s3:PutBucketPublicAccessBlock",
        ],
        // Who reads the bucket is not known: `precheck` asks about websites, and makes no repair safe by itself.
        tier: Some(Tier::B),
        arns: |target| vec![arn(target)],
        ..RemediatorSpec::EMPTY
    };

    /// To delete the settings needs the permission to put them.
    fn calls(_: &Bucket, _: &Bucket) -> Vec<&'static str> {
        vec!["s3:PutBucketPublicAccessBlock"]
    }

    async fn observe(&self, target: &Target) -> Result<Bucket, RefusedByAws> {
        let told = match call(&self.s3, Method::GET, target, SETTING).send().await {
            Ok(answer) => answer.xml().map_err(refused)?,
            Err(error) if error.code() == Some("NoSuchPublicAccessBlockConfiguration") => {
                return Ok(Bucket { block: None });
            }
            Err(error) => return Err(refused(error)),
        };
        let unread = "GetPublicAccessBlock did not tell all four settings";
        Ok(Bucket {
            block: Some(Block::read(&told).ok_or_else(|| RefusedByAws::Later(unread.to_owned()))?),
        })
    }

    fn plan(&self, _: &Target, before: &Bucket) -> Plan<Bucket> {
        let after = Bucket { block: Some(Block::ALL) };
        if *before == after { Plan::Nothing } else { Plan::Change(after) }
    }

    async fn precheck(
        &self,
        target: &Target,
        _: &Bucket,
        _: &Bucket,
    ) -> Result<Check, RefusedByAws> {
        let harm = "which everyone reads: it would answer nobody any more";
        ask_about_website(&self.s3, target, harm).await
    }

    async fn apply(&self, target: &Target, state: &Bucket) -> Result<(), RefusedByAws> {
        let call = match state.block {
            Some(block) => call(&self.s3, Method::PUT, target, SETTING).with_xml(&block.write()),
            None => call(&self.s3, Method::DELETE, target, SETTING),
        };
        call.send().await.map(drop).map_err(refused)
    }
}
