//! The functions: there, active, with an environment that names what is there, and fed from their queues.

use std::collections::BTreeMap;

use evenkeel_client::{CallError, Method, Service};
use serde::Deserialize;

use super::aws::{Stack, is_missing};
use super::check::{About, Report};

/// A function as AWS Lambda describes it.
pub(super) struct Function {
    /// The family that it repairs; empty for the evaluate function.
    pub(super) family: &'static str,
    /// How long an invocation may take, in seconds.
    pub(super) timeout: i64,
    environment: BTreeMap<String, String>,
}

/// What AWS Lambda says of a function.
///
/// Source: AWS Lambda API Reference, `GetFunctionConfiguration`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Configuration {
    environment: Environment,
    last_update_status: String,
    last_update_status_reason: String,
    state: Option<String>,
    state_reason: String,
    timeout: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Environment {
    variables: BTreeMap<String, String>,
    error: Option<EnvironmentError>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct EnvironmentError {
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mappings {
    event_source_mappings: Vec<Mapping>,
}

/// What feeds a function.
///
/// Source: AWS Lambda API Reference, `ListEventSourceMappings`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Mapping {
    event_source_arn: String,
    function_response_types: Vec<String>,
    state: Option<String>,
}

impl Function {
    /// What its environment says; nothing is said by an empty text.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The evaluate function.
pub(super) async fn evaluate(stack: &Stack, report: &mut Report) -> Option<Function> {
    let name = stack.part("evaluate");
    let function = function(stack, &name, "", report).await?;
    let mut about = report.about(format!("settings of {name}"));
    if function.setting("EVENKEEL_LEDGER").is_none() {
        about.fail("EVENKEEL_LEDGER is not set", "set it to s3://BUCKET/PREFIX");
    }
    if function.setting("EVENKEEL_TOPIC").is_none() {
        let why = "EVENKEEL_TOPIC is not set: findings reach neither people nor remediators";
        about.fail(why, format!("set it to the ARN of {}", stack.part("findings")));
    }
    if function.setting("EVENKEEL_READ_ROLE").is_none() {
        let why = "EVENKEEL_READ_ROLE is not set: AWS Config of other accounts is not read";
        about.warn(why, format!("set it to {}", stack.part("read")));
    }
    about.end(format!("ledger {}", function.setting("EVENKEEL_LEDGER").unwrap_or_default()));
    mapping(stack, &name, &stack.part("changes"), report).await;
    Some(function)
}

/// The remediate functions that are there.
pub(super) async fn remediate(
    stack: &Stack,
    evaluate: Option<&Function>,
    report: &mut Report,
) -> Vec<Function> {
    let mut functions = Vec::new();
    for family in &stack.families {
        let name = stack.part(&format!("remediate-{family}"));
        if let Some(function) = function(stack, &name, family, report).await {
            settings(stack, &name, &function, evaluate, report);
            mapping(stack, &name, &name, report).await;
            functions.push(function);
        }
    }
    functions
}

/// Whether a function's settings fit its family, its queue and the evaluate function.
fn settings(
    stack: &Stack,
    name: &str,
    function: &Function,
    evaluate: Option<&Function>,
    report: &mut Report,
) {
    let mut about = report.about(format!("settings of {name}"));
    if function.setting("EVENKEEL_FAMILY") != Some(function.family) {
        about.fail("EVENKEEL_FAMILY is another", format!("set it to {}", function.family));
    }
    for setting in ["EVENKEEL_LEDGER", "EVENKEEL_TOPIC"] {
        let theirs = evaluate.and_then(|evaluate| evaluate.setting(setting));
        if function.setting(setting) != theirs && evaluate.is_some() {
            let what = format!("set it to that of {}", stack.part("evaluate"));
            about.fail(format!("{setting} is not the evaluate function's"), what);
        }
    }
    let queue = function.setting("EVENKEEL_QUEUE").and_then(|url| url.rsplit('/').next());
    if queue != Some(name) {
        let why = "EVENKEEL_QUEUE is not its own queue: what it repaired is not looked at again";
        about.warn(why, format!("set it to the URL of {name}"));
    }
    if function.setting("EVENKEEL_ROLE").is_none() {
        let why = "EVENKEEL_ROLE is not set: it repairs nothing in other accounts";
        about.warn(why, format!("set it to {name}"));
    }
    about.end(format!("ceiling {}", function.setting("EVENKEEL_CEILING").unwrap_or("notify")));
}

/// A function that is there; whether it can be invoked.
async fn function(
    stack: &Stack,
    name: &str,
    family: &'static str,
    report: &mut Report,
) -> Option<Function> {
    let mut about = report.about(format!("function {name}"));
    let told = match get_configuration(stack, name).await {
        Ok(told) => told,
        Err(error) if is_missing(&error) && !family.is_empty() => {
            about.end("not there: this family is not switched on".to_owned());
            return None;
        }
        Err(error) if is_missing(&error) => {
            let what = format!("deploy the stack in {}, or give --name", stack.region);
            about.fail("is not there", what);
            return None;
        }
        Err(error) => {
            about.refused(&error, "lambda:GetFunctionConfiguration");
            return None;
        }
    };
    state(&told, &mut about);
    let Configuration { environment, timeout, .. } = told;
    if let Some(EnvironmentError { message }) = environment.error {
        about.fail(format!("its environment cannot be read: {message}"), "allow kms:Decrypt");
    }
    about.end(format!("active, {timeout} s"));
    Some(Function { family, timeout, environment: environment.variables })
}

async fn get_configuration(stack: &Stack, name: &str) -> Result<Configuration, CallError> {
    let path = ["2015-03-31", "functions", name, "configuration"];
    Service::lambda(&stack.config).rest(Method::GET, &path).send().await?.json()
}

async fn list_mappings(stack: &Stack, function: &str) -> Result<Mappings, CallError> {
    let lambda = Service::lambda(&stack.config);
    let call = lambda.rest(Method::GET, &["2015-03-31", "event-source-mappings"]);
    call.with_query("FunctionName", Some(function)).send().await?.json()
}

/// Source: AWS Lambda Developer Guide, "Lambda function states".
fn state(told: &Configuration, about: &mut About<'_>) {
    let why = &told.state_reason;
    match told.state.as_deref() {
        Some("Active") | None => {}
        Some("Failed") => about.fail(format!("failed: {why}"), "mend it, and deploy again"),
        Some(state) => about.warn(format!("is {state}: {why}"), "wait, and run this again"),
    }
    if told.last_update_status == "Failed" {
        let why = &told.last_update_status_reason;
        about.fail(format!("its last update failed: {why}"), "deploy again");
    }
}

/// Whether a function is fed from its queue, and can let one message of a batch come again.
async fn mapping(stack: &Stack, function: &str, queue: &str, report: &mut Report) {
    let mut about = report.about(format!("mapping {queue}"));
    let told = match list_mappings(stack, function).await {
        Ok(told) => told,
        Err(error) => return about.refused(&error, "lambda:ListEventSourceMappings"),
    };
    let of_queue = |mapping: &&Mapping| mapping.event_source_arn.rsplit(':').next() == Some(queue);
    let Some(mapping) = told.event_source_mappings.iter().find(of_queue) else {
        return about.fail(format!("{function} is not fed from it"), "deploy the stack again");
    };
    match mapping.state.as_deref() {
        Some("Enabled") => {}
        Some(state @ ("Creating" | "Enabling" | "Updating")) => {
            about.warn(format!("is {state}"), "wait, and run this again");
        }
        state => {
            let why = format!("is {}: messages wait in the queue", state.unwrap_or("in no state"));
            about
                .fail(why, "enable it: aws lambda update-event-source-mapping --enabled --uuid ID");
        }
    }
    let partial = "ReportBatchItemFailures";
    if !mapping.function_response_types.iter().any(|kind| kind == partial) {
        let why = "takes no partial answers: what failed would be taken for done";
        about.fail(why, "set FunctionResponseTypes to ReportBatchItemFailures");
    }
    about.end(format!("feeds {function}"));
}
