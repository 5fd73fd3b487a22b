//! The remediate Lambda function: one artifact for all families of remediators.

mod lambda;

use std::process::ExitCode;

use evenkeel_engine::on_evaluation_stack;

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
    runtime.block_on(lambda::serve_invocations())
}

/// Logs the error and returns the exit code of a failure.
fn report_failure(error: &dyn std::error::Error) -> ExitCode {
    lambda_runtime::tracing::error!(error = %error, "the function cannot start");
    ExitCode::FAILURE
}
