//! Who asks, where, for which stack, and what a call says that fails.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_config::SdkConfig;
use evenkeel_client::CallError;
use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::sts::get_caller_identity;
use evenkeel_remediators::catalog::CATALOG;

use super::check_report::{CheckReporter, DoctorReport};
use crate::common::exit::CommandError;

/// A person waits: AWS answers in milliseconds, or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ATTEMPTS: u32 = 2;

/// What a stack's parts are called, and how AWS is asked about them.
pub(super) struct DeployedStack {
    /// What all names begin with.
    pub(super) name: String,
    /// Credentials, endpoint and Region.
    pub(super) config: SdkConfig,
    /// The Region.
    pub(super) region: String,
    /// The families of remediators that there are.
    pub(super) families: BTreeSet<&'static str>,
}

impl DeployedStack {
    /// Says who we are. None where AWS cannot be reached: then every other call would fail in the same way.
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
                "no Region is set: AWS_REGION, or a profile's".to_owned(),
            ));
        };
        let caller = get_caller_identity(&config).await;
        let mut about = report.begin_check("caller");
        match caller {
            Ok(caller) => about.finish_check(format!("{} in {region}", caller.arn)),
            Err(error) => {
                about.add_call_failure(&error, "sts:GetCallerIdentity");
                return Ok(None);
            }
        }
        let families = CATALOG.iter().map(|entry| entry.spec.family_name()).collect();
        Ok(Some(DeployedStack { name: name.to_owned(), config, region, families }))
    }

    /// The name of a part.
    pub(super) fn part_name(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }
}

impl CheckReporter<'_> {
    /// A call failed: what it said, and what to do.
    pub(super) fn add_call_failure(&mut self, error: &CallError, action: &str) {
        let said = describe_error(error);
        match error.error_code() {
            Some(code) if is_denial(code) => {
                self.add_failure(format!("{action} is denied: {said}"), format!("allow {action}"));
            }
            Some(_) => self.add_failure(format!("{action}: {said}"), "see what AWS says"),
            None => self.add_failure(
                format!("{action} was not answered: {said}"),
                "look at the credentials, the network and AWS_ENDPOINT_URL",
            ),
        }
    }
}

/// Whether AWS says so of a call that the caller may not make; services have several names for it.
fn is_denial(code: &str) -> bool {
    let names = ["AccessDenied", "AuthorizationError", "NotAuthorized", "UnauthorizedOperation"];
    names.iter().any(|name| code.contains(name))
}

/// Whether a service says that there is no such thing.
pub(super) fn is_missing(error: &CallError) -> bool {
    let names = ["ResourceNotFound", "NonExistentQueue", "QueueDoesNotExist", "NotFound"];
    error.error_code().is_some_and(|code| names.iter().any(|name| code.contains(name)))
}

/// What an error says.
fn describe_error(error: &CallError) -> String {
    match error.service_error() {
        Some(refusal) if refusal.error_code().is_empty() => refusal.to_string(),
        Some(refusal) => {
            format!("{} {}", refusal.error_code(), refusal.error_message()).trim_end().to_owned()
        }
        None => error.to_string(),
    }
}
