//! The evaluate function: one artefact for every door of AWS Lambda.

mod function;

use std::process::ExitCode;

/// Conditions that policies state may nest deeply.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    let ended = thread.map(std::thread::JoinHandle::join);
    match ended {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => told(&*error),
        Ok(Err(_)) => ExitCode::FAILURE,
        Err(error) => told(&error),
    }
}

/// One vCPU and one invocation at a time: a thread for that, and others for log objects.
fn run() -> Result<(), lambda_runtime::Error> {
    log_as_json();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build()?;
    runtime.block_on(function::serve())
}

/// Each line is an object, whatever the function's settings: what came from an event stays within its
/// string. `AWS_LAMBDA_LOG_LEVEL` says how much is written.
fn log_as_json() {
    use lambda_runtime::tracing::subscriber::filter::LevelFilter;
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    lambda_runtime::tracing::subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(true)
        .with_span_list(false)
        .with_max_level(level.unwrap_or(LevelFilter::INFO))
        .init();
}

fn told(error: &dyn std::error::Error) -> ExitCode {
    lambda_runtime::tracing::error!(error = %error, "the function cannot start");
    ExitCode::FAILURE
}
