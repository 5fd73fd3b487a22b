//! Creates clients of AWS Config for the accounts and Regions of events.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_sdk_config::Client;
use evenkeel_aws::{Arn, is_account_id};

use crate::environment::error::CloudContextError;
use crate::payload::ConfigRuleInvocation;

/// The session name of the assumed role. CloudTrail records this name in the other accounts.
const SESSION_NAME: &str = "evenkeel-read";

/// The role that is assumed in other accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRole {
    /// The name of the role.
    pub name: String,
    /// The external id that the trust policy of the role requires.
    pub external_id: Option<String>,
}

/// A factory of AWS Config clients. All clients share the connection pool of `config`.
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

    /// Creates a client for an account and a Region. An empty account or Region means that of the
    /// function.
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
        // The account comes from an event. Only a valid account id may become part of an ARN.
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

/// Returns the Region from the ARN of the rule, or an empty text if there is none.
pub(super) fn rule_region(rule: &ConfigRuleInvocation) -> &str {
    Arn::parse_text(&rule.rule_arn).map_or("", |arn| arn.region)
}
