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
use evenkeel_rules::policy::Mode;
use serde_json::json;
use uuid::Uuid;

use crate::access::aws::Aws;
use crate::access::pace::Pace;
use crate::access::probe::Probe;
use crate::catalog::Entry;
use crate::remediator::spec::RemediatorSpec;
use crate::violation::{Target, Violation};
use crate::workflow::kill_switch::KillSwitch;
use crate::workflow::limits::{Budget, Limits};
use crate::workflow::{Drive, SESSION_PREFIX, Settings};

/// A session policy may be so long, in characters.
///
/// Source: AWS Security Token Service API Reference, `AssumeRole`, `Policy`.
const MAX_POLICY: usize = 2048;

/// The shortest life of a session, in seconds.
const SESSION: u32 = 900;

/// The role that is taken in the account of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What its trust policy demands.
    pub external_id: Option<String>,
}

/// Why a text says no ceilings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeilingError {
    /// There is no such mode.
    #[error("`{0}` is no mode: report, notify, approve or auto")]
    Mode(String),
    /// There is no such account.
    #[error("`{0}` is no account id")]
    Account(String),
}

/// The most that policies may do by themselves, by account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceilings {
    default: Mode,
    accounts: BTreeMap<String, Mode>,
}

impl Ceilings {
    /// The same for all accounts.
    pub fn all(mode: Mode) -> Ceilings {
        Ceilings { default: mode, accounts: BTreeMap::new() }
    }

    /// That of an account.
    pub fn of(&self, account: &str) -> Mode {
        self.accounts.get(account).copied().unwrap_or(self.default)
    }
}

impl Default for Ceilings {
    /// A fresh installation only tells.
    fn default() -> Self {
        Ceilings::all(Mode::Notify)
    }
}

/// `notify,111122223333=auto`: a mode for all accounts, and others for some.
impl FromStr for Ceilings {
    type Err = CeilingError;

    fn from_str(text: &str) -> Result<Self, CeilingError> {
        let mode = |text: &str| {
            serde_json::from_value::<Mode>(json!(text))
                .map_err(|_| CeilingError::Mode(text.to_owned()))
        };
        let mut ceilings = Ceilings::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                None => ceilings.default = mode(part)?,
                Some((account, of)) if is_account_id(account) => {
                    ceilings.accounts.insert(account.to_owned(), mode(of)?);
                }
                Some((account, _)) => return Err(CeilingError::Account(account.to_owned())),
            }
        }
        Ok(ceilings)
    }
}

/// Acts in accounts.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Where findings and the records of remediations are.
    pub ledger: Ledger,
    /// Our own credentials and endpoint.
    pub config: SdkConfig,
    /// The role to take in the account of a finding; none where our own credentials are for that account.
    pub role: Option<Role>,
    /// The most that policies may do.
    pub ceilings: Ceilings,
    /// How often on one resource.
    pub limits: Limits,
    /// How often in a day.
    pub budget: Budget,
    /// Whether backends speak TLS.
    pub probe: Option<Arc<dyn Probe>>,
    /// The quotas that are shared with accounts' owners.
    pub pace: Pace,
}

/// Why nothing can be done in an account.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There is no such remediator.
    #[error("there is no remediator `{0}` yet")]
    Unknown(String),
    /// The account of a finding is no account.
    #[error("`{0}` is no account id")]
    NoAccount(String),
    /// The role cannot be taken.
    #[error("the role {0} cannot be taken: {1}")]
    Role(String, CallError),
    /// The queue does not take a message.
    #[error("the queue did not take the message: {0}")]
    Queue(CallError),
    /// Who we are cannot be told.
    #[error("whose credentials these are cannot be told: {0}")]
    Identity(CallError),
    /// Our own credentials are another account's.
    #[error("the finding is of account {0}, and the credentials are of account {1}: name a role")]
    Account(String, String),
    /// The session cannot be confined to the resource.
    #[error("a session for `{0}` cannot be confined: its policy would be too long")]
    Session(String),
}

