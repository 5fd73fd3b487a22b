//! Asks the deployed stack to plan, approve, reject or undo.
//!
//! The command signs the request with the user's AWS credentials. AWS authenticates the user, and
//! the stack does the work in the account of the finding. The user needs no access to that account.

use std::io::Error;
use std::time::Duration;

use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::{CallError, Method, ServiceClient};
use evenkeel_ledger::Ledger;
use evenkeel_remediators::{RequestJournal, RequestResult};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::common::exit::CommandError;
use crate::common::terminal::print_stderr;
use crate::finding::session::retryable_error;

/// The name of the operate function in the stack.
const FUNCTION: &str = "evenkeel-operate";

/// The maximum duration of a request with its retries.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The time between two looks at the result of a request.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The number of looks at the result of a request: the remediate function has five minutes.
const MAX_POLLS: usize = 330;

/// The client of the stack's operate function.
pub(crate) struct StackClient {
    url: ServiceClient,
    journal: RequestJournal,
}

/// The response to a request.
#[derive(Debug, Deserialize)]
pub(crate) struct StackResponse {
    /// The uid of the finding.
    pub(crate) finding: Uuid,
    /// The number of the request that the remediate function processes, if there is one.
    pub(crate) request: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionUrl {
    function_url: String,
}

impl StackClient {
    /// Creates a client. Without `url`, the command asks AWS Lambda for the URL of the function.
    ///
    /// # Errors
    /// [`CommandError::Io`] if the URL of the function cannot be read.
    pub(crate) async fn open_stack(
        ledger: Ledger,
        url: Option<&str>,
    ) -> Result<StackClient, CommandError> {
        let config = load_config(CallLimits::with_timeout(REQUEST_TIMEOUT)).await;
        let url = match url {
            Some(url) => url.to_owned(),
            None => find_url(&ServiceClient::lambda(&config)).await?,
        };
        let url = ServiceClient::function_url(&config, &url);
        Ok(StackClient { url, journal: RequestJournal::new(ledger) })
    }

    /// Sends a request.
    ///
    /// # Errors
    /// [`CommandError::Usage`] if the stack refuses the request; [`CommandError::Io`] if it cannot be
    /// reached.
    pub(crate) async fn send(&self, request: &Value) -> Result<StackResponse, CommandError> {
        let sent = self.url.rest_call(Method::POST, &[""]).with_json(request).send_rest().await;
        let unreadable =
            |error| CommandError::io_error("cannot read the response of the stack")(error);
        match sent {
            Ok(response) => serde_json::from_slice(response.body_bytes())
                .map_err(|error| unreadable(Error::other(error))),
            Err(error) => Err(stack_error(error)),
        }
    }

    /// Waits for the result of a request.
    ///
    /// # Errors
    /// [`CommandError::Io`] if the result cannot be read, or does not arrive in time.
    pub(crate) async fn wait_for_result(
        &self,
        StackResponse { finding, request }: StackResponse,
    ) -> Result<RequestResult, CommandError> {
        let number = request.unwrap_or_default();
        print_stderr("the stack is working on it...\n");
        for _ in 0..MAX_POLLS {
            let found = self.journal.find_result(finding, number).await.map_err(retryable_error)?;
            if let Some(result) = found {
                return Ok(result);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        let why = "there is no result after 5 minutes; the stack continues. Run `evenkeel status` \
                   later, or `evenkeel doctor` to check the stack";
        Err(CommandError::io_error("the stack has not answered")(Error::other(why)))
    }
}

/// Returns the URL of the operate function.
async fn find_url(lambda: &ServiceClient) -> Result<String, CommandError> {
    let path = ["2021-10-31", "functions", FUNCTION, "url"];
    let found = lambda.rest_call(Method::GET, &path).send_rest().await;
    let found = found.and_then(|response| response.parse_json::<FunctionUrl>());
    found.map(|found| found.function_url).map_err(|error| {
        let what = format!(
            "cannot find the function `{FUNCTION}` with your AWS credentials; use credentials of the \
             audit account, set --url, or use --direct"
        );
        CommandError::io_error(what)(Error::other(error))
    })
}

/// Converts an error of a request. A refusal of the stack is an error of usage.
fn stack_error(error: CallError) -> CommandError {
    match error.service_error() {
        Some(refused) if (400..500).contains(&refused.http_status()) => {
            let (code, message) = (refused.error_code(), refused.error_message());
            let what = if message.is_empty() { "your request was denied" } else { message };
            CommandError::Usage(format!("the stack refuses: {what} ({code})"))
        }
        _ => CommandError::io_error("cannot reach the stack")(Error::other(error)),
    }
}
