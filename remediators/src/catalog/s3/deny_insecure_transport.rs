//! A bucket's policy denies plain HTTP to everyone.

use evenkeel_client::{Method, Service};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bucket::{arn, ask_about_website, call, refused};
use crate::access::aws::Aws;
use crate::catalog::shared::tls_only::TlsOnly;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// A policy may have so many bytes.
///
/// Source: Amazon S3 User Guide, "Bucket policies": 20 KB.
const LONGEST: usize = 20 * 1024;

/// Adds a statement to a bucket's policy that denies everyone everything over plain HTTP. The statements that
/// are there stay as they are. An undo puts the policy that was there, or deletes it if there was none.
///
/// A bucket that serves a website is asked about: its website endpoint takes plain HTTP only.
///
/// Source: Amazon S3 User Guide, "Website endpoints", "Key differences between a website endpoint and a REST API endpoint".
#[derive(Clone, Debug)]
pub struct DenyInsecureTransport {
    s3: Service,
}

/// A bucket's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// None where there is none.
    pub policy: Option<Value>,
}

impl From<Aws> for DenyInsecureTransport {
    fn from(aws: Aws) -> Self {
        DenyInsecureTransport { s3: Service::s3(&aws.config) }
    }
}

impl Remediator for DenyInsecureTransport {
    type State = Bucket;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "s3-deny-insecure-transport",
        permissions: &[
            "s3:DeleteBucketPolicy",
            "s3:GetBucketPolicy",
            "s3:GetBucketWebsite",
            "s3:PutBucketPolicy",
        ],
        tier: Some(Tier::B),
        check: Some("whether it serves a website, which takes plain HTTP only"),
        arns: |target| vec![arn(target)],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Bucket, to: &Bucket) -> Vec<&'static str> {
        vec![if to.policy.is_some() { "s3:PutBucketPolicy" } else { "s3:DeleteBucketPolicy" }]
    }

    async fn observe(&self, target: &Target) -> Result<Bucket, RefusedByAws> {
        let told = match call(&self.s3, Method::GET, target, "policy").send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("NoSuchBucketPolicy") => {
                return Ok(Bucket { policy: None });
            }
            Err(error) => return Err(refused(error)),
        };
        let policy = serde_json::from_slice(told.body());
        let unread = |error| RefusedByAws::Later(format!("the policy cannot be read: {error}"));
        Ok(Bucket { policy: Some(policy.map_err(unread)?) })
    }

    fn plan(&self, target: &Target, before: &Bucket) -> Plan<Bucket> {
        match rule(target).added_to(before.policy.as_ref()) {
            Ok(policy) => {
                policy.map_or(Plan::Nothing, |policy| Plan::Change(Bucket { policy: Some(policy) }))
            }
            Err(why) => Plan::Refuse(why),
        }
    }

    async fn precheck(
        &self,
        target: &Target,
        _: &Bucket,
        _: &Bucket,
    ) -> Result<Check, RefusedByAws> {
        let harm = "whose endpoint takes plain HTTP only: it would answer nobody any more";
        ask_about_website(&self.s3, target, harm).await
    }

    async fn apply(&self, target: &Target, state: &Bucket) -> Result<(), RefusedByAws> {
        let call = match &state.policy {
            Some(policy) => {
                let call = call(&self.s3, Method::PUT, target, "policy");
                call.with_body("application/json", policy.to_string())
            }
            None => call(&self.s3, Method::DELETE, target, "policy"),
        };
        call.send().await.map(drop).map_err(refused)
    }
}

/// To the bucket, and to every object.
fn rule(target: &Target) -> TlsOnly {
    let bucket = arn(target);
    TlsOnly {
        action: "s3:*",
        resources: vec![bucket.clone(), format!("{bucket}/*")],
        longest: LONGEST,
    }
}
