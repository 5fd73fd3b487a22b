//! What the function keeps from one invocation to the next, and what it does with each message.
//!
//! A message only points to a finding. It is let go once its remediation has ended in the ledger; until then it
//! comes again, and what was interrupted goes on.

mod message;
mod settings;

use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use evenkeel_client::clock::now;
use evenkeel_client::{CallError, Service};
use evenkeel_ledger::{Announce, AnnounceError, Canary, Hop, LedgerError, Notice, Told, Topic};
use evenkeel_remediators::catalog::Entry;
use evenkeel_remediators::{
    DriveError, Ended, Operator, OperatorError, Outcome, Records, Violation, ViolationError,
};
use lambda_runtime::tracing::{error, info};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::de::IgnoredAny;
use serde_json::json;

use message::{Message, MessageError, Task};

/// No repair is begun with less time than this, nor goes on for longer than the invocation.
const ENOUGH: Duration = Duration::from_secs(20);
const RESERVE: Duration = Duration::from_secs(1);

/// A repaired state is looked at again after so many seconds. SQS delays a message by 900 at most.
const LOOK_AGAIN: [u32; 2] = [60, 900];

/// Why a message has not been dealt with: it comes again.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    /// It cannot be read.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The record that it points to is no finding.
    #[error(transparent)]
    Finding(#[from] ViolationError),
    /// The finding is for another function.
    #[error("the finding is for family `{0}`")]
    Family(String),
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Nothing can be done in the account.
    #[error(transparent)]
    Account(#[from] OperatorError),
    /// The remediation has not ended.
    #[error(transparent)]
    Drive(#[from] DriveError),
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

struct Function {
    family: String,
    operator: Operator,
    topic: Option<Topic>,
    /// Where messages of our own go, and how.
    queue: Option<(Service, String)>,
}

/// Serves invocations until the process is ended.
pub(crate) async fn serve() -> Result<(), Error> {
    let function = &settings::read().await?;
    info!(family = function.family, "started");
    run(service_fn(|event: LambdaEvent<SqsEvent>| function.invoke(event))).await
}

impl Function {
    /// Each message by itself: one that fails comes again, and the others are let go.
    async fn invoke(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
        let deadline = event.context.deadline();
        let mut failures = Vec::new();
        for message in event.payload.records {
            let id = message.message_id.clone().unwrap_or_default();
            if let Err(why) = self.take(message, deadline).await {
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
    async fn take(&self, message: SqsMessage, deadline: SystemTime) -> Result<(), TaskError> {
        let body = message.body.unwrap_or_default();
        if let Some(canary) = message::canary(&body)? {
            let sent = message.attributes.get("SentTimestamp").and_then(|sent| sent.parse().ok());
            return self.canary(canary, sent).await;
        }
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        if left < ENOUGH {
            return Err(TaskError::TooLittleTime);
        }
        let time = left.saturating_sub(RESERVE);
        // Cut off here, the attempt is open in the ledger, and goes on when its message comes again.
        let handled = tokio::time::timeout(time, Box::pin(self.handle(&body)));
        handled.await.unwrap_or(Err(TaskError::TimeUp))
    }

    /// A canary is recorded as taken, and nothing else is ever done for it.
    async fn canary(&self, canary: Canary, sent: Option<i64>) -> Result<(), TaskError> {
        let hop = Hop { sent, taken: now(), ..Hop::default() };
        let key = canary.remediated(&self.family);
        self.operator.ledger.claim(&key, &hop.record()).await?;
        info!(canary = %canary.id(), "a canary was taken");
        Ok(())
    }

    async fn handle(&self, body: &str) -> Result<(), TaskError> {
        let message = Message::read(body)?;
        // The finding may have been revised since the message was sent: waived, or seen to be something else.
        let found = self.operator.ledger.latest_revision(&message.key).await;
        let record = found?.bytes;
        let violation = match Violation::read(&record) {
            Ok(violation) => violation,
            Err(error @ ViolationError::Record(_)) => return Err(error.into()),
            Err(why) => {
                info!(key = message.key, why = %why, "nothing may be done");
                return Ok(());
            }
        };
        if !self.can(&violation)? {
            return Ok(());
        }
        match self.act(message.task, &violation).await? {
            Some(outcome) => self.ended(&message, &violation, &outcome).await,
            None => Ok(()),
        }
    }

    /// Whether it is for us. Where no function can do anything, the finding stands and the message is let go.
    fn can(&self, violation: &Violation) -> Result<bool, TaskError> {
        let remediator = violation.remediator.as_str();
        let family = remediator.split('-').next().unwrap_or_default();
        if family != self.family {
            return Err(TaskError::Family(family.to_owned()));
        }
        let known = Entry::find(remediator).is_some();
        if !known {
            error!(uid = %violation.finding, remediator, "there is no such remediator");
        }
        Ok(known)
    }

    /// Does what is to be done.
    async fn act(&self, task: Task, violation: &Violation) -> Result<Option<Outcome>, TaskError> {
        let drive = self.operator.drive(violation).await?;
        let outcome = match task {
            Task::Repair => drive.remediate(violation, now()).await.map(Some),
            Task::LookAgain { attempt, after } => {
                drive.verify(&violation.target, attempt, after, now()).await
            }
        };
        Ok(outcome?)
    }

    /// What follows from how it ended.
    async fn ended(
        &self,
        message: &Message,
        violation: &Violation,
        outcome: &Outcome,
    ) -> Result<(), TaskError> {
        // What the stack's alarms match: how it ended, and the code of a refusal. The reason in words is for people.
        let refusal = outcome.result.refusal();
        info!(
            uid = %outcome.finding,
            policy = violation.target.policy,
            attempt = outcome.attempt,
            ended = outcome.result.word(),
            code = refusal.map(|reason| reason.code().as_str()),
            why = refusal.map(ToString::to_string),
            "remediation"
        );
        let told = Records::of(&violation.target).told(outcome);
        let ledger = &self.operator.ledger;
        // Its message came again after all was done.
        if ledger.has(&told).await? {
            return Ok(());
        }
        let (repair, done) = (message.task == Task::Repair, outcome.result == Ended::Done);
        if let (true, true, Some(attempt)) = (repair, done, outcome.attempt) {
            self.look_again(&message.key, attempt).await?;
        }
        // That all is still well is no news.
        if repair || !done {
            self.announce(&message.key, violation, outcome).await?;
            ledger.claim(&told, b"{}").await?;
        }
        Ok(())
    }

    /// Messages to ourselves, which come later.
    async fn look_again(&self, key: &str, attempt: u32) -> Result<(), TaskError> {
        let Some((sqs, url)) = &self.queue else { return Ok(()) };
        for after in LOOK_AGAIN {
            let body = Message { key: key.to_owned(), task: Task::LookAgain { attempt, after } };
            let body = body.to_string();
            let message = json!({"QueueUrl": url, "MessageBody": body, "DelaySeconds": after});
            let taken: Result<IgnoredAny, CallError> = sqs.json("SendMessage", &message).await;
            taken?;
        }
        Ok(())
    }

    async fn announce(
        &self,
        key: &str,
        violation: &Violation,
        outcome: &Outcome,
    ) -> Result<(), TaskError> {
        let target = &violation.target;
        let detail = outcome.result.to_string();
        let notice = Notice::of_outcome(&Told {
            finding: outcome.finding,
            key,
            policy: &target.policy,
            account: &target.account,
            region: &target.region,
            resource: &target.id,
            status: outcome.result.word(),
            code: outcome.result.refusal().map(|reason| reason.code().as_str()),
            detail: &detail,
        });
        Ok(self.topic.announce(&notice).await?)
    }
}
