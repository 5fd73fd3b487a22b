//! Who asks, where, for which stack, and what a call says that fails.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use evenkeel_remediators::catalog::CATALOG;

use super::check::{About, Report};
use crate::common::exit::Stopped;

/// A person waits: AWS answers in milliseconds, or not at all.
const CONNECT: Duration = Duration::from_secs(2);
const ATTEMPT: Duration = Duration::from_secs(5);
const OPERATION: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 2;

/// What a stack's parts are called, and how AWS is asked about them.
pub(super) struct Stack {
    /// What all names begin with.
    pub(super) name: String,
    /// Credentials, endpoint and Region.
    pub(super) config: SdkConfig,
    /// The Region.
    pub(super) region: String,
    /// The families of remediators that there are.
    pub(super) families: BTreeSet<&'static str>,
}

impl Stack {
    /// Says who we are. None where AWS cannot be reached: then every other call would fail in the same way.
    pub(super) async fn open(name: &str, report: &mut Report) -> Result<Option<Stack>, Stopped> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);
        let config = aws_config::defaults(BehaviorVersion::latest());
        let config = config.timeout_config(timeouts).retry_config(retries).load().await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(Stopped::Usage("no Region is set: AWS_REGION, or a profile's".to_owned()));
        };
        let told = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let mut about = report.about("caller");
        match told {
            Ok(told) => about.end(format!("{} in {region}", told.arn.unwrap_or_default())),
            Err(error) => {
                about.refused(&error, "sts:GetCallerIdentity");
                return Ok(None);
            }
        }
        let families = CATALOG.iter().map(|entry| entry.spec.family()).collect();
        Ok(Some(Stack { name: name.to_owned(), config, region, families }))
    }

    /// The name of a part.
    pub(super) fn part(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }
}

impl About<'_> {
    /// A call failed: what it said, and what to do.
    pub(super) fn refused<E>(&mut self, error: &SdkError<E>, action: &str)
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let said = said(error);
        match error {
            SdkError::ServiceError(service) if is_denial(service.err().code()) => {
                self.fail(format!("{action} is denied: {said}"), format!("allow {action}"));
            }
            SdkError::ServiceError(_) => {
                self.fail(format!("{action}: {said}"), "see what AWS says");
            }
            _ => self.fail(
                format!("{action} was not answered: {said}"),
                "look at the credentials, the network and AWS_ENDPOINT_URL",
            ),
        }
    }
}

/// Whether AWS says so of a call that the caller may not make; services have several names for it.
fn is_denial(code: Option<&str>) -> bool {
    let names = ["AccessDenied", "AuthorizationError", "NotAuthorized", "UnauthorizedOperation"];
    code.is_some_and(|code| names.iter().any(|name| code.contains(name)))
}

/// Whether a service says that there is no such thing.
pub(super) fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let names = ["ResourceNotFound", "NonExistentQueue", "QueueDoesNotExist", "NotFound"];
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| names.iter().any(|name| code.contains(name)))
}

/// What an error says, from its outside to its cause, each thing once.
fn said<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(service) = error.as_service_error() {
        let (code, message) = (service.code().unwrap_or("error"), service.message());
        return format!("{code} {}", message.unwrap_or_default()).trim_end().to_owned();
    }
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
