//! A bucket blocks public access, in all four ways.

use evenkeel_client::{Method, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};

use super::bucket::{ask_about_website, bucket_arn, build_bucket_call, classify_bucket_error};
use crate::access::connection::AwsConnection;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// What the settings are called in requests.
const SETTING: &str = "publicAccessBlock";

/// Turns on the four settings of Block Public Access. An undo sets them as they were.
#[derive(Clone, Debug)]
pub struct BlockPublicAccess {
    s3: ServiceClient,
}

/// A bucket's Block Public Access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketPublicAccess {
    /// None where it was never set.
    pub block: Option<PublicAccessBlock>,
}

/// The four settings.
///
/// Source: Amazon S3 API Reference, `PublicAccessBlockConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own in S3")]
pub struct PublicAccessBlock {
    /// New ACLs may not be public.
    pub block_public_acls: bool,
    /// Public ACLs count for nothing.
    pub ignore_public_acls: bool,
    /// A new policy may not be public.
    pub block_public_policy: bool,
    /// A public policy lets only the account and AWS's services in.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// All of them.
    pub const ALL: PublicAccessBlock = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// S3 tells all four: an answer that leaves one out is none.
    fn from_xml(told: &XmlElement) -> Option<PublicAccessBlock> {
        let setting = |name| told.require_child(name).and_then(XmlElement::parse_text).ok();
        Some(PublicAccessBlock {
            block_public_acls: setting("BlockPublicAcls")?,
            ignore_public_acls: setting("IgnorePublicAcls")?,
            block_public_policy: setting("BlockPublicPolicy")?,
            restrict_public_buckets: setting("RestrictPublicBuckets")?,
        })
    }

    fn to_xml(self) -> XmlElement {
        let settings = [
            ("BlockPublicAcls", self.block_public_acls),
            ("IgnorePublicAcls", self.ignore_public_acls),
            ("BlockPublicPolicy", self.block_public_policy),
            ("RestrictPublicBuckets", self.restrict_public_buckets),
        ];
        let settings =
            settings.map(|(name, is_on)| XmlElement::with_text(name, &is_on.to_string()));
        XmlElement::with_children("PublicAccessBlockConfiguration", settings.into())
    }
}

impl From<AwsConnection> for BlockPublicAccess {
    fn from(aws: AwsConnection) -> Self {
        BlockPublicAccess { s3: ServiceClient::s3(&aws.config) }
    }
}

impl Remediator for BlockPublicAccess {
    type State = BucketPublicAccess;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "s3-block-public-access",
        permissions: &[
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketWebsite",
            "s3:PutBucketPublicAccessBlock",
        ],
        // Who reads the bucket is not known: `precheck` asks about websites, and makes no repair safe by itself.
        tier: Some(SafetyTier::B),
        resource_arns: |target| vec![bucket_arn(target)],
        ..RemediatorSpec::EMPTY
    };

    /// To delete the settings needs the permission to put them.
    fn required_actions(_: &BucketPublicAccess, _: &BucketPublicAccess) -> Vec<&'static str> {
        vec!["s3:PutBucketPublicAccessBlock"]
    }

    async fn observe_state(
        &self,
        target: &TargetResource,
    ) -> Result<BucketPublicAccess, AwsFailure> {
        let told = match build_bucket_call(&self.s3, Method::GET, target, SETTING).send_rest().await
        {
            Ok(answer) => answer.parse_xml().map_err(classify_bucket_error)?,
            Err(error) if error.error_code() == Some("NoSuchPublicAccessBlockConfiguration") => {
                return Ok(BucketPublicAccess { block: None });
            }
            Err(error) => return Err(classify_bucket_error(error)),
        };
        let unread = "GetPublicAccessBlock did not tell all four settings";
        Ok(BucketPublicAccess {
            block: Some(
                PublicAccessBlock::from_xml(&told)
                    .ok_or_else(|| AwsFailure::Retryable(unread.to_owned()))?,
            ),
        })
    }

    fn plan_change(
        &self,
        _: &TargetResource,
        before: &BucketPublicAccess,
    ) -> RemediationPlan<BucketPublicAccess> {
        let after = BucketPublicAccess { block: Some(PublicAccessBlock::ALL) };
        if *before == after { RemediationPlan::Nothing } else { RemediationPlan::Change(after) }
    }

    async fn check_preconditions(
        &self,
        target: &TargetResource,
        _: &BucketPublicAccess,
        _: &BucketPublicAccess,
    ) -> Result<PrecheckResult, AwsFailure> {
        let harm = "which everyone reads: it would answer nobody any more";
        ask_about_website(&self.s3, target, harm).await
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &BucketPublicAccess,
    ) -> Result<(), AwsFailure> {
        let call = match state.block {
            Some(block) => {
                build_bucket_call(&self.s3, Method::PUT, target, SETTING).with_xml(&block.to_xml())
            }
            None => build_bucket_call(&self.s3, Method::DELETE, target, SETTING),
        };
        call.send_rest().await.map(drop).map_err(classify_bucket_error)
    }
}
