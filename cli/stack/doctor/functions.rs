//! The functions: there, active, with an environment that names what is there, and fed from their queues.

use std::collections::HashMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{EventSourceMappingConfiguration, LastUpdateStatus, State};

use super::aws::{Stack, is_missing};
use super::check::{About, Report};

/// A function as AWS Lambda describes it.
pub(super) struct Function {
    /// The family that it repairs; empty for the evaluate function.
    pub(super) family: &'static str,
    /// How long an invocation may take, in seconds.
    pub(super) timeout: i64,
    environment: HashMap<String, String>,
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
    let asked = Client::new(&stack.config).get_function_configuration().function_name(name);
    let told = match asked.send().await {
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
    let environment = told.environment().and_then(|environment| environment.variables().cloned());
    if let Some(error) = told.environment().and_then(|environment| environment.error()) {
        let why = error.message().unwrap_or_default();
        about.fail(format!("its environment cannot be read: {why}"), "allow kms:Decrypt");
    }
    let timeout = i64::from(told.timeout().unwrap_or_default());
    about.end(format!("active, {timeout} s"));
    Some(Function { family, timeout, environment: environment.unwrap_or_default() })
}

/// Source: AWS Lambda Developer Guide, "Lambda function states".
fn state(told: &GetFunctionConfigurationOutput, about: &mut About<'_>) {
    let why = told.state_reason().unwrap_or_default();
    match told.state() {
        Some(State::Active) | None => {}
        Some(State::Failed) => about.fail(format!("failed: {why}"), "mend it, and deploy again"),
        Some(state) => about.warn(format!("is {state}: {why}"), "wait, and run this again"),
    }
    if told.last_update_status() == Some(&LastUpdateStatus::Failed) {
        let why = told.last_update_status_reason().unwrap_or_default();
        about.fail(format!("its last update failed: {why}"), "deploy again");
    }
}

/// Whether a function is fed from its queue, and can let one message of a batch come again.
async fn mapping(stack: &Stack, function: &str, queue: &str, report: &mut Report) {
    let mut about = report.about(format!("mapping {queue}"));
    let asked = Client::new(&stack.config).list_event_source_mappings().function_name(function);
    let told = match asked.send().await {
        Ok(told) => told,
        Err(error) => return about.refused(&error, "lambda:ListEventSourceMappings"),
    };
    let of_queue = |mapping: &&EventSourceMappingConfiguration| {
        mapping.event_source_arn().and_then(|arn| arn.rsplit(':').next()) == Some(queue)
    };
    let Some(mapping) = told.event_source_mappings().iter().find(of_queue) else {
        return about.fail(format!("{function} is not fed from it"), "deploy the stack again");
    };
    match mapping.state() {
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
    let partial = |kind: &aws_sdk_lambda::types::FunctionResponseType| {
        kind.as_str() == "ReportBatchItemFailures"
    };
    if !mapping.function_response_types().iter().any(partial) {
        let why = "takes no partial answers: what failed would be taken for done";
        about.fail(why, "set FunctionResponseTypes to ReportBatchItemFailures");
    }
    about.end(format!("feeds {function}"));
}
