//! Does what a person asked: plan, apply or undo a remediation.

use evenkeel_client::clock::current_millis;
use evenkeel_remediators::{
    AttemptSummary, ExecutorError, OperatorRequest, PolicyViolation, RemediationExecutor,
    RemediationOutcome, RemediationResult, RequestAction, RequestJournal, RequestResult,
    UndoRequest,
};
use lambda_runtime::tracing::info;

use super::message::QueueMessage;
use super::{RemediateFunction, TaskError};

/// The code of the result of a successful undo.
const UNDONE: &str = "UNDONE";

impl RemediateFunction {
    /// Does what a person asked and records the result. If the message is delivered again after the
    /// result was recorded, the function does nothing.
    pub(super) async fn perform_request(
        &self,
        message: &QueueMessage,
        violation: &PolicyViolation,
        number: usize,
    ) -> Result<(), TaskError> {
        let journal = RequestJournal::new(self.operator.ledger.clone());
        if journal.find_result(violation.finding, number).await?.is_some() {
            return Ok(());
        }
        let request = journal.read_request(violation.finding, number).await?;
        let executor = self.operator.open_executor(violation).await?;
        let (result, outcome) = perform_action(&executor, &request, violation).await?;
        log_request(&request, number, &result);
        if let Some(outcome) = &outcome {
            self.report_request(message, violation, (&request, &result), outcome).await?;
        }
        Ok(journal.record_result(violation.finding, number, &result).await?)
    }

    /// Announces the outcome of a request. The person who asks for a plan gets it from the ledger.
    async fn report_request(
        &self,
        message: &QueueMessage,
        violation: &PolicyViolation,
        (request, result): (&OperatorRequest, &RequestResult),
        outcome: &RemediationOutcome,
    ) -> Result<(), TaskError> {
        match request.action {
            RequestAction::Apply => self.report_outcome(message, violation, outcome).await,
            RequestAction::Undo => {
                let texts = (result.code.as_str(), result.detail.as_str());
                self.announce_outcome(&message.key, violation, texts, outcome).await
            }
            RequestAction::Plan => Ok(()),
        }
    }
}

fn log_request(request: &OperatorRequest, number: usize, result: &RequestResult) {
    info!(
        uid = %request.finding,
        request = number,
        action = ?request.action,
        by = request.by,
        ended = result.code,
        "request"
    );
}

/// Performs the action of a request. Returns the result, and the outcome if there is one.
async fn perform_action(
    executor: &RemediationExecutor,
    request: &OperatorRequest,
    violation: &PolicyViolation,
) -> Result<(RequestResult, Option<RemediationOutcome>), ExecutorError> {
    let now = current_millis();
    let outcome = match request.action {
        RequestAction::Plan => executor.plan_remediation(violation, now).await?,
        RequestAction::Apply => executor.remediate_again(violation, now).await?,
        RequestAction::Undo => return undo_remediation(executor, request, violation).await,
    };
    let is_done = match request.action {
        RequestAction::Plan => outcome.plan.is_some(),
        _ => matches!(
            outcome.result,
            RemediationResult::Restored
                | RemediationResult::Compliant
                | RemediationResult::ResourceGone
        ),
    };
    let code = outcome.result.result_code().to_owned();
    Ok((RequestResult { code, detail: outcome.result.to_string(), is_done }, Some(outcome)))
}

/// Undoes the last attempt of the finding that can have changed the resource.
async fn undo_remediation(
    executor: &RemediationExecutor,
    request: &OperatorRequest,
    violation: &PolicyViolation,
) -> Result<(RequestResult, Option<RemediationOutcome>), ExecutorError> {
    let nothing = || RequestResult {
        code: "NOTHING_TO_UNDO".to_owned(),
        detail: "there is no remediation of this finding to undo".to_owned(),
        is_done: false,
    };
    let attempts = executor.summarize_attempts(&violation.target).await?;
    let can_be_undone =
        |one: &&AttemptSummary| one.finding == violation.finding && one.can_be_undone();
    let Some(attempt) = attempts.iter().rev().find(can_be_undone) else {
        return Ok((nothing(), None));
    };
    let undo = UndoRequest { by: &request.by, reason: &request.reason };
    let undone = executor.undo_attempt(&violation.target, attempt.number, undo, current_millis());
    let outcome = match undone.await {
        Err(ExecutorError::NoAttempt(_)) => return Ok((nothing(), None)),
        outcome => outcome?,
    };
    let is_done =
        matches!(outcome.result, RemediationResult::Restored | RemediationResult::Compliant);
    let (code, detail) = if is_done {
        let detail = format!(
            "{} undid attempt {}: the state before the remediation is restored (reason: {})",
            request.by, attempt.number, request.reason
        );
        (UNDONE.to_owned(), detail)
    } else {
        (outcome.result.result_code().to_owned(), outcome.result.to_string())
    };
    Ok((RequestResult { code, detail, is_done }, Some(outcome)))
}
