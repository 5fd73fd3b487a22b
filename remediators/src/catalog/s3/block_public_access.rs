//! Turns on Block Public Access for S3 buckets.

use evenkeel_client::{Method, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};

use super::bucket::{ask_about_website, bucket_arn, build_bucket_call, classify_bucket_error};
use crate::access::connection::AwsConnection;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The query parameter of the requests that read and write the settings.
const SETTING: &str = "publicAccessBlock";

/// A remediator that turns on the four settings of Block Public Access. An undo restores the former
/// settings.
#[derive(Clone, Debug)]
pub struct BlockPublicAccess {
    s3: ServiceClient,
}

/// The Block Public Access configuration of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketPublicAccess {
    /// The settings. `None` if they were never set.
    pub block: Option<PublicAccessBlock>,
}

/// The four settings of Block Public Access.
///
/// Source: Amazon S3 API Reference, `PublicAccessBlockConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate setting of S3")]
pub struct PublicAccessBlock {
    /// True if S3 rejects new public ACLs.
    pub block_public_acls: bool,
    /// True if S3 ignores public ACLs.
    pub ignore_public_acls: bool,
    /// True if S3 rejects a new public policy.
    pub block_public_policy: bool,
    /// True if a public policy allows only the account and AWS services.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// All four settings turned on.
    pub const ALL: PublicAccessBlock = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// Parses the settings of a response. Returns `None` if one of the four settings is missing.
    fn from_xml(response: &XmlElement) -> Option<PublicAccessBlock> {
        let setting = |name| response.require_child(name).and_then(XmlElement::parse_text).ok();
        Some(PublicAccessBlock {
            block_public_acls: setting("BlockPublicAcls")?,
            ignore_public_acls: setting("IgnorePublicAcls")?,
            block_public_policy: setting("BlockPublicPolicy")?,
            restrict_public_buckets: setting("RestrictPublicBuckets")?,
        })
    }

    /// Returns the settings as the XML of a request.
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
        // The readers of the bucket are unknown. The precondition check only asks about websites.
        // It does not make the remediation safe, so `precondition` is not set.
        tier: Some(SafetyTier::B),
        resource_arns: |target| vec![bucket_arn(target)],
        ..RemediatorSpec::EMPTY
    };

    /// Returns `s3:PutBucketPublicAccessBlock`, which also allows deleting the settings.
    fn required_actions(_: &BucketPublicAccess, _: &BucketPublicAccess) -> Vec<&'static str> {
        vec!["s3:PutBucketPublicAccessBlock"]
    }

    async fn observe_state(
        &self,
        target: &TargetResource,
    ) -> Result<BucketPublicAccess, AwsFailure> {
        let response = match build_bucket_call(&self.s3, Method::GET, target, SETTING)
            .send_rest()
            .await
        {
            Ok(answer) => answer.parse_xml().map_err(classify_bucket_error)?,
            Err(error) if error.error_code() == Some("NoSuchPublicAccessBlockConfiguration") => {
                return Ok(BucketPublicAccess { block: None });
            }
            Err(error) => return Err(classify_bucket_error(error)),
        };
        let unreadable = "GetPublicAccessBlock did not return all four settings of the S3 bucket";
        Ok(BucketPublicAccess {
            block: Some(
                PublicAccessBlock::from_xml(&response)
                    .ok_or_else(|| AwsFailure::Retryable(unreadable.to_owned()))?,
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
        let harm = "which the public could no longer read; check this before you approve";
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
