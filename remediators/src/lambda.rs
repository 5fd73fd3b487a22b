//! What the function keeps from one invocation to the next, and what it does with each message.
//!
//! A message only points to a finding. It is let go once its remediation has ended in the ledger; until then it
//! comes again, and what was interrupted goes on.

mod message;
mod settings;

use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use evenkeel_client::clock::current_millis;
use evenkeel_client::{CallError, ServiceClient};
use evenkeel_ledger::{
    AnnounceError, CanaryHop, CanaryId, LedgerError, Notice, NoticeAnnouncer, RemediationReport,
    SnsTopic,
};
use evenkeel_remediators::catalog::CatalogEntry;
use evenkeel_remediators::{
    AccountAccess, AccountAccessError, ExecutorError, JournalKeys, PolicyViolation,
    PolicyViolationError, RemediationOutcome, RemediationResult,
};
use lambda_runtime::tracing::{error, info};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::de::IgnoredAny;
use serde_json::json;

use message::{MessageError, QueueMessage, RemediationTask};

/// No repair is begun with less time than this, nor goes on for longer than the invocation.
const MIN_REMAINING_TIME: Duration = Duration::from_secs(20);
const SHUTDOWN_RESERVE: Duration = Duration::from_secs(1);

/// A repaired state is looked at again after so many seconds. SQS delays a message by 900 at most.
const VERIFICATION_DELAYS: [u32; 2] = [60, 900];

