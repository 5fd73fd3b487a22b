//! Why a call gave nothing.

use std::error::Error;
use std::fmt;

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// AWS refused.
    #[error("{0}")]
    Refused(ServiceError),
    /// AWS was not asked or not heard; whether it did what was asked is not known.
    #[error("{0}")]
    Unanswered(String),
    /// The answer is not what the call answers.
    #[error("the answer cannot be read: {0}")]
    Malformed(String),
    /// The request cannot be made.
    #[error("the request cannot be made: {0}")]
    InvalidRequest(String),
    /// The configuration names no Region.
    #[error("there is no region")]
    NoRegion,
}

impl CallError {
    /// AWS's code, such as `InvalidGroup.NotFound`, where AWS refused.
    pub fn error_code(&self) -> Option<&str> {
        self.service_error().map(ServiceError::error_code)
    }

    /// What AWS said, where it refused.
    pub fn service_error(&self) -> Option<&ServiceError> {
        match self {
            CallError::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            CallError::Refused(refusal) => refusal.is_retryable(),
            CallError::Unanswered(_) => true,
            CallError::Malformed(_) | CallError::InvalidRequest(_) | CallError::NoRegion => false,
        }
    }
}

/// Every error of the SDK, of its own clients too.
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

/// What an error says, from its outside to its cause, each thing once.
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

/// What AWS says where it refuses a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    status: u16,
    metadata: ErrorMetadata,
}

impl ServiceError {
    pub(super) fn new(status: u16, metadata: ErrorMetadata) -> ServiceError {
        ServiceError { status, metadata }
    }

    /// The status of HTTP.
    pub fn http_status(&self) -> u16 {
        self.status
    }

    /// AWS's code; empty where it gave none, as S3 does where there is no content.
    pub fn error_code(&self) -> &str {
        self.metadata.code().unwrap_or_default()
    }

    /// What AWS says of it; empty where it says nothing.
    pub fn error_message(&self) -> &str {
        self.metadata.message().unwrap_or_default()
    }

    /// By what AWS knows the request.
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

/// Where the metadata of an error keeps the request's id.
pub(super) const REQUEST_ID: &str = "aws_request_id";
