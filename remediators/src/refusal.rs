//! What the errors of AWS mean for a remediation.

use std::error::Error;
use std::fmt::Debug;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::query::QueryError;
use crate::remediator::RefusedByAws;

/// An error of one of AWS's operations.
pub(crate) trait ServiceError: ProvideErrorMetadata + Error + 'static {}

impl<E: ProvideErrorMetadata + Error + 'static> ServiceError for E {}

/// Codes that say the same in every service.
///
/// Source: AWS's API references, "Common Errors".
const DENIED: &[&str] =
    &["AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"];

/// What a refusal means, by its code. One that is not known is for later: it is never taken for an answer.
pub(crate) fn refusal<E: ServiceError, R: Debug + 'static>(
    error: SdkError<E, R>,
    gone: &[&str],
    denied: &[&str],
) -> RefusedByAws {
    by_code(error.code(), gone, denied)
        .unwrap_or_else(|| RefusedByAws::Later(DisplayErrorContext(error).to_string()))
}

/// The same of a service that is spoken to without an SDK.
pub(super) fn query_refusal(error: &QueryError, gone: &[&str], denied: &[&str]) -> RefusedByAws {
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
