//! Access to the deployed stack: caller, Region, names of resources, and reports of failed calls.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_config::SdkConfig;
use evenkeel_client::CallError;
use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::sts::get_caller_identity;
use evenkeel_remediators::catalog::CATALOG;

use super::check_report::{CheckReporter, DoctorReport};
use crate::common::exit::CommandError;

/// The timeout of a connection. A user waits for the result, so no call takes longer than
/// [`OPERATION_TIMEOUT`].
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The timeout of one attempt of a call.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The timeout of a call with all its attempts.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum number of attempts of a call.
const MAX_ATTEMPTS: u32 = 2;

/// A deployed stack: the names of its resources, and the access to AWS.
pub(super) struct DeployedStack {
    /// The prefix of all names.
    pub(super) name: String,
    /// The credentials, the endpoint and the Region.
    pub(super) config: SdkConfig,
    /// The Region of the stack.
    pub(super) region: String,
    /// The families of remediators.
    pub(super) families: BTreeSet<&'static str>,
}

impl DeployedStack {
    /// Connects to AWS, and reports the caller. Returns `None` if AWS cannot be reached, because
    /// every other call would fail in the same way.
    ///
    /// # Errors
    /// [`CommandError::Usage`] if no Region is set.
    pub(super) async fn connect_to_aws(
        name: &str,
        report: &mut DoctorReport,
    ) -> Result<Option<DeployedStack>, CommandError> {
        let limits = CallLimits {
            connect_timeout: Some(CONNECT_TIMEOUT),
            attempt_timeout: Some(ATTEMPT_TIMEOUT),
            max_attempts: MAX_ATTEMPTS,
            ..CallLimits::with_timeout(OPERATION_TIMEOUT)
        };
        let config = load_config(limits).await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(CommandError::Usage(
                "no Region is set; set AWS_REGION, or a Region in your profile".to_owned(),
            ));
        };
        let caller = get_caller_identity(&config).await;
        let mut check = report.begin_check("caller");
        match caller {
            Ok(caller) => check.finish_check(format!("{} in {region}", caller.arn)),
            Err(error) => {
                check.add_call_failure(&error, "sts:GetCallerIdentity");
                return Ok(None);
            }
        }
        let families = CATALOG.iter().map(|entry| entry.spec.family_name()).collect();
        Ok(Some(DeployedStack { name: name.to_owned(), config, region, families }))
    }

    /// Returns the name of a resource of the stack.
    pub(super) fn part_name(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }
}

impl CheckReporter<'_> {
    /// Adds a failed call of an IAM action, with the action that fixes the problem.
    pub(super) fn add_call_failure(&mut self, error: &CallError, action: &str) {
        let cause = describe_error(error);
        match error.error_code() {
            Some(code) if is_denial(code) => {
                self.add_failure(format!("{action} is denied: {cause}"), format!("allow {action}"));
            }
            Some(_) => {
                self.add_failure(
                    format!("{action} failed: {cause}"),
                    "fix the cause that the message of AWS names",
                );
            }
            None => self.add_failure(
                format!("{action} was not answered: {cause}"),
                "check the credentials (set AWS_PROFILE, or run `aws sso login`), the network, and \
                 AWS_ENDPOINT_URL",
            ),
        }
    }
}

/// Returns whether an error code means that the caller is not authorized. The code differs between
/// services.
fn is_denial(code: &str) -> bool {
    let names = ["AccessDenied", "AuthorizationError", "NotAuthorized", "UnauthorizedOperation"];
    names.iter().any(|name| code.contains(name))
}

/// Returns whether an error means that the resource does not exist.
pub(super) fn is_missing(error: &CallError) -> bool {
    let names = ["ResourceNotFound", "NonExistentQueue", "QueueDoesNotExist", "NotFound"];
    error.error_code().is_some_and(|code| names.iter().any(|name| code.contains(name)))
}

/// Describes an error by the code and the message of the service.
fn describe_error(error: &CallError) -> String {
    match error.service_error() {
        Some(refusal) if refusal.error_code().is_empty() => refusal.to_string(),
        Some(refusal) => {
            format!("{} {}", refusal.error_code(), refusal.error_message()).trim_end().to_owned()
        }
        None => error.to_string(),
    }
}
