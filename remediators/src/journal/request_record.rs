//! The records of what people ask of the stack: to plan, to apply or to undo a remediation.

use evenkeel_ledger::Ledger;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::workflow::{ExecutorError, to_json_value};

/// What a person asks of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestAction {
    /// Make a plan from the present state, and change nothing.
    Plan,
    /// Apply the approved plan.
    Apply,
    /// Undo the last remediation of the finding.
    Undo,
}

/// The request of a person, whose identity AWS has authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorRequest {
    /// What the person asks.
    pub action: RequestAction,
    /// The uid of the finding.
    pub finding: Uuid,
    /// The ARN of the person.
    pub by: String,
    /// The unique id of the person's IAM identity, such as `AROAEXAMPLE:ana`.
    pub by_id: String,
    /// The reason; empty if the person gave none.
    #[serde(default)]
    pub reason: String,
    /// The time of the request in milliseconds since 1970.
    pub time: i64,
}

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestResult {
    /// The code of the result, such as `RESTORED`, `UNDONE` or `WAITING_FOR_APPROVAL`.
    pub code: String,
    /// The result as text.
    pub detail: String,
    /// True if the request had the effect that the person asked for.
    pub is_done: bool,
}

/// The requests in a ledger.
#[derive(Clone, Debug)]
pub struct RequestJournal {
    ledger: Ledger,
}

impl RequestJournal {
    /// Returns the requests in `ledger`.
    pub fn new(ledger: Ledger) -> RequestJournal {
        RequestJournal { ledger }
    }

    /// Records a request and returns its number. The requests of a finding are numbered from 0.
    ///
    /// # Errors
    /// [`ExecutorError::Busy`] if another request of the finding is recorded at the same time; other
    /// errors if the ledger cannot be read or written.
    pub async fn record_request(&self, request: &OperatorRequest) -> Result<usize, ExecutorError> {
        let prefix = format!("requests/{}/made", request.finding);
        let number = self.ledger.list_keys(&prefix).await?.len();
        let record = to_json_value(request)?.to_string();
        if self.ledger.claim_key(&made_key(request.finding, number), record.as_bytes()).await? {
            Ok(number)
        } else {
            Err(ExecutorError::Busy)
        }
    }

    /// Reads a request.
    ///
    /// # Errors
    /// [`ExecutorError`] if the request does not exist or cannot be read.
    pub async fn read_request(
        &self,
        finding: Uuid,
        number: usize,
    ) -> Result<OperatorRequest, ExecutorError> {
        let key = made_key(finding, number);
        let record = self.ledger.read_record(&key).await?;
        serde_json::from_slice(&record).map_err(|error| ExecutorError::UnreadableRecord(key, error))
    }

    /// Records the result of a request. The first result is valid.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger cannot be written.
    pub async fn record_result(
        &self,
        finding: Uuid,
        number: usize,
        result: &RequestResult,
    ) -> Result<(), ExecutorError> {
        let record = to_json_value(result)?.to_string();
        self.ledger.claim_key(&result_key(finding, number), record.as_bytes()).await?;
        Ok(())
    }

    /// Returns the result of a request, or `None` while the request is not processed.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger or the record cannot be read.
    pub async fn find_result(
        &self,
        finding: Uuid,
        number: usize,
    ) -> Result<Option<RequestResult>, ExecutorError> {
        let key = result_key(finding, number);
        let Some(record) = self.ledger.find_record(&key).await? else { return Ok(None) };
        let result = serde_json::from_slice(&record);
        result.map(Some).map_err(|error| ExecutorError::UnreadableRecord(key, error))
    }
}

fn made_key(finding: Uuid, number: usize) -> String {
    format!("requests/{finding}/made/{number:06}.json")
}

fn result_key(finding: Uuid, number: usize) -> String {
    format!("requests/{finding}/results/{number:06}.json")
}
