//! The functions: there, active, with an environment that names what is there, and fed from their queues.

use std::collections::BTreeMap;

use evenkeel_client::{CallError, Method, ServiceClient};
use serde::Deserialize;

use super::check_report::{CheckReporter, DoctorReport};
use super::stack_access::{DeployedStack, is_missing};

/// A function as AWS Lambda describes it.
pub(super) struct DeployedFunction {
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
struct FunctionConfiguration {
    environment: FunctionEnvironment,
    last_update_status: String,
    last_update_status_reason: String,
    state: Option<String>,
    state_reason: String,
    timeout: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct FunctionEnvironment {
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
struct EventSourceMappings {
    event_source_mappings: Vec<EventSourceMapping>,
}

/// What feeds a function.
///
/// Source: AWS Lambda API Reference, `ListEventSourceMappings`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct EventSourceMapping {
    event_source_arn: String,
    function_response_types: Vec<String>,
    state: Option<String>,
}

impl DeployedFunction {
    /// What its environment says; nothing is said by an empty text.
    pub(super) fn setting_value(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The evaluate function.
pub(super) async fn check_evaluate_function(
    stack: &DeployedStack,
    report: &mut DoctorReport,
) -> Option<DeployedFunction> {
    let name = stack.part_name("evaluate");
    let function = check_function(stack, &name, "", report).await?;
    let mut about = report.begin_check(format!("settings of {name}"));
    if function.setting_value("EVENKEEL_LEDGER").is_none() {
        about.add_failure("EVENKEEL_LEDGER is not set", "set it to s3://BUCKET/PREFIX");
    }
    if function.setting_value("EVENKEEL_TOPIC").is_none() {
        let why = "EVENKEEL_TOPIC is not set: findings reach neither people nor remediators";
        about.add_failure(why, format!("set it to the ARN of {}", stack.part_name("findings")));
    }
    if function.setting_value("EVENKEEL_READ_ROLE").is_none() {
        let why = "EVENKEEL_READ_ROLE is not set: AWS Config of other accounts is not read";
        about.add_warning(why, format!("set it to {}", stack.part_name("read")));
    }
    about.finish_check(format!(
        "ledger {}",
        function.setting_value("EVENKEEL_LEDGER").unwrap_or_default()
    ));
    check_mapping(stack, &name, &stack.part_name("changes"), report).await;
    Some(function)
}

/// The remediate functions that are there.
pub(super) async fn check_remediate_functions(
    stack: &DeployedStack,
    evaluate: Option<&DeployedFunction>,
    report: &mut DoctorReport,
) -> Vec<DeployedFunction> {
    let mut functions = Vec::new();
    for family in &stack.families {
        let name = stack.part_name(&format!("remediate-{family}"));
        if let Some(function) = check_function(stack, &name, family, report).await {
            check_settings(stack, &name, &function, evaluate, report);
            check_mapping(stack, &name, &name, report).await;
            functions.push(function);
        }
    }
    functions
}

/// Whether a function's settings fit its family, its queue and the evaluate function.
fn check_settings(
    stack: &DeployedStack,
    name: &str,
    function: &DeployedFunction,
    evaluate: Option<&DeployedFunction>,
    report: &mut DoctorReport,
) {
    let mut about = report.begin_check(format!("settings of {name}"));
    if function.setting_value("EVENKEEL_FAMILY") != Some(function.family) {
        about.add_failure("EVENKEEL_FAMILY is another", format!("set it to {}", function.family));
    }
    for setting in ["EVENKEEL_LEDGER", "EVENKEEL_TOPIC"] {
        let theirs = evaluate.and_then(|evaluate| evaluate.setting_value(setting));
        if function.setting_value(setting) != theirs && evaluate.is_some() {
            let what = format!("set it to that of {}", stack.part_name("evaluate"));
            about.add_failure(format!("{setting} is not the evaluate function's"), what);
        }
    }
    let queue = function.setting_value("EVENKEEL_QUEUE").and_then(|url| url.rsplit('/').next());
    if queue != Some(name) {
        let why = "EVENKEEL_QUEUE is not its own queue: what it repaired is not looked at again";
        about.add_warning(why, format!("set it to the URL of {name}"));
    }
    if function.setting_value("EVENKEEL_ROLE").is_none() {
        let why = "EVENKEEL_ROLE is not set: it repairs nothing in other accounts";
        about.add_warning(why, format!("set it to {name}"));
    }
    about.finish_check(format!(
        "ceiling {}",
        function.setting_value("EVENKEEL_CEILING").unwrap_or("notify")
    ));
}

/// A function that is there; whether it can be invoked.
async fn check_function(
    stack: &DeployedStack,
    name: &str,
    family: &'static str,
    report: &mut DoctorReport,
) -> Option<DeployedFunction> {
    let mut about = report.begin_check(format!("function {name}"));
    let told = match get_configuration(stack, name).await {
        Ok(told) => told,
        Err(error) if is_missing(&error) && !family.is_empty() => {
            about.finish_check("not there: this family is not switched on".to_owned());
            return None;
        }
        Err(error) if is_missing(&error) => {
            let what = format!("deploy the stack in {}, or give --name", stack.region);
            about.add_failure("is not there", what);
            return None;
        }
        Err(error) => {
            about.add_call_failure(&error, "lambda:GetFunctionConfiguration");
            return None;
        }
    };
    check_state(&told, &mut about);
    let FunctionConfiguration { environment, timeout, .. } = told;
    if let Some(EnvironmentError { message }) = environment.error {
        about
            .add_failure(format!("its environment cannot be read: {message}"), "allow kms:Decrypt");
    }
    about.finish_check(format!("active, {timeout} s"));
    Some(DeployedFunction { family, timeout, environment: environment.variables })
}

async fn get_configuration(
    stack: &DeployedStack,
    name: &str,
) -> Result<FunctionConfiguration, CallError> {
    let path = ["2015-03-31", "functions", name, "configuration"];
    ServiceClient::lambda(&stack.config)
        .rest_call(Method::GET, &path)
        .send_rest()
        .await?
        .parse_json()
}

async fn list_mappings(
    stack: &DeployedStack,
    function: &str,
) -> Result<EventSourceMappings, CallError> {
    let lambda = ServiceClient::lambda(&stack.config);
    let call = lambda.rest_call(Method::GET, &["2015-03-31", "event-source-mappings"]);
    call.with_query("FunctionName", Some(function)).send_rest().await?.parse_json()
}

/// Source: AWS Lambda Developer Guide, "Lambda function states".
fn check_state(told: &FunctionConfiguration, about: &mut CheckReporter<'_>) {
    let why = &told.state_reason;
    match told.state.as_deref() {
        Some("Active") | None => {}
        Some("Failed") => about.add_failure(format!("failed: {why}"), "mend it, and deploy again"),
        Some(state) => about.add_warning(format!("is {state}: {why}"), "wait, and run this again"),
    }
    if told.last_update_status == "Failed" {
        let why = &told.last_update_status_reason;
        about.add_failure(format!("its last update failed: {why}"), "deploy again");
    }
}

/// Whether a function is fed from its queue, and can let one message of a batch come again.
async fn check_mapping(
    stack: &DeployedStack,
    function: &str,
    queue: &str,
    report: &mut DoctorReport,
) {
    let mut about = report.begin_check(format!("mapping {queue}"));
    let told = match list_mappings(stack, function).await {
        Ok(told) => told,
        Err(error) => return about.add_call_failure(&error, "lambda:ListEventSourceMappings"),
    };
    let of_queue =
        |mapping: &&EventSourceMapping| mapping.event_source_arn.rsplit(':').next() == Some(queue);
    let Some(mapping) = told.event_source_mappings.iter().find(of_queue) else {
        return about
            .add_failure(format!("{function} is not fed from it"), "deploy the stack again");
    };
    match mapping.state.as_deref() {
        Some("Enabled") => {}
        Some(state @ ("Creating" | "Enabling" | "Updating")) => {
            about.add_warning(format!("is {state}"), "wait, and run this again");
        }
        state => {
            let why = format!("is {}: messages wait in the queue", state.unwrap_or("in no state"));
            about.add_failure(
                why,
                "enable it: aws lambda update-event-source-mapping --enabled --uuid ID",
            );
        }
    }
    let partial = "ReportBatchItemFailures";
    if !mapping.function_response_types.iter().any(|kind| kind == partial) {
        let why = "takes no partial answers: what failed would be taken for done";
        about.add_failure(why, "set FunctionResponseTypes to ReportBatchItemFailures");
    }
    about.finish_check(format!("feeds {function}"));
}
