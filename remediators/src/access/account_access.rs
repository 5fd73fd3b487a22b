//! Access to accounts: the role, the session and the limits of one remediation.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use aws_types::SdkConfig;
use aws_types::region::Region;
use evenkeel_aws::{Arn, is_account_id};
use evenkeel_client::sts::{RoleSession, assume_role, get_caller_identity};
use evenkeel_client::{CallError, ServiceClient};
use evenkeel_ledger::Ledger;
use evenkeel_rules::policy::RemediationMode;
use serde_json::json;
use uuid::Uuid;

use crate::access::connection::AwsConnection;
use crate::access::operator_file::{OperatorFileError, load_operator_settings};
use crate::access::ownership::AwsOwnership;
use crate::access::rate_limit::RateLimiter;
use crate::access::tls_probe::TlsProbe;
use crate::catalog::CatalogEntry;
use crate::remediator::spec::RemediatorSpec;
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::kill_switch::KillSwitch;
use crate::workflow::limits::{DailyBudget, RetryLimits};
use crate::workflow::{ExecutorSettings, RemediationExecutor, SESSION_PREFIX};

/// The maximum length of a session policy in characters.
///
/// Source: AWS Security Token Service API Reference, `AssumeRole`, `Policy`.
const MAX_POLICY_LENGTH: usize = 2048;

/// The duration of a session in seconds: the minimum that AWS STS allows.
const SESSION_SECONDS: u32 = 900;

/// The role that Evenkeel assumes in the account of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRole {
    /// The name of the role.
    pub name: String,
    /// The external id that the trust policy of the role requires.
    pub external_id: Option<String>,
}

/// The reason why a setting of maximum modes is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaximumModeError {
    /// The mode does not exist.
    #[error("`{0}` is not a valid mode; use report, notify, approve, warn or auto")]
    Mode(String),
    /// The account id is not valid.
    #[error("`{0}` is not a valid account id; use 12 digits")]
    Account(String),
}

/// The maximum mode of each account. The effective mode in an account is never higher than its
/// maximum mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaximumModes {
    default: RemediationMode,
    accounts: BTreeMap<String, RemediationMode>,
}

impl MaximumModes {
    /// Returns maximum modes that are equal for all accounts.
    pub fn for_all_accounts(mode: RemediationMode) -> MaximumModes {
        MaximumModes { default: mode, accounts: BTreeMap::new() }
    }

    /// Returns the maximum mode of an account.
    pub fn for_account(&self, account: &str) -> RemediationMode {
        self.accounts.get(account).copied().unwrap_or(self.default)
    }
}

impl Default for MaximumModes {
    /// Returns the maximum mode `notify` for all accounts: a new installation changes nothing.
    fn default() -> Self {
        MaximumModes::for_all_accounts(RemediationMode::Notify)
    }
}

/// Parses a mode for all accounts and exceptions for some, such as `notify,111122223333=auto`.
impl FromStr for MaximumModes {
    type Err = MaximumModeError;

    fn from_str(text: &str) -> Result<Self, MaximumModeError> {
        let mode = |text: &str| {
            serde_json::from_value::<RemediationMode>(json!(text))
                .map_err(|_| MaximumModeError::Mode(text.to_owned()))
        };
        let mut modes = MaximumModes::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                None => modes.default = mode(part)?,
                Some((account, name)) if is_account_id(account) => {
                    modes.accounts.insert(account.to_owned(), mode(name)?);
                }
                Some((account, _)) => return Err(MaximumModeError::Account(account.to_owned())),
            }
        }
        Ok(modes)
    }
}

/// The settings for remediations in AWS accounts. [`AccountAccess::open_executor`] returns the
/// executor for a violation.
#[derive(Clone, Debug)]
pub struct AccountAccess {
    /// The ledger with the findings and the records of remediations.
    pub ledger: Ledger,
    /// The credentials and the endpoint of the caller.
    pub config: SdkConfig,
    /// The role to assume in the account of a finding. `None` if the credentials of the caller are
    /// for that account.
    pub role: Option<AccountRole>,
    /// The maximum modes of the accounts.
    pub maximum_modes: MaximumModes,
    /// The limits for one resource.
    pub limits: RetryLimits,
    /// The limits for one day.
    pub budget: DailyBudget,
    /// The TLS probe of backends. `None` if probing is turned off.
    pub probe: Option<Arc<dyn TlsProbe>>,
    /// The rate limiter for the API quotas that Evenkeel shares with all other callers in an
    /// account.
    pub rate_limiter: RateLimiter,
}

/// The reason why an account cannot be accessed.
#[derive(Debug, thiserror::Error)]
pub enum AccountAccessError {
    /// The remediator does not exist. Contains the id in the policy header.
    #[error("there is no remediator `{0}`; correct `remediation.run` in the policy header")]
    UnknownRemediator(String),
    /// The account id of the finding is not valid.
    #[error("the finding contains the account id `{0}`, which is not valid; use 12 digits")]
    InvalidAccount(String),
    /// The role cannot be assumed. Contains the ARN of the role and the error.
    #[error("the role {0} cannot be assumed: {1}; check its trust policy and the external id")]
    AssumeRole(String, CallError),
    /// AWS STS did not return the identity of the caller.
    #[error(
        "the identity of the AWS credentials cannot be read: {0}; set AWS_PROFILE or run \
         `aws sso login`"
    )]
    Identity(CallError),
    /// The credentials are for another account. Contains the account of the finding and the account
    /// of the credentials.
    #[error(
        "the finding is in account {0}, but the credentials are for account {1}; use a role in \
         account {0}"
    )]
    WrongAccount(String, String),
    /// The operator's settings cannot be loaded.
    #[error(transparent)]
    OperatorFile(#[from] OperatorFileError),
    /// The session policy exceeds the limit of AWS STS. Contains the id of the resource.
    #[error(
        "the session policy for `{0}` exceeds 2048 characters, so the session cannot be restricted \
         to the resource; remediate the resource by hand"
    )]
    SessionPolicyTooLong(String),
}

