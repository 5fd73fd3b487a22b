//! The errors of calls to AWS.

use std::error::Error;
use std::fmt;

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};

/// The error of a call to AWS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// AWS returned an error.
    #[error("{0}")]
    Refused(ServiceError),
    /// The request was not sent, or no response was received. It is not known whether AWS executed
    /// the call.
    #[error("{0}")]
    Unanswered(String),
    /// The response does not have the expected content.
    #[error("the response cannot be read: {0}")]
    Malformed(String),
    /// The request cannot be built, for example because credentials are missing.
    #[error("the request cannot be built: {0}")]
    InvalidRequest(String),
    /// The configuration contains no Region.
    #[error("no AWS Region is configured; set AWS_REGION")]
    NoRegion,
}

impl CallError {
    /// Returns the error code of AWS, such as `InvalidGroup.NotFound`, if AWS returned an error.
    pub fn error_code(&self) -> Option<&str> {
        self.service_error().map(ServiceError::error_code)
    }

    /// Returns the error of AWS, if AWS returned one.
    pub fn service_error(&self) -> Option<&ServiceError> {
        match self {
            CallError::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Returns whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            CallError::Refused(refusal) => refusal.is_retryable(),
            CallError::Unanswered(_) => true,
            CallError::Malformed(_) | CallError::InvalidRequest(_) | CallError::NoRegion => false,
        }
    }
}

/// Converts the errors of this crate and of the clients of the SDK.
impl<E: ProvideErrorMetadata + Error + 'static> From<SdkError<E, HttpResponse>> for CallError {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(refused) => {
                let (status, metadata) = (refused.raw().status(), refused.err().meta());
                CallError::Refused(ServiceError {
                    status: status.as_u16(),
                    metadata: metadata.clone(),
                })
            }
            SdkError::ConstructionFailure(_) => CallError::InvalidRequest(join_causes(&error)),
            error => CallError::Unanswered(join_causes(&error)),
        }
    }
}

/// Joins the message of an error and the messages of its causes, without repetitions.
fn join_causes(error: &dyn Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        cause = inner.source();
    }
    parts.join(": ")
}

/// The error that AWS returns for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    status: u16,
    metadata: ErrorMetadata,
}

impl ServiceError {
    pub(super) fn new(status: u16, metadata: ErrorMetadata) -> ServiceError {
        ServiceError { status, metadata }
    }

    /// Returns the HTTP status code.
    pub fn http_status(&self) -> u16 {
        self.status
    }

    /// Returns the error code of AWS. The code is empty if AWS returned none, for example for an S3
    /// response without a body.
    pub fn error_code(&self) -> &str {
        self.metadata.code().unwrap_or_default()
    }

    /// Returns the error message of AWS, or an empty string if there is none.
    pub fn error_message(&self) -> &str {
        self.metadata.message().unwrap_or_default()
    }

    /// Returns the request ID of AWS.
    pub fn request_id(&self) -> Option<&str> {
        self.metadata.extra(REQUEST_ID)
    }

    pub(super) fn is_retryable(&self) -> bool {
        let code = self.error_code();
        self.status >= 500 || THROTTLING_ERRORS.contains(&code) || TRANSIENT_ERRORS.contains(&code)
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error_code() {
            "" => write!(to, "status {}", self.status)?,
            code => write!(to, "{code}: {}", self.error_message())?,
        }
        self.request_id().map_or(Ok(()), |id| write!(to, " (request {id})"))
    }
}

impl Error for ServiceError {}

impl ProvideErrorMetadata for ServiceError {
    fn meta(&self) -> &ErrorMetadata {
        &self.metadata
    }
}

/// The key of the request ID in the metadata of an error.
pub(super) const REQUEST_ID: &str = "aws_request_id";
