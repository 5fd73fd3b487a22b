//! What the errors of AWS mean for a remediation.

use std::error::Error;
use std::fmt::Debug;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

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
    match error.code() {
        Some(code) if gone.contains(&code) => RefusedByAws::Gone,
        Some(code) if denied.contains(&code) || DENIED.contains(&code) => {
            RefusedByAws::Denied(code.to_owned())
        }
        _ => RefusedByAws::Later(DisplayErrorContext(error).to_string()),
    }
}
