//! Checks the Lambda functions: their state, their environment, and their event source mappings.

use std::collections::BTreeMap;

use evenkeel_client::{CallError, Method, ServiceClient};
use serde::Deserialize;

use super::check_report::{CheckReporter, DoctorReport};
use super::stack_access::{DeployedStack, is_missing};

/// A deployed Lambda function.
pub(super) struct DeployedFunction {
    /// The family of remediators; empty for the evaluate function.
    pub(super) family: &'static str,
    /// The timeout of an invocation, in seconds.
    pub(super) timeout: i64,
    environment: BTreeMap<String, String>,
}

/// The configuration of a function.
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

/// The environment of a function.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct FunctionEnvironment {
    variables: BTreeMap<String, String>,
    error: Option<EnvironmentError>,
}

/// The error of an environment that Lambda cannot decrypt.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct EnvironmentError {
    message: String,
}

/// The event source mappings of a function.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EventSourceMappings {
    event_source_mappings: Vec<EventSourceMapping>,
}

/// An event source mapping, which delivers the messages of a queue to a function.
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
    /// Returns the value of an environment variable. An empty value counts as not set.
    pub(super) fn setting_value(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Checks the evaluate function. Returns `None` if the function does not exist or cannot be read.
pub(super) async fn check_evaluate_function(
    stack: &DeployedStack,
    report: &mut DoctorReport,
) -> Option<DeployedFunction> {
    let name = stack.part_name("evaluate");
    let function = check_function(stack, &name, "", report).await?;
    let mut check = report.begin_check(format!("settings of {name}"));
    if function.setting_value("EVENKEEL_LEDGER").is_none() {
        check.add_failure("EVENKEEL_LEDGER is not set", "set it to s3://BUCKET/PREFIX");
    }
    if function.setting_value("EVENKEEL_TOPIC").is_none() {
        let why = "EVENKEEL_TOPIC is not set: findings are not published";
        check.add_failure(why, format!("set it to the ARN of {}", stack.part_name("findings")));
    }
    if function.setting_value("EVENKEEL_READ_ROLE").is_none() {
        let why = "EVENKEEL_READ_ROLE is not set: AWS Config in other accounts is not read";
        check.add_warning(why, format!("set it to {}", stack.part_name("read")));
    }
    check.finish_check(format!(
        "ledger {}",
        function.setting_value("EVENKEEL_LEDGER").unwrap_or_default()
    ));
    check_mapping(stack, &name, &stack.part_name("changes"), report).await;
    Some(function)
}

/// Checks the remediate functions of all families, and returns the deployed ones.
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

/// Checks that the settings of a remediate function match its family, its queue and the evaluate
/// function.
fn check_settings(
    stack: &DeployedStack,
    name: &str,
    function: &DeployedFunction,
    evaluate: Option<&DeployedFunction>,
    report: &mut DoctorReport,
) {
    let mut check = report.begin_check(format!("settings of {name}"));
    if function.setting_value("EVENKEEL_FAMILY") != Some(function.family) {
        let todo = format!("set it to {}", function.family);
        check.add_failure("EVENKEEL_FAMILY names another family", todo);
    }
    for setting in ["EVENKEEL_LEDGER", "EVENKEEL_TOPIC"] {
        let expected = evaluate.and_then(|evaluate| evaluate.setting_value(setting));
        if function.setting_value(setting) != expected && evaluate.is_some() {
            let todo = format!("set it to the value of {}", stack.part_name("evaluate"));
            check.add_failure(format!("{setting} differs from the evaluate function's"), todo);
        }
    }
    let queue = function.setting_value("EVENKEEL_QUEUE").and_then(|url| url.rsplit('/').next());
    if queue != Some(name) {
        let why = "EVENKEEL_QUEUE is another queue: remediated resources are not verified again";
        check.add_warning(why, format!("set it to the URL of {name}"));
    }
    if function.setting_value("EVENKEEL_ROLE").is_none() {
        let why = "EVENKEEL_ROLE is not set: nothing is remediated in other accounts";
        check.add_warning(why, format!("set it to {name}"));
    }
    check.finish_check(format!(
        "maximum mode {}",
        function.setting_value("EVENKEEL_MAXIMUM_MODE").unwrap_or("notify")
    ));
}

/// Checks that a function is deployed and active. Returns `None` if the function is not deployed or
/// cannot be read.
async fn check_function(
    stack: &DeployedStack,
    name: &str,
    family: &'static str,
    report: &mut DoctorReport,
) -> Option<DeployedFunction> {
    let mut check = report.begin_check(format!("function {name}"));
    let configuration = match get_configuration(stack, name).await {
        Ok(configuration) => configuration,
        Err(error) if is_missing(&error) && !family.is_empty() => {
            check.finish_check("not deployed: this family is disabled".to_owned());
            return None;
        }
        Err(error) if is_missing(&error) => {
            let todo =
                format!("deploy the stack in {}, or set its prefix with --name", stack.region);
            check.add_failure("does not exist", todo);
            return None;
        }
        Err(error) => {
            check.add_call_failure(&error, "lambda:GetFunctionConfiguration");
            return None;
        }
    };
    check_state(&configuration, &mut check);
    let FunctionConfiguration { environment, timeout, .. } = configuration;
    if let Some(EnvironmentError { message }) = environment.error {
        check.add_failure(
            format!("the environment cannot be decrypted: {message}"),
            "allow kms:Decrypt",
        );
    }
    check.finish_check(format!("active, {timeout} s"));
    Some(DeployedFunction { family, timeout, environment: environment.variables })
}

/// Fetches the configuration of a function.
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

/// Lists the event source mappings of a function.
async fn list_mappings(
    stack: &DeployedStack,
    function: &str,
) -> Result<EventSourceMappings, CallError> {
    let lambda = ServiceClient::lambda(&stack.config);
    let call = lambda.rest_call(Method::GET, &["2015-03-31", "event-source-mappings"]);
    call.with_query("FunctionName", Some(function)).send_rest().await?.parse_json()
}

/// Checks the state and the last update of a function.
///
/// Source: AWS Lambda Developer Guide, "Lambda function states".
fn check_state(configuration: &FunctionConfiguration, check: &mut CheckReporter<'_>) {
    let why = &configuration.state_reason;
    match configuration.state.as_deref() {
        Some("Active") | None => {}
        Some("Failed") => {
            check.add_failure(format!("failed: {why}"), "fix the cause, and deploy again");
        }
        Some(state) => {
            check.add_warning(format!("is {state}: {why}"), "wait, and run the command again");
        }
    }
    if configuration.last_update_status == "Failed" {
        let why = &configuration.last_update_status_reason;
        check.add_failure(format!("the last update failed: {why}"), "deploy again");
    }
}

/// Checks that a function receives the messages of its queue, and that it can report failed
/// messages of a batch.
async fn check_mapping(
    stack: &DeployedStack,
    function: &str,
    queue: &str,
    report: &mut DoctorReport,
) {
    let mut check = report.begin_check(format!("mapping {queue}"));
    let mappings = match list_mappings(stack, function).await {
        Ok(mappings) => mappings.event_source_mappings,
        Err(error) => return check.add_call_failure(&error, "lambda:ListEventSourceMappings"),
    };
    let of_queue =
        |mapping: &&EventSourceMapping| mapping.event_source_arn.rsplit(':').next() == Some(queue);
    let Some(mapping) = mappings.iter().find(of_queue) else {
        return check
            .add_failure(format!("does not deliver to {function}"), "deploy the stack again");
    };
    match mapping.state.as_deref() {
        Some("Enabled") => {}
        Some(state @ ("Creating" | "Enabling" | "Updating")) => {
            check.add_warning(format!("is {state}"), "wait, and run the command again");
        }
        state => {
            let state = state.unwrap_or("in an unknown state");
            let why = format!("is {state}: messages wait in the queue");
            check.add_failure(
                why,
                "enable it: aws lambda update-event-source-mapping --enabled --uuid ID",
            );
        }
    }
    let partial = "ReportBatchItemFailures";
    if !mapping.function_response_types.iter().any(|kind| kind == partial) {
        let why = "does not report failed messages of a batch: SQS deletes them like the others";
        check.add_failure(why, "set FunctionResponseTypes to ReportBatchItemFailures");
    }
    check.finish_check(format!("delivers to {function}"));
}
