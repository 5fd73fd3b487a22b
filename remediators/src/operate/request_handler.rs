//! Handles the requests of people: decisions on plans, new plans and undos.

use std::borrow::Cow;

use aws_smithy_types::base64;
use evenkeel_client::clock::current_millis;
use evenkeel_ledger::FindingRecord;
use evenkeel_remediators::{
    OperatorRequest, PlanApproval, PlanJournal, PlanRecord, PolicyViolation, RequestAction,
    RequestJournal, is_same_identity, load_operator_settings,
};
use evenkeel_rules::operator_settings::RemediationSubject;
use lambda_runtime::tracing::{info, warn};
use serde::Deserialize;
use serde_json::{Value, json};

use super::OperateFunction;
use super::error::OperateError;
use super::identity::{CallerIdentity, read_identity};

/// The default validity of a decision, in hours.
const DEFAULT_HOURS: u32 = 24;

/// The maximum validity of a decision, in hours.
const MAX_HOURS: u32 = 168;

/// The maximum length of a reason, in characters.
const MAX_REASON: usize = 1000;

/// What a person asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AskedAction {
    Plan,
    Approve,
    Reject,
    Undo,
}

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RequestBody {
    action: AskedAction,
    /// The uid of the finding, a unique prefix of it, or the key of its record.
    finding: String,
    /// The hash of the plan that the person saw, for a decision.
    plan: Option<String>,
    /// The validity of the decision.
    hours: Option<u32>,
    /// The reason.
    #[serde(default)]
    reason: String,
    /// True if the plan is to be applied although a limit is reached.
    #[serde(default)]
    overrides_limits: bool,
}

/// Returns the response to a request.
pub(super) async fn respond(function: &OperateFunction, event: &Value) -> Value {
    match handle_request(function, event).await {
        Ok(body) => build_response(202, &body),
        Err(failure) => {
            let (status, code) = failure.status_and_code();
            log_failure(status, code, &failure);
            build_response(status, &json!({"code": code, "message": failure.to_string()}))
        }
    }
}

fn log_failure(status: u16, code: &str, failure: &OperateError) {
    // A refusal is not a failure of the function.
    let why = (status >= 500).then(|| failure.to_string());
    warn!(code, status, why, "a request failed or was refused");
}

fn build_response(status: u16, body: &Value) -> Value {
    json!({
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": body.to_string(),
    })
}

async fn handle_request(function: &OperateFunction, event: &Value) -> Result<Value, OperateError> {
    let caller = read_identity(event)?;
    let body = read_body(event)?;
    let FindingRecord { key, bytes } = function.ledger.find_finding(&body.finding).await?;
    let violation = PolicyViolation::from_record(&bytes)?.with_key(&key);
    let response = match body.action {
        AskedAction::Plan => {
            function.send_request(&violation, &body, &caller, RequestAction::Plan).await?
        }
        AskedAction::Undo if body.reason.trim().is_empty() => {
            let why = "an undo needs a reason".to_owned();
            return Err(OperateError::InvalidRequest(why));
        }
        AskedAction::Undo => {
            function.send_request(&violation, &body, &caller, RequestAction::Undo).await?
        }
        AskedAction::Approve | AskedAction::Reject => {
            function.decide_plan(&violation, &body, &caller).await?
        }
    };
    info!(uid = %violation.finding, action = ?body.action, by = caller.user_arn, "request");
    Ok(response)
}

/// Returns the body of a request.
fn read_body(event: &Value) -> Result<RequestBody, OperateError> {
    let invalid = |why: &str| OperateError::InvalidRequest(why.to_owned());
    let text = event.get("body").and_then(Value::as_str).ok_or_else(|| invalid("it is empty"))?;
    let is_encoded = event.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or_default();
    let bytes = if is_encoded {
        let decoded = base64::decode(text);
        Cow::Owned(decoded.map_err(|_| invalid("it is not valid Base64"))?)
    } else {
        Cow::Borrowed(text.as_bytes())
    };
    let body: RequestBody = serde_json::from_slice(&bytes)
        .map_err(|error| OperateError::InvalidRequest(error.to_string()))?;
    if body.reason.chars().count() > MAX_REASON {
        return Err(invalid("the reason is longer than 1000 characters"));
    }
    Ok(body)
}

impl OperateFunction {
    /// Records a request and sends it to the remediate function. Returns the response.
    async fn send_request(
        &self,
        violation: &PolicyViolation,
        body: &RequestBody,
        caller: &CallerIdentity,
        action: RequestAction,
    ) -> Result<Value, OperateError> {
        let request = OperatorRequest {
            action,
            finding: violation.finding,
            by: caller.user_arn.clone(),
            by_id: caller.user_id.clone(),
            reason: body.reason.trim().to_owned(),
            time: current_millis(),
        };
        let number = RequestJournal::new(self.ledger.clone()).record_request(&request).await?;
        let message = json!({"key": violation.key, "request": number});
        self.send_message(&violation.target.remediator, &message).await?;
        Ok(json!({"finding": violation.finding, "request": number}))
    }

    /// Records the decision on the plan that the person saw. An approval is sent to the remediate
    /// function, which applies the plan.
    async fn decide_plan(
        &self,
        violation: &PolicyViolation,
        body: &RequestBody,
        caller: &CallerIdentity,
    ) -> Result<Value, OperateError> {
        let approved = body.action == AskedAction::Approve;
        let seen = body.plan.as_deref().ok_or_else(|| {
            OperateError::InvalidRequest("a decision needs the hash of the plan".to_owned())
        })?;
        let hours = body.hours.unwrap_or(DEFAULT_HOURS);
        if !(1..=MAX_HOURS).contains(&hours) {
            let why = format!("a decision is valid for 1 to {MAX_HOURS} hours");
            return Err(OperateError::InvalidRequest(why));
        }
        let journal = PlanJournal::new(self.ledger.clone());
        let now = current_millis();
        let plan = journal.find_valid(violation.finding, now).await?.ok_or(OperateError::NoPlan)?;
        if plan.plan != seen {
            return Err(OperateError::PlanChanged);
        }
        if approved {
            self.check_approver(violation, &plan, caller).await?;
        }
        let decision = PlanApproval {
            approver: caller.user_arn.clone(),
            expires: now.saturating_add(i64::from(hours).saturating_mul(3_600_000)),
            approved,
            overrides_limits: approved && body.overrides_limits,
            reason: Some(body.reason.trim().to_owned()).filter(|reason| !reason.is_empty()),
        };
        decision.store_decision(&self.ledger, violation.finding, &plan.plan).await?;
        if approved {
            return self.send_request(violation, body, caller, RequestAction::Apply).await;
        }
        Ok(json!({"finding": violation.finding}))
    }

    /// Checks whether the caller may approve a plan. The remediate function checks it again.
    async fn check_approver(
        &self,
        violation: &PolicyViolation,
        plan: &PlanRecord,
        caller: &CallerIdentity,
    ) -> Result<(), OperateError> {
        if is_same_identity(&caller.user_arn, &violation.actor) {
            return Err(OperateError::Violator);
        }
        let subject = RemediationSubject {
            account: &plan.account,
            policy: &plan.policy,
            severity: Some(violation.severity()),
            ..RemediationSubject::default()
        };
        let settings = load_operator_settings(&self.ledger).await?;
        if settings.may_approve(&subject, &caller.user_arn) {
            Ok(())
        } else {
            Err(OperateError::NotListed)
        }
    }
}
