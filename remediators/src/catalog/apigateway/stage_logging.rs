//! Turns on logs for the stages of REST APIs.

use serde_json::Value;

use crate::catalog::apigateway::stage_settings::{StageRule, StageSettings, StageState};
use crate::remediator::{PlanRefusal, RemediationPlan};
use crate::violation::TargetResource;

/// The key of the settings for all methods without separate settings.
const ALL_METHODS: &str = "*/*";

/// The format of an access log line, as JSON.
///
/// Source: Amazon API Gateway Developer Guide, "Variables for access logging for API Gateway".
const ACCESS_LOG_FORMAT: &str = concat!(
    r#"{"requestId":"$context.requestId","time":"$context.requestTime","ip":"$context.identity.sourceIp","#,
    r#""caller":"$context.identity.caller","method":"$context.httpMethod","path":"$context.resourcePath","#,
    r#""status":"$context.status","protocol":"$context.protocol","tls":"$context.tlsVersion","#,
    r#""bytes":"$context.responseLength"}"#
);

/// A remediator that turns on execution logs (APIGateway.1) with the parameter `level` (default
/// `INFO`). With the parameter `accessLogs` (the ARN of a log group) it also turns on access logs.
/// An undo restores the former settings.
pub type StageLogging = StageSettings<StageLoggingRule>;

/// The rule that a stage has logs.
#[derive(Debug)]
pub struct StageLoggingRule;

impl StageRule for StageLoggingRule {
    const ID: &'static str = "apigateway-stage-logging";
    const PARAMETER_NAMES: &'static [&'static str] = &["level", "accessLogs"];
    const ENABLES_LOGGING: bool = true;

    fn plan_change(target: &TargetResource, before: &StageState) -> RemediationPlan<StageState> {
        let level = match target.parameters.get("level") {
            None => "INFO",
            Some(Value::String(level)) if level == "ERROR" || level == "INFO" => level,
            Some(other) => {
                return RemediationPlan::Refuse(PlanRefusal::InvalidSetting(format!(
                    "`level` in the policy header is {other}; use INFO or ERROR"
                )));
            }
        };
        let group = match target.parameters.get("accessLogs") {
            None => None,
            Some(Value::String(group)) if group.starts_with("arn:") => Some(group),
            Some(other) => {
                return RemediationPlan::Refuse(PlanRefusal::InvalidSetting(format!(
                    "`accessLogs` in the policy header is {other}; use the ARN of a log group"
                )));
            }
        };
        let mut after = before.clone();
        after.methods.entry(ALL_METHODS.to_owned()).or_default();
        for settings in after.methods.values_mut() {
            if settings.level.as_deref().is_none_or(|level| level == "OFF") {
                settings.level = Some(level.to_owned());
            }
        }
        if let (None, Some(group)) = (&after.access_logs, group) {
            after.access_logs = Some((group.clone(), ACCESS_LOG_FORMAT.to_owned()));
        }
        if after == *before { RemediationPlan::Nothing } else { RemediationPlan::Change(after) }
    }
}
