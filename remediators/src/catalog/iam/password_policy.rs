//! An account's passwords are as strong as its organization demands.

use std::collections::BTreeMap;

use evenkeel_client::{CallError, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PlanRefusal, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// Raises what the account's password policy demands of new passwords, and nothing that is stricter already. `with` may
/// say `minimumLength`, `remembered` and `maximumAge`, 14, 24 and 90 unless given, and `demands`, the kinds of characters by
/// the names of the API's parameters, all four unless given. What is 0 or not demanded stays as it is. An undo puts the
/// policy that was there, or deletes it if there was none.
///
/// New demands are of new passwords. An age is of all of them, and without an age before, or with a longer one, passwords
/// may have passed it: a person is asked.
///
/// Source: IAM API Reference, `UpdateAccountPasswordPolicy`, which replaces the whole policy.
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    service: ServiceClient,
}

/// An account's password policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordSettings {
    /// Its settings by their names in the API, as text; none where there is no policy.
    pub settings: Option<BTreeMap<String, String>>,
}

/// The settings that are read and set.
const SETTING_NAMES: &[&str] = &[
    "AllowUsersToChangePassword",
    "HardExpiry",
    "MaxPasswordAge",
    "MinimumPasswordLength",
    "PasswordReusePrevention",
    "RequireLowercaseCharacters",
    "RequireNumbers",
    "RequireSymbols",
    "RequireUppercaseCharacters",
];

/// What a policy has that says nothing.
///
/// Source: IAM API Reference, `UpdateAccountPasswordPolicy`, the parameters' defaults.
const DEFAULT_LENGTH: u64 = 6;

impl From<AwsConnection> for PasswordPolicy {
    fn from(aws: AwsConnection) -> Self {
        PasswordPolicy { service: ServiceClient::iam(&aws.config) }
    }
}

impl Remediator for PasswordPolicy {
    type State = PasswordSettings;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "iam-password-policy",
        permissions: &[
            "iam:DeleteAccountPasswordPolicy",
            "iam:GetAccountPasswordPolicy",
            "iam:UpdateAccountPasswordPolicy",
        ],
        tier: Some(SafetyTier::B),
        precondition: Some("whether passwords would expire at once"),
        parameter_names: &["minimumLength", "remembered", "maximumAge", "demands"],
        // It is the account's, and has no ARN.
        //
        // Source: Service Authorization Reference, "Actions defined by AWS Identity and Access Management (IAM)".
        resource_arns: |_| vec!["*".to_owned()],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &PasswordSettings, to: &PasswordSettings) -> Vec<&'static str> {
        vec![match to.settings {
            Some(_) => "iam:UpdateAccountPasswordPolicy",
            None => "iam:DeleteAccountPasswordPolicy",
        }]
    }

    async fn observe_state(&self, _: &TargetResource) -> Result<PasswordSettings, AwsFailure> {
        let answer = self.service.query_call("GetAccountPasswordPolicy").send_query().await;
        match answer.and_then(|answer| parse_settings(&answer)) {
            Ok(settings) => Ok(PasswordSettings { settings: Some(settings) }),
            Err(error) if error.error_code() == Some("NoSuchEntity") => {
                Ok(PasswordSettings { settings: None })
            }
            Err(error) => Err(classify_error(error, &[], &[])),
        }
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &PasswordSettings,
    ) -> RemediationPlan<PasswordSettings> {
        let wanted = match PasswordRequirements::from_target(target) {
            Ok(wanted) => wanted,
            Err(why) => return RemediationPlan::Refuse(why),
        };
        let mut after = before.settings.clone().unwrap_or_default();
        wanted.raise_settings(&mut after);
        let after = PasswordSettings { settings: Some(after) };
        if after == *before { RemediationPlan::Nothing } else { RemediationPlan::Change(after) }
    }

    /// Source: IAM User Guide, "Set an account password policy for IAM users", "Password expiration requires administrator
    /// reset": with `HardExpiry` only an administrator helps a user whose password has expired.
    async fn check_preconditions(
        &self,
        _: &TargetResource,
        before: &PasswordSettings,
        after: &PasswordSettings,
    ) -> Result<PrecheckResult, AwsFailure> {
        let setting =
            |state: &PasswordSettings, name: &str| state.settings.as_ref()?.get(name).cloned();
        let age = setting(after, "MaxPasswordAge");
        let hard = setting(before, "HardExpiry").is_some();
        let mut asked = Vec::new();
        if age != setting(before, "MaxPasswordAge") {
            let age = age.unwrap_or_default();
            asked.push(format!("passwords that are older than {age} days would expire at once"));
        }
        if hard {
            let why = "the policy has HardExpiry: only an administrator resets a password that has expired";
            asked.push(why.to_owned());
        }
        Ok(if asked.is_empty() {
            PrecheckResult::Proceed
        } else {
            PrecheckResult::RequireApproval(asked.join("; "))
        })
    }

    async fn apply_state(
        &self,
        _: &TargetResource,
        state: &PasswordSettings,
    ) -> Result<(), AwsFailure> {
        let call = match &state.settings {
            None => self.service.query_call("DeleteAccountPasswordPolicy"),
            Some(settings) => settings.iter().fold(
                self.service.query_call("UpdateAccountPasswordPolicy"),
                |call, (name, value)| call.with_parameter(name, value),
            ),
        };
        match call.send_query().await {
            // There is none, as there should be.
            Err(error)
                if error.error_code() == Some("NoSuchEntity") && state.settings.is_none() =>
            {
                Ok(())
            }
            sent => sent.map(drop).map_err(|error| classify_error(error, &[], &[])),
        }
    }
}

