//! Who asks, where, for which stack, and what a call says that fails.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_config::SdkConfig;
use evenkeel_client::CallError;
use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::sts::get_caller_identity;
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
        let limits = CallLimits {
            connect: Some(CONNECT),
            attempt: Some(ATTEMPT),
            attempts: ATTEMPTS,
            ..CallLimits::within(OPERATION)
        };
        let config = load_config(limits).await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(Stopped::Usage("no Region is set: AWS_REGION, or a profile's".to_owned()));
        };
        let caller = get_caller_identity(&config).await;
        let mut about = report.about("caller");
        match caller {
            Ok(caller) => about.end(format!("{} in {region}", caller.arn)),
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
    pub(super) fn refused(&mut self, error: &CallError, action: &str) {
        let said = said(error);
        match error.code() {
            Some(code) if is_denial(code) => {
                self.fail(format!("{action} is denied: {said}"), format!("allow {action}"));
            }
            Some(_) => self.fail(format!("{action}: {said}"), "see what AWS says"),
            None => self.fail(
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
    error.code().is_some_and(|code| names.iter().any(|name| code.contains(name)))
}

/// What an error says.
fn said(error: &CallError) -> String {
    match error.refusal() {
        Some(refusal) if refusal.code().is_empty() => refusal.to_string(),
        Some(refusal) => format!("{} {}", refusal.code(), refusal.message()).trim_end().to_owned(),
        None => error.to_string(),
    }
}
