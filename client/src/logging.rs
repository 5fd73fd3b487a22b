//! Configures the log of the Lambda functions.

use tracing_subscriber::filter::LevelFilter;

/// The variable in which AWS Lambda passes the log level.
///
/// Source: AWS Lambda Developer Guide, "Configuring advanced logging controls for Lambda
/// functions".
const LEVEL_VARIABLE: &str = "AWS_LAMBDA_LOG_LEVEL";

/// Configures the log so that each line is a JSON object, independent of the logging settings of
/// the Lambda function. Text from an event is always inside a JSON string. Therefore it cannot
/// imitate a log line. Call `log_as_json` once in a process: a second call panics.
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
