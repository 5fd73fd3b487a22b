//! What handling a payload asks of the world, besides the ledger.

mod aws;
mod error;

pub use aws::{AwsContext, ReadRole};
pub use error::CloudContextError;

use std::io::Read;

use evenkeel_rules::{ComplianceStatus, ConfigurationItem, ResourceIdentity};

use crate::payload::{ConfigRuleInvocation, LogObject, OversizedItem};

/// The bytes of a log object, as they are stored, as they come.
pub type ObjectBytes = Box<dyn Read + Send>;

/// What a rule of AWS Config is told about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleAssessment {
    /// The resource's type.
    pub kind: String,
    /// What AWS Config calls it.
    pub id: String,
    /// `Compliant`, `NonCompliant` or `NotApplicable`: AWS Config takes no other.
    pub status: ComplianceStatus,
    /// Why, in at most 256 characters.
    pub annotation: String,
    /// Orders the evaluations of one resource: when its state was captured. ISO 8601.
    pub time: String,
}

/// The world, as handling needs it.
pub trait CloudContext: Send + Sync {
    /// Opens a log object.
    fn open_log_object(
        &self,
        object: &LogObject,
    ) -> impl Future<Output = Result<ObjectBytes, CloudContextError>> + Send;

    /// What the resources look like now, in the order asked.
    fn fetch_resource_states(
        &self,
        wanted: &[ResourceIdentity],
    ) -> impl Future<Output = Vec<Result<ConfigurationItem, CloudContextError>>> + Send;

    /// The item of which only a summary was sent.
    fn fetch_oversized_item(
        &self,
        item: &OversizedItem,
    ) -> impl Future<Output = Result<ConfigurationItem, CloudContextError>> + Send;

    /// All resources of some types, where the rule is.
    fn list_resources(
        &self,
        rule: &ConfigRuleInvocation,
        kinds: &[String],
    ) -> impl Future<Output = Result<Vec<ConfigurationItem>, CloudContextError>> + Send;

    /// Answers a rule of AWS Config.
    fn submit_assessments(
        &self,
        rule: &ConfigRuleInvocation,
        assessments: &[RuleAssessment],
    ) -> impl Future<Output = Result<(), CloudContextError>> + Send;
}

/// A world of which nothing can be had: for a run on one's own machine.
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

    /// There is no rule that waits.
    async fn submit_assessments(
        &self,
        _: &ConfigRuleInvocation,
        _: &[RuleAssessment],
    ) -> Result<(), CloudContextError> {
        Ok(())
    }
}
