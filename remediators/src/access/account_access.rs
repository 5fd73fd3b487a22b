//! Who acts where: the account, the role and the bounds of one repair.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use aws_types::SdkConfig;
use aws_types::region::Region;
use evenkeel_aws::{Arn, is_account_id};
use evenkeel_client::CallError;
use evenkeel_client::sts::{RoleSession, assume_role, get_caller_identity};
use evenkeel_ledger::Ledger;
use evenkeel_rules::policy::RemediationMode;
use serde_json::json;
use uuid::Uuid;

use crate::access::connection::AwsConnection;
use crate::access::rate_limit::RateLimiter;
use crate::access::tls_probe::TlsProbe;
use crate::catalog::CatalogEntry;
use crate::remediator::spec::RemediatorSpec;
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::kill_switch::KillSwitch;
use crate::workflow::limits::{DailyBudget, RetryLimits};
use crate::workflow::{ExecutorSettings, RemediationExecutor, SESSION_PREFIX};

/// A session policy may be so long, in characters.
///
/// Source: AWS Security Token Service API Reference, `AssumeRole`, `Policy`.
const MAX_POLICY_LENGTH: usize = 2048;

/// The shortest life of a session, in seconds.
const SESSION_SECONDS: u32 = 900;

/// The role that is taken in the account of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRole {
    /// Its name.
    pub name: String,
    /// What its trust policy demands.
    pub external_id: Option<String>,
}

/// Why a text says no ceilings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaximumModeError {
    /// There is no such mode.
    #[error("`{0}` is no mode: report, notify, approve or auto")]
    Mode(String),
    /// There is no such account.
    #[error("`{0}` is no account id")]
    Account(String),
}

/// The most that policies may do by themselves, by account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaximumModes {
    default: RemediationMode,
    accounts: BTreeMap<String, RemediationMode>,
}

impl MaximumModes {
    /// The same for all accounts.
    pub fn for_all_accounts(mode: RemediationMode) -> MaximumModes {
        MaximumModes { default: mode, accounts: BTreeMap::new() }
    }

    /// That of an account.
    pub fn for_account(&self, account: &str) -> RemediationMode {
        self.accounts.get(account).copied().unwrap_or(self.default)
    }
}

impl Default for MaximumModes {
    /// A fresh installation only tells.
    fn default() -> Self {
        MaximumModes::for_all_accounts(RemediationMode::Notify)
    }
}

/// `notify,111122223333=auto`: a mode for all accounts, and others for some.
impl FromStr for MaximumModes {
    type Err = MaximumModeError;

    fn from_str(text: &str) -> Result<Self, MaximumModeError> {
        let mode = |text: &str| {
            serde_json::from_value::<RemediationMode>(json!(text))
                .map_err(|_| MaximumModeError::Mode(text.to_owned()))
        };
        let mut ceilings = MaximumModes::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                None => ceilings.default = mode(part)?,
                Some((account, of)) if is_account_id(account) => {
                    ceilings.accounts.insert(account.to_owned(), mode(of)?);
                }
                Some((account, _)) => return Err(MaximumModeError::Account(account.to_owned())),
            }
        }
        Ok(ceilings)
    }
}

/// Acts in accounts.
#[derive(Clone, Debug)]
pub struct AccountAccess {
    /// Where findings and the records of remediations are.
    pub ledger: Ledger,
    /// Our own credentials and endpoint.
    pub config: SdkConfig,
    /// The role to take in the account of a finding; none where our own credentials are for that account.
    pub role: Option<AccountRole>,
    /// The most that policies may do.
    pub maximum_modes: MaximumModes,
    /// How often on one resource.
    pub limits: RetryLimits,
    /// How often in a day.
    pub budget: DailyBudget,
    /// Whether backends speak TLS.
    pub probe: Option<Arc<dyn TlsProbe>>,
    /// The quotas that are shared with accounts' owners.
    pub rate_limiter: RateLimiter,
}

/// Why nothing can be done in an account.
#[derive(Debug, thiserror::Error)]
pub enum AccountAccessError {
    /// There is no such remediator.
    #[error("there is no remediator `{0}` yet")]
    UnknownRemediator(String),
    /// The account of a finding is no account.
    #[error("`{0}` is no account id")]
    InvalidAccount(String),
    /// The role cannot be taken.
    #[error("the role {0} cannot be taken: {1}")]
    AssumeRole(String, CallError),
    /// The queue does not take a message.
    #[error("the queue did not take the message: {0}")]
    Queue(CallError),
    /// Who we are cannot be told.
    #[error("whose credentials these are cannot be told: {0}")]
    Identity(CallError),
    /// Our own credentials are another account's.
    #[error("the finding is of account {0}, and the credentials are of account {1}: name a role")]
    WrongAccount(String, String),
    /// The session cannot be confined to the resource.
    #[error("a session for `{0}` cannot be confined: its policy would be too long")]
    SessionPolicyTooLong(String),
}

impl AccountAccess {
    /// A drive for a violation, in its account and region.
    ///
    /// # Errors
    /// When there is no such remediator, or nothing can be done in the account.
    pub async fn open_executor(
        &self,
        violation: &PolicyViolation,
    ) -> Result<RemediationExecutor, AccountAccessError> {
        let unknown = || AccountAccessError::UnknownRemediator(violation.remediator.clone());
        let entry = CatalogEntry::find_by_id(&violation.remediator).ok_or_else(unknown)?;
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
        let (probe, pace) = (self.probe.clone(), self.rate_limiter.clone());
        let aws = AwsConnection { config, probe, rate_limiter: pace, switch: None }
            .with_kill_switch(switch);
        let settings = ExecutorSettings {
            maximum_mode: self.maximum_modes.for_account(&target.account),
            limits: self.limits,
            budget: self.budget,
        };
        let drive =
            RemediationExecutor::new(entry.connect_remediator(&aws), self.ledger.clone(), settings);
        Ok(drive.with_kill_switch(aws.switch))
    }

    /// Our own credentials, if they are of the target's account.
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

    /// A session of the role in the target's account, which may do nothing but this repair.
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

/// What a session may do: this remediator's actions, on this resource.
fn build_session_policy(spec: &RemediatorSpec, target: &TargetResource) -> String {
    json!({"Version": "2012-10-17", "Statement": spec.build_statements(target)}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_are_told_by_account_and_a_fresh_one_only_tells() {
        let ceilings: MaximumModes = "approve, 111122223333=auto".parse().unwrap();
        assert_eq!(ceilings.for_account("111122223333"), RemediationMode::Auto);
        assert_eq!(ceilings.for_account("444455556666"), RemediationMode::Approve);
        assert_eq!("".parse(), Ok(MaximumModes::default()));
        assert_eq!(MaximumModes::default().for_account("111122223333"), RemediationMode::Notify);
        for wrong in ["everything", "1111=auto", "111122223333=all"] {
            wrong.parse::<MaximumModes>().unwrap_err();
        }
    }

    #[test]
    fn every_session_is_confined_to_its_resource() {
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
            // What is set for a whole account has no name.
            let whole = [
                "cloud-control",
                "config-start-recorder",
                "ec2-ebs-default-encryption",
                "iam-password-policy",
            ];
            let whole = whole.contains(&spec.id);
            assert!(whole || policy.contains("abc123"), "{policy}");
        }
    }
}
