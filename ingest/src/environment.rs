//! The AWS operations that are necessary to handle a payload, except those of the ledger.

mod aws;
mod error;

pub use aws::{AwsContext, ReadRole};
pub use error::CloudContextError;

use std::io::Read;

use evenkeel_rules::{ComplianceStatus, ConfigurationItem, ResourceIdentity};

use crate::payload::{ConfigRuleInvocation, LogObject, OversizedItem};

/// A stream of the bytes of a log object, as stored in S3.
pub type ObjectBytes = Box<dyn Read + Send>;

/// The assessment of one resource for a rule of AWS Config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleAssessment {
    /// The resource type, such as `AWS::S3::Bucket`.
    pub kind: String,
    /// The id of the resource in AWS Config.
    pub id: String,
    /// The status: `Compliant`, `NonCompliant` or `NotApplicable`. AWS Config accepts no other
    /// status.
    pub status: ComplianceStatus,
    /// The reason for the status, with at most 256 characters.
    pub annotation: String,
    /// The time at which the state was captured, or at which a scheduled rule was invoked, in ISO
    /// 8601. AWS Config orders the evaluations of a resource by this time.
    pub time: String,
}

/// The AWS operations that are necessary to handle a payload, except those of the ledger.
pub trait CloudContext: Send + Sync {
    /// Opens a log object in S3.
    fn open_log_object(
        &self,
        object: &LogObject,
    ) -> impl Future<Output = Result<ObjectBytes, CloudContextError>> + Send;

    /// Fetches the current states of the resources, in the order of `wanted`.
    fn fetch_resource_states(
        &self,
        wanted: &[ResourceIdentity],
    ) -> impl Future<Output = Vec<Result<ConfigurationItem, CloudContextError>>> + Send;

    /// Fetches the complete configuration item for an item that AWS Config sent only as a summary.
    fn fetch_oversized_item(
        &self,
        item: &OversizedItem,
    ) -> impl Future<Output = Result<ConfigurationItem, CloudContextError>> + Send;

    /// Lists all resources of the types `kinds` in the account and Region of the rule.
    fn list_resources(
        &self,
        rule: &ConfigRuleInvocation,
        kinds: &[String],
    ) -> impl Future<Output = Result<Vec<ConfigurationItem>, CloudContextError>> + Send;

    /// Submits the assessments of a rule to AWS Config.
    fn submit_assessments(
        &self,
        rule: &ConfigRuleInvocation,
        assessments: &[RuleAssessment],
    ) -> impl Future<Output = Result<(), CloudContextError>> + Send;
}

/// A context without access to AWS, for local runs. Operations that would read from AWS return
/// [`CloudContextError::LocalRun`].
#[derive(Clone, Copy, Debug, Default)]
pub struct OfflineContext;

impl OfflineContext {
    fn refuse_offline<T>(what: &str) -> Result<T, CloudContextError> {
        Err(CloudContextError::LocalRun { what: what.to_owned() })
    }
}

impl CloudContext for OfflineContext {
    async fn open_log_object(&self, object: &LogObject) -> Result<ObjectBytes, CloudContextError> {
        Self::refuse_offline(&format!("s3://{}/{}", object.bucket, object.key))
    }

    async fn fetch_resource_states(
        &self,
        wanted: &[ResourceIdentity],
    ) -> Vec<Result<ConfigurationItem, CloudContextError>> {
        wanted.iter().map(|_| Self::refuse_offline("AWS Config")).collect()
    }

    async fn fetch_oversized_item(
        &self,
        _: &OversizedItem,
    ) -> Result<ConfigurationItem, CloudContextError> {
        Self::refuse_offline("AWS Config")
    }

    async fn list_resources(
        &self,
        _: &ConfigRuleInvocation,
        _: &[String],
    ) -> Result<Vec<ConfigurationItem>, CloudContextError> {
        Self::refuse_offline("AWS Config")
    }

    /// Does nothing, because no rule waits for the assessments of a local run.
    async fn submit_assessments(
        &self,
        _: &ConfigRuleInvocation,
        _: &[RuleAssessment],
    ) -> Result<(), CloudContextError> {
        Ok(())
    }
}
