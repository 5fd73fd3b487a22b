//! The Lambda handler: the state between invocations, and the processing of each message.
//!
//! A message only identifies a finding. The message is deleted after the ledger contains the
//! outcome of the remediation. Until then, SQS delivers the message again, and an interrupted
//! remediation continues.

mod message;
mod request;
mod retry;
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
    PolicyViolationError, RefusalReason, RemediationOutcome, RemediationResult,
};
use lambda_runtime::tracing::{error, info};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::de::IgnoredAny;
use serde_json::json;

use message::{MessageError, QueueMessage, RemediationTask};
use retry::MessageDelivery;

/// The minimum remaining time of the invocation to start a remediation.
const MIN_REMAINING_TIME: Duration = Duration::from_secs(20);

/// The time before the end of the invocation at which a remediation is interrupted.
const SHUTDOWN_RESERVE: Duration = Duration::from_secs(1);

/// The delays in seconds after which a remediation is verified. SQS delays a message by at most 900
/// seconds.
const VERIFICATION_DELAYS: [u32; 2] = [60, 900];

/// The reason why the processing of a message failed. SQS delivers the message again.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    /// The message cannot be read.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The record that the message identifies is not a finding.
    #[error(transparent)]
    Finding(#[from] PolicyViolationError),
    /// The finding is for the function of another remediator family. Contains that family.
    #[error(
        "the finding is for remediator family `{0}`; check the filter policy of the queue's \
         subscription"
    )]
    Family(String),
    /// The ledger returned an error.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The account cannot be accessed.
    #[error(transparent)]
    Account(#[from] AccountAccessError),
    /// The remediation has not ended.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The queue did not accept the message for a verification.
    #[error(transparent)]
    Queue(#[from] CallError),
    /// The outcome was not published.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
    /// Less than [`MIN_REMAINING_TIME`] of the invocation remains.
    #[error(
        "less than {} s of the invocation remain, so no remediation is started",
        MIN_REMAINING_TIME.as_secs()
    )]
    TooLittleTime,
    /// The invocation ends during a remediation.
    #[error(
        "the invocation ended before the remediation was complete; the next delivery of the \
         message continues the remediation"
    )]
    TimeUp,
}

/// The state of the function between invocations.
struct RemediateFunction {
    family: String,
    operator: AccountAccess,
    topic: Option<SnsTopic>,
    /// The client and the URL of the function's own queue, for delayed verifications.
    queue: Option<(ServiceClient, String)>,
}

/// Serves invocations until the process ends.
pub(crate) async fn serve_invocations() -> Result<(), Error> {
    let function = &settings::load_function().await?;
    info!(family = function.family, "started");
    run(service_fn(|event: LambdaEvent<SqsEvent>| function.handle_batch(event))).await
}

impl RemediateFunction {
    /// Processes each message separately. Only the messages that failed are delivered again.
    async fn handle_batch(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
        let deadline = event.context.deadline();
        let mut failures = Vec::new();
        for message in event.payload.records {
            let id = message.message_id.clone().unwrap_or_default();
            let delivery = MessageDelivery::new(&message);
            if let Err(why) = self.handle_message(message, deadline).await {
                error!(message_id = id, why = %why, "a message failed and will be delivered again");
                self.retry_soon(&delivery).await;
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                failures.push(failure);
            }
        }
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failures;
        Ok(response)
    }