/// Why a message has not been dealt with: it comes again.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    /// It cannot be read.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The record that it points to is no finding.
    #[error(transparent)]
    Finding(#[from] PolicyViolationError),
    /// The finding is for another function.
    #[error("the finding is for family `{0}`")]
    Family(String),
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Nothing can be done in the account.
    #[error(transparent)]
    Account(#[from] AccountAccessError),
    /// The remediation has not ended.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The message to look again was not taken.
    #[error(transparent)]
    LookAgain(#[from] CallError),
    /// The outcome was not announced.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
    /// The invocation ends too soon to begin.
    #[error("too little time is left")]
    TooLittleTime,
    /// The invocation ends.
    #[error("the time is up")]
    TimeUp,
}

struct RemediateFunction {
    family: String,
    operator: AccountAccess,
    topic: Option<SnsTopic>,
    /// Where messages of our own go, and how.
    queue: Option<(ServiceClient, String)>,
}

/// Serves invocations until the process is ended.
pub(crate) async fn serve_invocations() -> Result<(), Error> {
    let function = &settings::load_function().await?;
    info!(family = function.family, "started");
    run(service_fn(|event: LambdaEvent<SqsEvent>| function.handle_batch(event))).await
}

impl RemediateFunction {
    /// Each message by itself: one that fails comes again, and the others are let go.
    async fn handle_batch(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
        let deadline = event.context.deadline();
        let mut failures = Vec::new();
        for message in event.payload.records {
            let id = message.message_id.clone().unwrap_or_default();
            if let Err(why) = self.handle_message(message, deadline).await {
                error!(message_id = id, why = %why, "a message will come again");
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                failures.push(failure);
            }
        }
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failures;
        Ok(response)
    }

    /// Takes a message, if there is time for it.
    async fn handle_message(
        &self,
        message: SqsMessage,
        deadline: SystemTime,
    ) -> Result<(), TaskError> {
        let body = message.body.unwrap_or_default();
        if let Some(canary) = message::find_canary(&body)? {
            let sent = message.attributes.get("SentTimestamp").and_then(|sent| sent.parse().ok());
            return self.record_canary(canary, sent).await;
        }
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        if left < MIN_REMAINING_TIME {
            return Err(TaskError::TooLittleTime);
        }
        let time = left.saturating_sub(SHUTDOWN_RESERVE);
        // Cut off here, the attempt is open in the ledger, and goes on when its message comes again.
        let handled = tokio::time::timeout(time, Box::pin(self.handle_finding(&body)));
        handled.await.unwrap_or(Err(TaskError::TimeUp))
    }

    /// A canary is recorded as taken, and nothing else is ever done for it.
    async fn record_canary(&self, canary: CanaryId, sent: Option<i64>) -> Result<(), TaskError> {
        let hop = CanaryHop { sent, taken: current_millis(), ..CanaryHop::default() };
        let key = canary.remediation_key(&self.family);
        self.operator.ledger.claim_key(&key, &hop.to_record_bytes()).await?;
        info!(canary = %canary.as_uuid(), "a canary was taken");
        Ok(())
    }

    async fn handle_finding(&self, body: &str) -> Result<(), TaskError> {
        let message = QueueMessage::parse_body(body)?;
        // The finding may have been revised since the message was sent: waived, or seen to be something else.
        let found = self.operator.ledger.latest_revision(&message.key).await;
        let record = found?.bytes;
        let violation = match PolicyViolation::from_record(&record) {
            Ok(violation) => violation,
            Err(error @ PolicyViolationError::InvalidRecord(_)) => return Err(error.into()),
            Err(why) => {
                info!(key = message.key, why = %why, "nothing may be done");
                return Ok(());
            }
        };
        if !self.can_remediate(&violation)? {
            return Ok(());
        }
        match self.perform_task(message.task, &violation).await? {
            Some(outcome) => self.report_outcome(&message, &violation, &outcome).await,
            None => Ok(()),
        }
    }

    /// Whether it is for us. Where no function can do anything, the finding stands and the message is let go.
    fn can_remediate(&self, violation: &PolicyViolation) -> Result<bool, TaskError> {
        let remediator = violation.remediator.as_str();
        let family = remediator.split('-').next().unwrap_or_default();
        if family != self.family {
            return Err(TaskError::Family(family.to_owned()));
        }
        let known = CatalogEntry::find_by_id(remediator).is_some();
        if !known {
            error!(uid = %violation.finding, remediator, "there is no such remediator");
        }
        Ok(known)
    }

    /// Does what is to be done.
    async fn perform_task(
        &self,
        task: RemediationTask,
        violation: &PolicyViolation,
    ) -> Result<Option<RemediationOutcome>, TaskError> {
        let drive = self.operator.open_executor(violation).await?;
        let outcome = match task {
            RemediationTask::Repair => {
                drive.remediate_violation(violation, current_millis()).await.map(Some)
            }
            RemediationTask::Verify { attempt, after } => {
                drive.verify_attempt(&violation.target, attempt, after, current_millis()).await
            }
        };
        Ok(outcome?)
    }

    /// What follows from how it ended.
    async fn report_outcome(
        &self,
        message: &QueueMessage,
        violation: &PolicyViolation,
        outcome: &RemediationOutcome,
    ) -> Result<(), TaskError> {
        // What the stack's alarms match: how it ended, and the code of a refusal. The reason in words is for people.
        let refusal = outcome.result.refusal_reason();
        info!(
            uid = %outcome.finding,
            policy = violation.target.policy,
            attempt = outcome.attempt,
            ended = outcome.result.result_code(),
            code = refusal.map(|reason| reason.refusal_code().as_str()),
            why = refusal.map(ToString::to_string),
            "remediation"
        );
        let told = JournalKeys::for_target(&violation.target).notified_key(outcome);
        let ledger = &self.operator.ledger;
        // Its message came again after all was done.
        if ledger.has_record(&told).await? {
            return Ok(());
        }
        let (repair, done) = (
            message.task == RemediationTask::Repair,
            outcome.result == RemediationResult::Restored,
        );
        if let (true, true, Some(attempt)) = (repair, done, outcome.attempt) {
            self.schedule_verifications(&message.key, attempt).await?;
        }
        // That all is still well is no news.
        if repair || !done {
            self.announce_outcome(&message.key, violation, outcome).await?;
            ledger.claim_key(&told, b"{}").await?;
        }
        Ok(())
    }

    /// Messages to ourselves, which come later.
    async fn schedule_verifications(&self, key: &str, attempt: u32) -> Result<(), TaskError> {
        let Some((sqs, url)) = &self.queue else { return Ok(()) };
        for after in VERIFICATION_DELAYS {
            let body = QueueMessage {
                key: key.to_owned(),
                task: RemediationTask::Verify { attempt, after },
            };
            let body = body.to_string();
            let message = json!({"QueueUrl": url, "MessageBody": body, "DelaySeconds": after});
            let taken: Result<IgnoredAny, CallError> = sqs.call_json("SendMessage", &message).await;
            taken?;
        }
        Ok(())
    }

    async fn announce_outcome(
        &self,
        key: &str,
        violation: &PolicyViolation,
        outcome: &RemediationOutcome,
    ) -> Result<(), TaskError> {
        let target = &violation.target;
        let detail = outcome.result.to_string();
        let notice = Notice::for_remediation(&RemediationReport {
            finding: outcome.finding,
            key,
            policy: &target.policy,
            account: &target.account,
            region: &target.region,
            resource: &target.id,
            status: outcome.result.result_code(),
            code: outcome.result.refusal_reason().map(|reason| reason.refusal_code().as_str()),
            detail: &detail,
        });
        Ok(self.topic.announce_notice(&notice).await?)
    }
}
