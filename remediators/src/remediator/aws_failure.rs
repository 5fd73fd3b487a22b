//! What the errors of AWS mean for a remediation.

use evenkeel_client::CallError;

use crate::remediator::AwsFailure;

/// Codes that say the same in every service.
///
/// Source: AWS's API references, "Common Errors".
const ACCESS_DENIED_CODES: &[&str] =
    &["AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"];

/// What a refusal means, by its code. One that is not known is for later: it is never taken for an answer.
pub(crate) fn classify_error(
    error: impl Into<CallError>,
    gone: &[&str],
    denied: &[&str],
) -> AwsFailure {
    let error = error.into();
    classify_code(error.error_code(), gone, denied)
        .unwrap_or_else(|| AwsFailure::Retryable(error.to_string()))
}

fn classify_code(code: Option<&str>, gone: &[&str], denied: &[&str]) -> Option<AwsFailure> {
    match code? {
        code if gone.contains(&code) => Some(AwsFailure::NotFound),
        code if denied.contains(&code) || ACCESS_DENIED_CODES.contains(&code) => {
            Some(AwsFailure::Denied(code.to_owned()))
        }
        _ => None,
    }
}
