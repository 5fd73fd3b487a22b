//! The functions' log.

use tracing_subscriber::filter::LevelFilter;

/// The variable by which AWS Lambda says how much is written.
///
/// Source: AWS Lambda Developer Guide, "Configuring advanced logging controls for Lambda functions".
const LEVEL_VARIABLE: &str = "AWS_LAMBDA_LOG_LEVEL";

/// Writes each line of the log as a JSON object, whatever the function's settings: what came from an event stays within
/// its string. To be called once.
pub fn log_as_json() {
    let level = std::env::var(LEVEL_VARIABLE).ok().and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(true)
        .with_span_list(false)
        .with_max_level(level.unwrap_or(LevelFilter::INFO))
        .init();
}
