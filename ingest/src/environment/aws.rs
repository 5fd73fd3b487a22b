//! Implements the AWS operations: log objects in S3, resource states in AWS Config, and evaluations
//! of AWS Config rules.

mod accounts;
mod log_objects;
mod recorded_states;
mod rule_evaluations;

use aws_config::SdkConfig;
use aws_sdk_config::config::http::HttpResponse;
use aws_sdk_config::error::{ProvideErrorMetadata, SdkError};
use evenkeel_client::CallError;
use evenkeel_rules::{ConfigurationItem, ResourceIdentity};

use crate::environment::{CloudContext, CloudContextError, ObjectBytes, RuleAssessment};
use crate::payload::{ConfigRuleInvocation, LogObject, OversizedItem};
use accounts::AccountClients;
pub use accounts::ReadRole;

/// A context that calls AWS with the credentials of the environment. To read another account, the
/// context assumes a role in that account.
#[derive(Clone, Debug)]
pub struct AwsContext {
    accounts: AccountClients,
}

impl AwsContext {
    /// Creates the context. `account` is the account id of the function. In other accounts, the
    /// context assumes `role`. If `role` is `None`, reads of other accounts return
    /// [`CloudContextError::NoRole`].
    pub fn new(config: SdkConfig, account: String, role: Option<ReadRole>) -> Self {
        AwsContext { accounts: AccountClients::new(config, account, role) }
    }
}

impl CloudContext for AwsContext {
    async fn open_log_object(&self, object: &LogObject) -> Result<ObjectBytes, CloudContextError> {
        log_objects::open_object_stream(&self.accounts.config, object).await
    }

    async fn fetch_resource_states(
        &self,
        wanted: &[ResourceIdentity],
    ) -> Vec<Result<ConfigurationItem, CloudContextError>> {
        recorded_states::fetch_states(&self.accounts, wanted).await
    }

    async fn fetch_oversized_item(
        &self,
        item: &OversizedItem,
    ) -> Result<ConfigurationItem, CloudContextError> {
        recorded_states::fetch_captured_item(&self.accounts, &item.item).await
    }

    async fn list_resources(
        &self,
        rule: &ConfigRuleInvocation,
        kinds: &[String],
    ) -> Result<Vec<ConfigurationItem>, CloudContextError> {
        let client =
            self.accounts.config_client(&rule.account, accounts::rule_region(rule)).await?;
        recorded_states::fetch_inventory(&client, kinds).await
    }

    async fn submit_assessments(
        &self,
        rule: &ConfigRuleInvocation,
        assessments: &[RuleAssessment],
    ) -> Result<(), CloudContextError> {
        let client =
            self.accounts.config_client(&rule.account, accounts::rule_region(rule)).await?;
        rule_evaluations::send_evaluations(&client, rule, assessments).await
    }
}

/// Converts an error of the SDK. The text of the result becomes part of a finding. Therefore it
/// does not contain the request id: a text that differs with each delivery of the event would
/// create a new revision of the finding each time.
fn to_context_error<E>(task: &'static str, error: SdkError<E, HttpResponse>) -> CloudContextError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let why = error.code().map_or_else(|| error.to_string(), str::to_owned);
    CloudContextError::Call { task, why, is_retryable: CallError::from(error).is_retryable() }
}
