//! Classifies AWS errors for remediators.

use evenkeel_client::CallError;

use crate::remediator::AwsFailure;

/// Error codes for denied access that all services use.
///
/// Source: AWS's API references, "Common Errors".
const ACCESS_DENIED_CODES: &[&str] =
    &["AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"];

/// Classifies an error by its code. `gone` lists the codes for a resource that does not exist, and
/// `denied` lists the codes for which a retry fails again, in addition to [`ACCESS_DENIED_CODES`].
/// Every other code becomes [`AwsFailure::Retryable`], because it proves nothing about the
/// resource.
pub(crate) fn classify_error(
    error: impl Into<CallError>,
    gone: &[&str],
    denied: &[&str],
) -> AwsFailure {
    let error = error.into();
    classify_code(error.error_code(), gone, denied)
        .unwrap_or_else(|| AwsFailure::Retryable(error.to_string()))
}

/// Returns the failure that a code means, or `None` for an unknown code.
fn classify_code(code: Option<&str>, gone: &[&str], denied: &[&str]) -> Option<AwsFailure> {
    match code? {
        code if gone.contains(&code) => Some(AwsFailure::NotFound),
        code if denied.contains(&code) || ACCESS_DENIED_CODES.contains(&code) => {
            Some(AwsFailure::Denied(code.to_owned()))
        }
        _ => None,
    }
}
