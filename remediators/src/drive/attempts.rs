//! What was tried on a resource.

use serde_json::Value;
use uuid::Uuid;

use super::{Drive, DriveError, Driven};
use crate::record::Records;
use crate::remediator::Remediator;
use crate::violation::Target;

/// An attempt, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Its number.
    pub number: u32,
    /// The finding that it was about.
    pub finding: Uuid,
    /// How it ended, in a word or two; none if it is open.
    pub ended: Option<String>,
}

impl<R: Remediator> Drive<R> {
    /// The latest attempts on a target, in order.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn attempts(&self, target: &Target) -> Driven<Vec<Tried>> {
        let mut tried = Vec::new();
        for (number, intent) in self.past(target).await? {
            let key = Records::of(target).outcome(number);
            let outcome = self.ledger.find(&key).await?;
            let outcome = outcome.map(|outcome| serde_json::from_slice::<Value>(&outcome));
            let outcome = outcome.transpose().map_err(|error| DriveError::Record(key, error))?;
            let ended = outcome.and_then(|one| Some(one.get("status")?.as_str()?.to_owned()));
            tried.push(Tried { number, finding: intent.finding, ended });
        }
        Ok(tried)
    }
}
