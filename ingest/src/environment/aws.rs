//! The world as AWS has it: log objects in S3, resources' states in AWS Config, and its rules.

mod accounts;
mod assess;
mod config;
mod objects;

use aws_config::SdkConfig;
use aws_sdk_config::config::http::HttpResponse;
use aws_sdk_config::error::{ProvideErrorMetadata, SdkError};
use evenkeel_client::CallError;
use evenkeel_rules::{ConfigurationItem, Resource};

use crate::environment::{Assessment, ObjectBytes, Outside, OutsideError};
use crate::payload::{ConfigRuleInvocation, LogObject, OversizedItem};
use accounts::Accounts;
pub use accounts::ReadRole;

/// AWS, with the credentials of the environment; other accounts by a role in each.
#[derive(Clone, Debug)]
pub struct Aws {
    accounts: Accounts,
}

impl Aws {
    /// AWS by `config`. In other accounts than `account`, the function's own, `role` is assumed; without one,
    /// they are not asked.
    pub fn new(config: SdkConfig, account: String, role: Option<ReadRole>) -> Self {
        Aws { accounts: Accounts::new(config, account, role) }
    }
}

impl Outside for Aws {
    async fn object(&self, object: &LogObject) -> Result<ObjectBytes, OutsideError> {
        objects::open(&self.accounts.config, object).await
    }

    async fn states(&self, wanted: &[Resource]) -> Vec<Result<ConfigurationItem, OutsideError>> {
        config::states(&self.accounts, wanted).await
    }

    async fn oversized(&self, item: &OversizedItem) -> Result<ConfigurationItem, OutsideError> {
        config::captured(&self.accounts, &item.item).await
    }

    async fn inventory(
        &self,
        rule: &ConfigRuleInvocation,
        kinds: &[String],
    ) -> Result<Vec<ConfigurationItem>, OutsideError> {
        let client = self.accounts.config(&rule.account, accounts::region_of(rule)).await?;
        config::inventory(&client, kinds).await
    }

    async fn assess(
        &self,
        rule: &ConfigRuleInvocation,
        assessments: &[Assessment],
    ) -> Result<(), OutsideError> {
        let client = self.accounts.config(&rule.account, accounts::region_of(rule)).await?;
        assess::put(&client, rule, assessments).await
    }
}

/// What an error of the SDK says, in words that are the same whenever it happens again: they become part of a
/// finding, and a request's id in them would make each delivery another revision.
fn because<E>(task: &'static str, error: SdkError<E, HttpResponse>) -> OutsideError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let why = error.code().map_or_else(|| error.to_string(), str::to_owned);
    OutsideError::Call { task, why, is_retryable: CallError::from(error).is_retryable() }
}
