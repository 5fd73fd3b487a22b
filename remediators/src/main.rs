//! The remediate function: one artefact for every family of remediators.

mod function;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log_as_json();
    match function::serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            lambda_runtime::tracing::error!(error = %error, "the function cannot start");
            ExitCode::FAILURE
        }
    }
}

/// Each line is an object: what came from a finding stays within its string. `AWS_LAMBDA_LOG_LEVEL` says how
/// much is written.
fn log_as_json() {
    use lambda_runtime::tracing::subscriber::{filter::LevelFilter, fmt};
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let level = level.unwrap_or(LevelFilter::INFO);
    fmt().json().flatten_event(true).with_target(false).with_max_level(level).init();
}