/// What must be demanded at least.
struct PasswordRequirements {
    /// Settings that must be on.
    demands: Vec<String>,
    /// 0 where any length will do.
    length: u64,
    /// 0 where old passwords may come back.
    remembered: u64,
    /// 0 where passwords may last.
    age: u64,
}

/// The kinds of characters that can be demanded.
///
/// Source: IAM API Reference, `UpdateAccountPasswordPolicy`.
const CHARACTER_SETTINGS: &[&str] = &[
    "RequireLowercaseCharacters",
    "RequireNumbers",
    "RequireSymbols",
    "RequireUppercaseCharacters",
];

impl PasswordRequirements {
    fn from_target(target: &TargetResource) -> Result<PasswordRequirements, PlanRefusal> {
        let number = |name: &str, usual: u64| match target.parameters.get(name) {
            None => Ok(usual),
            Some(value) => Value::as_u64(value).ok_or_else(|| {
                PlanRefusal::InvalidSetting(format!(
                    "`{name}` is {value}, and must be a whole number"
                ))
            }),
        };
        Ok(PasswordRequirements {
            demands: read_demands(target)?,
            length: number("minimumLength", 14)?,
            remembered: number("remembered", 24)?,
            age: number("maximumAge", 90)?,
        })
    }

    /// Raises what is weaker, and leaves what is as strong or stronger.
    fn raise_settings(&self, settings: &mut BTreeMap<String, String>) {
        let number = |settings: &BTreeMap<String, String>, name: &str, none: u64| {
            settings.get(name).and_then(|value| value.parse().ok()).unwrap_or(none)
        };
        for name in &self.demands {
            settings.insert(name.clone(), "true".to_owned());
        }
        let length = number(settings, "MinimumPasswordLength", DEFAULT_LENGTH).max(self.length);
        settings.insert("MinimumPasswordLength".to_owned(), length.to_string());
        // A 0 would be refused.
        if number(settings, "PasswordReusePrevention", 0) < self.remembered {
            settings.insert("PasswordReusePrevention".to_owned(), self.remembered.to_string());
        }
        let age = number(settings, "MaxPasswordAge", 0);
        if self.age > 0 && (age == 0 || age > self.age) {
            settings.insert("MaxPasswordAge".to_owned(), self.age.to_string());
        }
    }
}

/// The kinds of characters that the header demands, by their settings' names. CloudTrail writes those with a small letter.
fn read_demands(target: &TargetResource) -> Result<Vec<String>, PlanRefusal> {
    let Some(told) = target.parameters.get("demands") else {
        return Ok(CHARACTER_SETTINGS.iter().map(|name| (*name).to_owned()).collect());
    };
    let named = |one: &Value| {
        let name = one.as_str()?;
        CHARACTER_SETTINGS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))
            .map(|name| (*name).to_owned())
    };
    let all = told.as_array().and_then(|all| all.iter().map(named).collect::<Option<_>>());
    all.ok_or_else(|| {
        PlanRefusal::InvalidSetting(format!(
            "`demands` must list some of {}",
            CHARACTER_SETTINGS.join(", ")
        ))
    })
}

/// The settings that an answer tells. What is not told has not been set.
fn parse_settings(answer: &XmlElement) -> Result<BTreeMap<String, String>, CallError> {
    let policy =
        answer.require_child("GetAccountPasswordPolicyResult")?.require_child("PasswordPolicy")?;
    // Each policy has a length: without it, this is none.
    policy.require_child("MinimumPasswordLength")?;
    let told = |name: &&str| {
        let text = policy.find_child(name)?.text_content();
        // Told also where nothing is demanded; a 0 would be refused when it is set.
        (!["", "0", "false"].contains(&text)).then(|| ((*name).to_owned(), text.to_owned()))
    };
    Ok(SETTING_NAMES.iter().filter_map(told).collect())
}
