//! The remediate function: one artefact for every family of remediators.

mod lambda;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    evenkeel_client::logging::log_as_json();
    match lambda::serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            lambda_runtime::tracing::error!(error = %error, "the function cannot start");
            ExitCode::FAILURE
        }
    }
}
