//! The world that handling is tested in.

use std::future::pending;
use std::io::Cursor;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use evenkeel_rules::{ConfigurationItem, Resource};

use crate::environment::{Assessment, ObjectBytes, Outside, OutsideError};
use crate::{ConfigRuleInvocation, LogObject, OversizedItem};

/// A world of one bucket, `b`, whose state is `configuration` at `time`.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) configuration: &'static str,
    pub(super) time: &'static str,
    pub(super) status: &'static str,
    pub(super) object: Vec<u8>,
    pub(super) asked: AtomicUsize,
    pub(super) told: Mutex<Vec<Assessment>>,
    /// The key of a log object that never answers; all others are `object`.
    pub(super) stalls: &'static str,
}

impl World {
    fn item(&self) -> Result<ConfigurationItem, OutsideError> {
        if self.time.is_empty() {
            return Err(OutsideError::NotRecorded);
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

impl Outside for &World {
    async fn object(&self, object: &LogObject) -> Result<ObjectBytes, OutsideError> {
        if object.key == self.stalls {
            return pending().await;
        }
        Ok(Box::new(Cursor::new(self.object.clone())))
    }

    async fn states(&self, wanted: &[Resource]) -> Vec<Result<ConfigurationItem, OutsideError>> {
        self.asked.fetch_add(wanted.len(), Ordering::SeqCst);
        wanted.iter().map(|_| self.item()).collect()
    }

    async fn oversized(&self, _: &OversizedItem) -> Result<ConfigurationItem, OutsideError> {
        self.item()
    }

    async fn inventory(
        &self,
        _: &ConfigRuleInvocation,
        kinds: &[String],
    ) -> Result<Vec<ConfigurationItem>, OutsideError> {
        assert_eq!(kinds, ["AWS::S3::Bucket"]);
        Ok(vec![self.item()?])
    }

    async fn assess(
        &self,
        _: &ConfigRuleInvocation,
        assessments: &[Assessment],
    ) -> Result<(), OutsideError> {
        self.told.lock().unwrap().extend_from_slice(assessments);
        Ok(())
    }
}