impl Operator {
    /// A drive for a violation, in its account and region.
    ///
    /// # Errors
    /// When there is no such remediator, or nothing can be done in the account.
    pub async fn drive(&self, violation: &Violation) -> Result<Drive, OperatorError> {
        let unknown = || OperatorError::Unknown(violation.remediator.clone());
        let entry = Entry::find(&violation.remediator).ok_or_else(unknown)?;
        let target = &violation.target;
        if !is_account_id(&target.account) {
            return Err(OperatorError::NoAccount(target.account.clone()));
        }
        let config = match &self.role {
            Some(role) => self.session(role, &entry.spec, target, violation.finding).await?,
            None => self.own(target).await?,
        };
        let region = Region::new(target.region.clone());
        let config = config.to_builder().region(region).build();
        let switch = KillSwitch::new(self.ledger.clone(), target);
        let (probe, pace) = (self.probe.clone(), self.pace.clone());
        let aws = Aws { config, probe, pace, switch: None }.with_switch(switch);
        let settings = Settings {
            ceiling: self.ceilings.of(&target.account),
            limits: self.limits,
            budget: self.budget,
        };
        let drive = Drive::new(entry.connect(&aws), self.ledger.clone(), settings);
        Ok(drive.with_switch(aws.switch))
    }

    /// Our own credentials, if they are of the target's account.
    async fn own(&self, target: &Target) -> Result<SdkConfig, OperatorError> {
        let caller = get_caller_identity(&self.config).await.map_err(OperatorError::Identity)?;
        if caller.account == target.account {
            Ok(self.config.clone())
        } else {
            Err(OperatorError::Account(target.account.clone(), caller.account))
        }
    }

    /// A session of the role in the target's account, which may do nothing but this repair.
    async fn session(
        &self,
        role: &Role,
        spec: &RemediatorSpec,
        target: &Target,
        finding: Uuid,
    ) -> Result<SdkConfig, OperatorError> {
        let Role { name, external_id } = role;
        let arn = Arn::iam_role(&target.region, &target.account, name);
        let policy = session_policy(spec, target);
        if policy.len() > MAX_POLICY {
            return Err(OperatorError::Session(target.id.clone()));
        }
        let session = RoleSession {
            role_arn: &arn,
            name: &format!("{SESSION_PREFIX}{finding}"),
            source_identity: "evenkeel",
            external_id: external_id.as_deref(),
            seconds: SESSION,
            policy: &policy,
        };
        let provider = assume_role(&self.config, &session).await;
        let provider = provider.map_err(|error| OperatorError::Role(arn.clone(), error))?;
        Ok(self.config.to_builder().credentials_provider(provider).build())
    }
}

/// What a session may do: this remediator's actions, on this resource.
fn session_policy(spec: &RemediatorSpec, target: &Target) -> String {
    json!({"Version": "2012-10-17", "Statement": spec.statements(target)}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_are_told_by_account_and_a_fresh_one_only_tells() {
        let ceilings: Ceilings = "approve, 111122223333=auto".parse().unwrap();
        assert_eq!(ceilings.of("111122223333"), Mode::Auto);
        assert_eq!(ceilings.of("444455556666"), Mode::Approve);
        assert_eq!("".parse(), Ok(Ceilings::default()));
        assert_eq!(Ceilings::default().of("111122223333"), Mode::Notify);
        for wrong in ["everything", "1111=auto", "111122223333=all"] {
            wrong.parse::<Ceilings>().unwrap_err();
        }
    }

    #[test]
    fn every_session_is_confined_to_its_resource() {
        for spec in crate::catalog::CATALOG.iter().map(|entry| &entry.spec) {
            let target = Target {
                policy: "p".to_owned(),
                kind: "K".to_owned(),
                id: if spec.id.contains("domain") { "abc123.example" } else { "abc123|d|GET" }
                    .to_owned(),
                account: "111122223333".to_owned(),
                region: "eu-central-1".to_owned(),
                ..Target::default()
            };
            let policy = session_policy(spec, &target);
            assert!(policy.len() <= MAX_POLICY, "{}: {}", spec.id, policy.len());
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
