//! What the errors of AWS mean for a remediation.

use evenkeel_client::CallError;

use crate::remediator::RefusedByAws;

/// Codes that say the same in every service.
///
/// Source: AWS's API references, "Common Errors".
const DENIED: &[&str] =
    &["AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"];

/// What a refusal means, by its code. One that is not known is for later: it is never taken for an answer.
pub(crate) fn refusal(error: impl Into<CallError>, gone: &[&str], denied: &[&str]) -> RefusedByAws {
    let error = error.into();
    by_code(error.code(), gone, denied).unwrap_or_else(|| RefusedByAws::Later(error.to_string()))
}

fn by_code(code: Option<&str>, gone: &[&str], denied: &[&str]) -> Option<RefusedByAws> {
    match code? {
        code if gone.contains(&code) => Some(RefusedByAws::Gone),
        code if denied.contains(&code) || DENIED.contains(&code) => {
            Some(RefusedByAws::Denied(code.to_owned()))
        }
        _ => None,
    }
}