impl AccountAccess {
    /// Returns an executor that is connected to the account and the Region of a violation.
    ///
    /// # Errors
    /// [`AccountAccessError`] if the remediator does not exist, or the account cannot be accessed.
    pub async fn open_executor(
        &self,
        violation: &PolicyViolation,
    ) -> Result<RemediationExecutor, AccountAccessError> {
        let unknown = || AccountAccessError::UnknownRemediator(violation.target.remediator.clone());
        let entry = CatalogEntry::find_by_id(&violation.target.remediator).ok_or_else(unknown)?;
        let target = &violation.target;
        if !is_account_id(&target.account) {
            return Err(AccountAccessError::InvalidAccount(target.account.clone()));
        }
        let config = match &self.role {
            Some(role) => self.assume_session(role, &entry.spec, target, violation.finding).await?,
            None => self.own_credentials(target).await?,
        };
        let region = Region::new(target.region.clone());
        let config = config.to_builder().region(region).build();
        let switch = KillSwitch::new(self.ledger.clone(), target);
        let (probe, rate_limiter) = (self.probe.clone(), self.rate_limiter.clone());
        let aws =
            AwsConnection { config, probe, rate_limiter, switch: None }.with_kill_switch(switch);
        let settings = ExecutorSettings {
            maximum_mode: self.maximum_modes.for_account(&target.account),
            limits: self.limits,
            budget: self.budget,
            operator: load_operator_settings(&self.ledger).await?,
        };
        let ownership = AwsOwnership {
            tagging: ServiceClient::tagging(&aws.config),
            cloudformation: ServiceClient::cloudformation(&aws.config),
            organizations: ServiceClient::organizations(&self.config),
        };
        let executor =
            RemediationExecutor::new(entry.connect_remediator(&aws), self.ledger.clone(), settings);
        let executor = executor.with_ownership(Some(Arc::new(ownership)));
        Ok(executor.with_kill_switch(aws.switch))
    }

    /// Returns the credentials of the caller if they are for the account of the target.
    async fn own_credentials(
        &self,
        target: &TargetResource,
    ) -> Result<SdkConfig, AccountAccessError> {
        let caller =
            get_caller_identity(&self.config).await.map_err(AccountAccessError::Identity)?;
        if caller.account == target.account {
            Ok(self.config.clone())
        } else {
            Err(AccountAccessError::WrongAccount(target.account.clone(), caller.account))
        }
    }

    /// Assumes the role in the account of the target. The session policy allows only the actions of
    /// the remediator on the target.
    async fn assume_session(
        &self,
        role: &AccountRole,
        spec: &RemediatorSpec,
        target: &TargetResource,
        finding: Uuid,
    ) -> Result<SdkConfig, AccountAccessError> {
        let AccountRole { name, external_id } = role;
        let arn = Arn::iam_role(&target.region, &target.account, name);
        let policy = build_session_policy(spec, target);
        if policy.len() > MAX_POLICY_LENGTH {
            return Err(AccountAccessError::SessionPolicyTooLong(target.id.clone()));
        }
        let session = RoleSession {
            role_arn: &arn,
            name: &format!("{SESSION_PREFIX}{finding}"),
            source_identity: "evenkeel",
            external_id: external_id.as_deref(),
            seconds: SESSION_SECONDS,
            policy: &policy,
        };
        let provider = assume_role(&self.config, &session).await;
        let provider =
            provider.map_err(|error| AccountAccessError::AssumeRole(arn.clone(), error))?;
        Ok(self.config.to_builder().credentials_provider(provider).build())
    }
}

/// Returns the session policy: the actions of the remediator on the target.
fn build_session_policy(spec: &RemediatorSpec, target: &TargetResource) -> String {
    json!({"Version": "2012-10-17", "Statement": spec.build_statements(target)}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maximum_modes_are_parsed_by_account_and_default_to_notify() {
        let modes: MaximumModes = "approve, 111122223333=auto".parse().unwrap();
        assert_eq!(modes.for_account("111122223333"), RemediationMode::Auto);
        assert_eq!(modes.for_account("444455556666"), RemediationMode::Approve);
        assert_eq!("".parse(), Ok(MaximumModes::default()));
        assert_eq!(MaximumModes::default().for_account("111122223333"), RemediationMode::Notify);
        for invalid in ["everything", "1111=auto", "111122223333=all"] {
            invalid.parse::<MaximumModes>().unwrap_err();
        }
    }

    #[test]
    fn every_session_is_restricted_to_its_resource() {
        for spec in crate::catalog::CATALOG.iter().map(|entry| &entry.spec) {
            let target = TargetResource {
                policy: "p".to_owned(),
                kind: "K".to_owned(),
                id: if spec.id.contains("domain") { "abc123.example" } else { "abc123|d|GET" }
                    .to_owned(),
                account: "111122223333".to_owned(),
                region: "eu-central-1".to_owned(),
                ..TargetResource::default()
            };
            let policy = build_session_policy(spec, &target);
            assert!(policy.len() <= MAX_POLICY_LENGTH, "{}: {}", spec.id, policy.len());
            // The ARNs of account-wide settings contain no resource id.
            let account_wide = [
                "cloud-control",
                "config-start-recorder",
                "ec2-ebs-default-encryption",
                "iam-password-policy",
            ];
            let is_account_wide = account_wide.contains(&spec.id);
            assert!(is_account_wide || policy.contains("abc123"), "{policy}");
        }
    }
}
