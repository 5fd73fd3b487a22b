//! Starts the evaluate function. The same program serves all event sources of AWS Lambda.

mod function;

use std::process::ExitCode;

use evenkeel_engine::{EVALUATION_STACK, on_evaluation_stack};

fn main() -> ExitCode {
    evenkeel_client::logging::log_as_json();
    match on_evaluation_stack(run) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => report_start_error(&*error),
        Err(error) => report_start_error(&error),
    }
}

/// Serves invocations on a single-threaded runtime, because the function has one vCPU and handles
/// one invocation at a time. The runtime reads log objects on additional threads.
fn run() -> Result<(), lambda_runtime::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_stack_size(EVALUATION_STACK)
        .build()?;
    runtime.block_on(function::serve_invocations())
}

fn report_start_error(error: &dyn std::error::Error) -> ExitCode {
    lambda_runtime::tracing::error!(error = %error, "the function cannot start");
    ExitCode::FAILURE
}
