//! A bucket blocks public access, in all four ways.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};

use super::bucket::{arn, ask_about_website, client, refused};
use crate::aws::Aws;
use crate::remediator::{Check, Plan, RefusedByAws, Remediator};
use crate::spec::RemediatorSpec;
use crate::violation::Target;

/// Turns on the four settings of Block Public Access. An undo sets them as they were.
#[derive(Clone, Debug)]
pub struct BlockPublicAccess {
    client: Client,
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
    fn read(told: &PublicAccessBlockConfiguration) -> Option<Block> {
        Some(Block {
            block_public_acls: told.block_public_acls?,
            ignore_public_acls: told.ignore_public_acls?,
            block_public_policy: told.block_public_policy?,
            restrict_public_buckets: told.restrict_public_buckets?,
        })
    }

    fn told(self) -> PublicAccessBlockConfiguration {
        PublicAccessBlockConfiguration::builder()
            .block_public_acls(self.block_public_acls)
            .ignore_public_acls(self.ignore_public_acls)
            .block_public_policy(self.block_public_policy)
            .restrict_public_buckets(self.restrict_public_buckets)
            .build()
    }
}

impl From<Aws> for BlockPublicAccess {
    fn from(aws: Aws) -> Self {
        BlockPublicAccess { client: client(&aws) }
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
        let call = self.client.get_public_access_block().bucket(&target.id);
        let told = match call.expected_bucket_owner(&target.account).send().await {
            Ok(answer) => answer.public_access_block_configuration,
            Err(error) if error.code() == Some("NoSuchPublicAccessBlockConfiguration") => {
                return Ok(Bucket { block: None });
            }
            Err(error) => return Err(refused(error)),
        };
        let block = told.as_ref().and_then(Block::read);
        let unread = "GetPublicAccessBlock did not tell all four settings";
        Ok(Bucket { block: Some(block.ok_or_else(|| RefusedByAws::Later(unread.to_owned()))?) })
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
        ask_about_website(&self.client, target, harm).await
    }

    async fn apply(&self, target: &Target, state: &Bucket) -> Result<(), RefusedByAws> {
        let (client, bucket, owner) = (&self.client, &target.id, &target.account);
        if let Some(block) = state.block {
            let call = client.put_public_access_block().bucket(bucket);
            let call = call.expected_bucket_owner(owner);
            let call = call.public_access_block_configuration(block.told());
            call.send().await.map_err(refused)?;
        } else {
            let call = client.delete_public_access_block().bucket(bucket);
            call.expected_bucket_owner(owner).send().await.map_err(refused)?;
        }
        Ok(())
    }
}
