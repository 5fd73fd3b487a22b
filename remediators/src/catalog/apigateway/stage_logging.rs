//! A stage of a REST API that logs nothing logs again.

use serde_json::Value;

use crate::catalog::apigateway::stage::{Settings, StageRule, StageSettings};
use crate::remediator::{Plan, PlanRefusal};
use crate::violation::Target;

/// The settings of all methods that have none of their own.
const ALL: &str = "*/*";

/// What a line of the access log tells, as JSON.
///
/// Source: Amazon API Gateway Developer Guide, "Variables for access logging for API Gateway".
const FORMAT: &str = concat!(
    r#"{"requestId":"$context.requestId","time":"$context.requestTime","ip":"$context.identity.sourceIp","#,
    r#""caller":"$context.identity.caller","method":"$context.httpMethod","path":"$context.resourcePath","#,
    r#""status":"$context.status","protocol":"$context.protocol","tls":"$context.tlsVersion","#,
    r#""bytes":"$context.responseLength"}"#
);

/// Turns execution logs on (APIGateway.1), at the `level` that the policy's header says (`INFO` unless it does),
/// and access logs where it says to which log group (`accessLogs`, an ARN). An undo sets back what was.
pub type StageLogging = StageSettings<Logged>;

/// A stage logs.
#[derive(Debug)]
pub struct Logged;

impl StageRule for Logged {
    const ID: &'static str = "apigateway-stage-logging";
    const WITH: &'static [&'static str] = &["level", "accessLogs"];
    const LOGS: bool = true;

    fn plan(target: &Target, before: &Settings) -> Plan<Settings> {
        let level = match target.with.get("level") {
            None => "INFO",
            Some(Value::String(level)) if level == "ERROR" || level == "INFO" => level,
            Some(other) => {
                return Plan::Refuse(PlanRefusal::Setting(format!(
                    "`level` is INFO or ERROR, not {other}"
                )));
            }
        };
        let group = match target.with.get("accessLogs") {
            None => None,
            Some(Value::String(group)) if group.starts_with("arn:") => Some(group),
            Some(other) => {
                return Plan::Refuse(PlanRefusal::Setting(format!(
                    "`accessLogs` is an ARN, not {other}"
                )));
            }
        };
        let mut after = before.clone();
        after.methods.entry(ALL.to_owned()).or_default();
        for settings in after.methods.values_mut() {
            if settings.level.as_deref().is_none_or(|level| level == "OFF") {
                settings.level = Some(level.to_owned());
            }
        }
        if let (None, Some(group)) = (&after.access_logs, group) {
            after.access_logs = Some((group.clone(), FORMAT.to_owned()));
        }
        if after == *before { Plan::Nothing } else { Plan::Change(after) }
    }
}
