//! Contains the test double of AWS.

use std::future::pending;
use std::io::Cursor;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use evenkeel_rules::{ConfigurationItem, ResourceIdentity};

use crate::environment::{CloudContext, CloudContextError, ObjectBytes, RuleAssessment};
use crate::{ConfigRuleInvocation, LogObject, OversizedItem};

/// A test double of AWS with one bucket, `b`, whose state is `configuration` at `time`.
#[derive(Debug, Default)]
pub(super) struct TestCloud {
    pub(super) configuration: &'static str,
    pub(super) time: &'static str,
    pub(super) status: &'static str,
    pub(super) object: Vec<u8>,
    pub(super) fetched: AtomicUsize,
    pub(super) submitted: Mutex<Vec<RuleAssessment>>,
    /// The key of a log object that never responds. All other keys return `object`.
    pub(super) stalls: &'static str,
}

impl TestCloud {
    fn item(&self) -> Result<ConfigurationItem, CloudContextError> {
        if self.time.is_empty() {
            return Err(CloudContextError::NotRecorded);
        }
        Ok(ConfigurationItem {
            kind: "AWS::S3::Bucket".to_owned(),
            id: "b".to_owned(),
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            state_id: "1".to_owned(),
            time: self.time.to_owned(),
            status: self.status.to_owned(),
            configuration: self.configuration.to_owned(),
            ..ConfigurationItem::default()
        })
    }
}

impl CloudContext for &TestCloud {
    async fn open_log_object(&self, object: &LogObject) -> Result<ObjectBytes, CloudContextError> {
        if object.key == self.stalls {
            return pending().await;
        }
        Ok(Box::new(Cursor::new(self.object.clone())))
    }

    async fn fetch_resource_states(
        &self,
        wanted: &[ResourceIdentity],
    ) -> Vec<Result<ConfigurationItem, CloudContextError>> {
        self.fetched.fetch_add(wanted.len(), Ordering::SeqCst);
        wanted.iter().map(|_| self.item()).collect()
    }

    async fn fetch_oversized_item(
        &self,
        _: &OversizedItem,
    ) -> Result<ConfigurationItem, CloudContextError> {
        self.item()
    }

    async fn list_resources(
        &self,
        _: &ConfigRuleInvocation,
        kinds: &[String],
    ) -> Result<Vec<ConfigurationItem>, CloudContextError> {
        assert_eq!(kinds, ["AWS::S3::Bucket"]);
        Ok(vec![self.item()?])
    }

    async fn submit_assessments(
        &self,
        _: &ConfigRuleInvocation,
        assessments: &[RuleAssessment],
    ) -> Result<(), CloudContextError> {
        self.submitted.lock().unwrap().extend_from_slice(assessments);
        Ok(())
    }
}
