//! Clients of AWS Config in the accounts and regions that events name.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_sdk_config::Client;
use evenkeel_aws::{Arn, is_account_id};

use crate::environment::error::CloudContextError;
use crate::payload::ConfigRuleInvocation;

/// How the sessions are called in the other accounts' trails.
const SESSION_NAME: &str = "evenkeel-read";

/// The role that is taken in other accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRole {
    /// Its name.
    pub name: String,
    /// What its trust policy demands.
    pub external_id: Option<String>,
}

/// Makes clients; what they share, connections among it, is kept in the configuration.
#[derive(Clone, Debug)]
pub(super) struct AccountClients {
    pub(super) config: SdkConfig,
    own_account: String,
    role: Option<ReadRole>,
}

impl AccountClients {
    pub(super) fn new(config: SdkConfig, own: String, role: Option<ReadRole>) -> Self {
        AccountClients { config, own_account: own, role }
    }

    /// A client in an account and a region; those of the function where one is empty.
    pub(super) async fn config_client(
        &self,
        account: &str,
        region: &str,
    ) -> Result<Client, CloudContextError> {
        let mut builder = aws_sdk_config::config::Builder::from(&self.config);
        if !region.is_empty() {
            builder = builder.region(Region::new(region.to_owned()));
        }
        if !account.is_empty() && account != self.own_account {
            builder = builder.credentials_provider(self.assume_role(account, region).await?);
        }
        Ok(Client::from_conf(builder.build()))
    }

    async fn assume_role(
        &self,
        account: &str,
        region: &str,
    ) -> Result<AssumeRoleProvider, CloudContextError> {
        let Some(role) = &self.role else {
            return Err(CloudContextError::NoRole { account: account.to_owned() });
        };
        // What stands here comes from an event: nothing but an account's number may become part of an ARN.
        if !is_account_id(account) {
            return Err(CloudContextError::NoAccount);
        }
        let ReadRole { name, external_id } = role;
        let arn = Arn::iam_role(region, account, name);
        let mut provider =
            AssumeRoleProvider::builder(arn).session_name(SESSION_NAME).configure(&self.config);
        if let Some(external_id) = external_id {
            provider = provider.external_id(external_id);
        }
        Ok(provider.build().await)
    }
}

/// The region of a rule, from its ARN; empty where it has none.
pub(super) fn rule_region(rule: &ConfigRuleInvocation) -> &str {
    Arn::parse_text(&rule.rule_arn).map_or("", |arn| arn.region)
}
