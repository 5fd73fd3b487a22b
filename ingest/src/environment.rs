//! What handling a payload asks of the world, besides the ledger.

mod aws;
mod error;

pub use aws::{Aws, ReadRole};
pub use error::OutsideError;

use std::io::Read;

use evenkeel_rules::{ComplianceStatus, ConfigurationItem, Resource};

use crate::payload::{ConfigRuleInvocation, LogObject, OversizedItem};

/// The bytes of a log object, as they are stored, as they come.
pub type ObjectBytes = Box<dyn Read + Send>;

/// What a rule of AWS Config is told about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
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
pub trait Outside: Send + Sync {
    /// Opens a log object.
    fn object(
        &self,
        object: &LogObject,
    ) -> impl Future<Output = Result<ObjectBytes, OutsideError>> + Send;

    /// What the resources look like now, in the order asked.
    fn states(
        &self,
        wanted: &[Resource],
    ) -> impl Future<Output = Vec<Result<ConfigurationItem, OutsideError>>> + Send;

    /// The item of which only a summary was sent.
    fn oversized(
        &self,
        item: &OversizedItem,
    ) -> impl Future<Output = Result<ConfigurationItem, OutsideError>> + Send;

    /// All resources of some types, where the rule is.
    fn inventory(
        &self,
        rule: &ConfigRuleInvocation,
        kinds: &[String],
    ) -> impl Future<Output = Result<Vec<ConfigurationItem>, OutsideError>> + Send;

    /// Answers a rule of AWS Config.
    fn assess(
        &self,
        rule: &ConfigRuleInvocation,
        assessments: &[Assessment],
    ) -> impl Future<Output = Result<(), OutsideError>> + Send;
}

/// A world of which nothing can be had: for a run on one's own machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offline;

impl Offline {
    fn refuse<T>(what: &str) -> Result<T, OutsideError> {
        Err(OutsideError::LocalRun { what: what.to_owned() })
    }
}

impl Outside for Offline {
    async fn object(&self, object: &LogObject) -> Result<ObjectBytes, OutsideError> {
        Self::refuse(&format!("s3://{}/{}", object.bucket, object.key))
    }

    async fn states(&self, wanted: &[Resource]) -> Vec<Result<ConfigurationItem, OutsideError>> {
        wanted.iter().map(|_| Self::refuse("AWS Config")).collect()
    }

    async fn oversized(&self, _: &OversizedItem) -> Result<ConfigurationItem, OutsideError> {
        Self::refuse("AWS Config")
    }

    async fn inventory(
        &self,
        _: &ConfigRuleInvocation,
        _: &[String],
    ) -> Result<Vec<ConfigurationItem>, OutsideError> {
        Self::refuse("AWS Config")
    }

    /// There is no rule that waits.
    async fn assess(&self, _: &ConfigRuleInvocation, _: &[Assessment]) -> Result<(), OutsideError> {
        Ok(())
    }
}
