//! The remediate function: one artefact for every family of remediators.

mod lambda;

use std::process::ExitCode;

use evenkeel_engine::on_evaluation_stack;

fn main() -> ExitCode {
    evenkeel_client::logging::log_as_json();
    // Waivers have conditions, which are evaluated.
    match on_evaluation_stack(run) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => report_failure(&*error),
        Err(error) => report_failure(&error),
    }
}

/// Serves invocations, one at a time.
fn run() -> Result<(), lambda_runtime::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(lambda::serve_invocations())
}

fn report_failure(error: &dyn std::error::Error) -> ExitCode {
    lambda_runtime::tracing::error!(error = %error, "the function cannot start");
    ExitCode::FAILURE
}