    /// Processes a message, if at least [`MIN_REMAINING_TIME`] of the invocation remains.
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
        // After a timeout the attempt is open in the ledger and continues with the next delivery.
        let handled = tokio::time::timeout(time, Box::pin(self.handle_finding(&body)));
        handled.await.unwrap_or(Err(TaskError::TimeUp))
    }

    /// Records that a canary arrived. A canary has no other effect.
    async fn record_canary(&self, canary: CanaryId, sent: Option<i64>) -> Result<(), TaskError> {
        let hop = CanaryHop { sent, taken: current_millis(), ..CanaryHop::default() };
        let key = canary.remediation_key(&self.family);
        self.operator.ledger.claim_key(&key, &hop.to_record_bytes()).await?;
        info!(canary = %canary.as_uuid(), "a canary arrived");
        Ok(())
    }

    /// Reads the finding of a message and performs the task of the message.
    async fn handle_finding(&self, body: &str) -> Result<(), TaskError> {
        let message = QueueMessage::parse_body(body)?;
        // The finding may have a newer revision, for example a waived one.
        let found = self.operator.ledger.latest_revision(&message.key).await;
        let record = found?.bytes;
        let violation = match PolicyViolation::from_record(&record) {
            Ok(violation) => violation.with_key(&message.key),
            Err(error @ PolicyViolationError::InvalidRecord(_)) => return Err(error.into()),
            Err(why) => {
                info!(key = message.key, why = %why, "the finding is not remediated");
                return Ok(());
            }
        };
        if !self.can_remediate(&violation)? {
            return Ok(());
        }
        if let RemediationTask::Request(number) = message.task {
            return self.perform_request(&message, &violation, number).await;
        }
        match self.perform_task(message.task, &violation).await? {
            Some(outcome) => self.report_outcome(&message, &violation, &outcome).await,
            None => Ok(()),
        }
    }

    /// Returns whether this function can remediate a violation. For an unknown remediator the
    /// message is deleted, because no function can process it.
    ///
    /// # Errors
    /// [`TaskError::Family`] if the violation is for another function.
    fn can_remediate(&self, violation: &PolicyViolation) -> Result<bool, TaskError> {
        let remediator = violation.target.remediator.as_str();
        let family = remediator.split('-').next().unwrap_or_default();
        if family != self.family {
            return Err(TaskError::Family(family.to_owned()));
        }
        let known = CatalogEntry::find_by_id(remediator).is_some();
        if !known {
            error!(uid = %violation.finding, remediator, "the remediator does not exist");
        }
        Ok(known)
    }

    /// Remediates the violation or verifies an earlier attempt.
    async fn perform_task(
        &self,
        task: RemediationTask,
        violation: &PolicyViolation,
    ) -> Result<Option<RemediationOutcome>, TaskError> {
        let executor = self.operator.open_executor(violation).await?;
        let outcome = match task {
            RemediationTask::Remediate | RemediationTask::Request(_) => {
                executor.remediate_violation(violation, current_millis()).await.map(Some)
            }
            RemediationTask::Verify { attempt, after } => {
                executor.verify_attempt(&violation.target, attempt, after, current_millis()).await
            }
        };
        Ok(outcome?)
    }

    /// Logs the outcome, schedules verifications and publishes the outcome.
    async fn report_outcome(
        &self,
        message: &QueueMessage,
        violation: &PolicyViolation,
        outcome: &RemediationOutcome,
    ) -> Result<(), TaskError> {
        // The alarms of the stack match the log message, `ended` and `code`, so these texts must
        // not change. No alarm matches `why`, which is for people.
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
        let notified = JournalKeys::for_target(&violation.target).notified_key(outcome);
        let ledger = &self.operator.ledger;
        // The message was delivered again after the outcome was published.
        if ledger.has_record(&notified).await? {
            return Ok(());
        }
        let (is_remediation, is_restored) = (
            message.task == RemediationTask::Remediate,
            outcome.result == RemediationResult::Restored,
        );
        if let (true, true, Some(attempt)) = (is_remediation, is_restored, outcome.attempt) {
            self.schedule_verifications(&message.key, attempt).await?;
        }
        // A successful verification is not published.
        if is_remediation || !is_restored {
            let detail = outcome.result.to_string();
            let texts = (outcome.result.result_code(), detail.as_str());
            self.announce_outcome(&message.key, violation, texts, outcome).await?;
            ledger.claim_key(&notified, b"{}").await?;
        }
        Ok(())
    }

    /// Sends delayed messages for verifications to the function's own queue.
    async fn schedule_verifications(&self, key: &str, attempt: u32) -> Result<(), TaskError> {
        let Some((sqs, url)) = &self.queue else { return Ok(()) };
        for after in VERIFICATION_DELAYS {
            let body = QueueMessage {
                key: key.to_owned(),
                task: RemediationTask::Verify { attempt, after },
            };
            let body = body.to_string();
            let message = json!({"QueueUrl": url, "MessageBody": body, "DelaySeconds": after});
            let sent: Result<IgnoredAny, CallError> = sqs.call_json("SendMessage", &message).await;
            sent?;
        }
        Ok(())
    }

    /// Publishes the outcome to the topic.
    async fn announce_outcome(
        &self,
        key: &str,
        violation: &PolicyViolation,
        (status, detail): (&str, &str),
        outcome: &RemediationOutcome,
    ) -> Result<(), TaskError> {
        let target = &violation.target;
        let notice = Notice::for_remediation(&RemediationReport {
            finding: outcome.finding,
            key,
            policy: &target.policy,
            account: &target.account,
            region: &target.region,
            resource: &target.id,
            status,
            code: outcome.result.refusal_reason().map(|reason| reason.refusal_code().as_str()),
            detail,
            rows: &outcome.plan.as_ref().map(|plan| plan.describe_plan()).unwrap_or_default(),
            waiting_plan: outcome.plan.as_ref().map(|plan| plan.plan.as_str()),
            is_critical: matches!(outcome.result.refusal_reason(), Some(RefusalReason::Limit(_))),
        });
        Ok(self.topic.announce_notice(&notice).await?)
    }
}
