//! The remediate and operate Lambda functions: one artifact for all families of remediators, and for
//! the requests of people.

mod lambda;
mod operate;

use std::process::ExitCode;

use evenkeel_client::environment::find_setting;
use evenkeel_engine::on_evaluation_stack;

/// The environment variable that selects the function: `remediate` (the default) or `operate`.
const TASK: &str = "EVENKEEL_TASK";

fn main() -> ExitCode {
    evenkeel_client::logging::log_as_json();
    // Waivers contain CEL conditions, which need the stack of the evaluator.
    match on_evaluation_stack(run) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => report_failure(&*error),
        Err(error) => report_failure(&error),
    }
}

/// Serves invocations, one after the other.
fn run() -> Result<(), lambda_runtime::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match find_setting(TASK).as_deref() {
        None | Some("remediate") => runtime.block_on(lambda::serve_invocations()),
        Some("operate") => runtime.block_on(operate::serve_invocations()),
        Some(_) => Err(format!("{TASK} is not valid; use `remediate` or `operate`").into()),
    }
}

/// Logs the error and returns the exit code of a failure.
fn report_failure(error: &dyn std::error::Error) -> ExitCode {
    lambda_runtime::tracing::error!(error = %error, "the function cannot start");
    ExitCode::FAILURE
}
