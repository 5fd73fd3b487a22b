//! Raises the requirements of the password policy of an AWS account.

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

/// A remediator that raises the requirements of the password policy. Stricter settings stay
/// unchanged. An undo restores the former policy, or deletes the policy if there was none.
///
/// Parameters in the policy header: `minimumLength` (default 14), `remembered` (default 24),
/// `maximumAge` in days (default 90), and `demands`, a list of required character types, by the
/// names of the API parameters (default: all four). If a number is 0, or a character type is not
/// listed, the remediator does not change that setting.
///
/// Most requirements apply to new passwords only. A maximum age also applies to existing passwords,
/// and old ones would expire immediately. A change of the maximum age therefore needs an approval.
///
/// Source: IAM API Reference, `UpdateAccountPasswordPolicy`, which replaces the whole policy.
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    service: ServiceClient,
}

/// The password policy of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordSettings {
    /// The settings as text, by their names in the API. `None` if there is no policy.
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

/// The default minimum length of a password.
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
        precondition: Some("a check whether passwords would expire immediately"),
        parameter_names: &["minimumLength", "remembered", "maximumAge", "demands"],
        // The password policy belongs to the account and has no ARN.
        //
        // Source: Service Authorization Reference, "Actions defined by AWS Identity and Access
        // Management (IAM)".
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

    /// Asks for an approval if the maximum age changes, or if the policy has `HardExpiry`.
    ///
    /// Source: IAM User Guide, "Set an account password policy for IAM users", "Password expiration
    /// requires administrator reset": with `HardExpiry` only an administrator can reset an expired
    /// password.
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
            asked.push(format!("passwords older than {age} days would expire immediately"));
            if setting(before, "AllowUsersToChangePassword").is_none() {
                let why = "AllowUsersToChangePassword is off, so users possibly cannot replace an \
                           expired password";
                asked.push(why.to_owned());
            }
        }
        if hard {
            let why = "the password policy has HardExpiry: only an administrator can reset an \
                       expired password";
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
            // The policy does not exist, as planned.
            Err(error)
                if error.error_code() == Some("NoSuchEntity") && state.settings.is_none() =>
            {
                Ok(())
            }
            sent => sent.map(drop).map_err(|error| classify_error(error, &[], &[])),
        }
    }
}

/// The minimum requirements of the policy header.
struct PasswordRequirements {
    /// The names of settings that must be on.
    demands: Vec<String>,
    /// The minimum length. 0 means no requirement.
    length: u64,
    /// The number of former passwords that cannot be used again. 0 means no requirement.
    remembered: u64,
    /// The maximum age in days. 0 means no requirement.
    age: u64,
}

/// The settings for character types.
///
/// Source: IAM API Reference, `UpdateAccountPasswordPolicy`.
const CHARACTER_SETTINGS: &[&str] = &[
    "RequireLowercaseCharacters",
    "RequireNumbers",
    "RequireSymbols",
    "RequireUppercaseCharacters",
];

impl PasswordRequirements {
    /// Reads the requirements from the parameters of a policy header.
    fn from_target(target: &TargetResource) -> Result<PasswordRequirements, PlanRefusal> {
        let number = |name: &str, default: u64| match target.parameters.get(name) {
            None => Ok(default),
            Some(value) => Value::as_u64(value).ok_or_else(|| {
                PlanRefusal::InvalidSetting(format!(
                    "`{name}` in the policy header is {value}; use a whole number"
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

    /// Raises weaker settings. Equal or stricter settings stay unchanged.
    fn raise_settings(&self, settings: &mut BTreeMap<String, String>) {
        let number = |settings: &BTreeMap<String, String>, name: &str, none: u64| {
            settings.get(name).and_then(|value| value.parse().ok()).unwrap_or(none)
        };
        for name in &self.demands {
            settings.insert(name.clone(), "true".to_owned());
        }
        let length = number(settings, "MinimumPasswordLength", DEFAULT_LENGTH).max(self.length);
        settings.insert("MinimumPasswordLength".to_owned(), length.to_string());
        // AWS rejects the value 0.
        if number(settings, "PasswordReusePrevention", 0) < self.remembered {
            settings.insert("PasswordReusePrevention".to_owned(), self.remembered.to_string());
        }
        let age = number(settings, "MaxPasswordAge", 0);
        if self.age > 0 && (age == 0 || age > self.age) {
            settings.insert("MaxPasswordAge".to_owned(), self.age.to_string());
        }
    }
}

/// Returns the names of the settings for the required character types. CloudTrail writes the names
/// with a lower-case first letter.
fn read_demands(target: &TargetResource) -> Result<Vec<String>, PlanRefusal> {
    let Some(demands) = target.parameters.get("demands") else {
        return Ok(CHARACTER_SETTINGS.iter().map(|name| (*name).to_owned()).collect());
    };
    let named = |one: &Value| {
        let name = one.as_str()?;
        CHARACTER_SETTINGS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))
            .map(|name| (*name).to_owned())
    };
    let all = demands.as_array().and_then(|all| all.iter().map(named).collect::<Option<_>>());
    all.ok_or_else(|| {
        PlanRefusal::InvalidSetting(format!(
            "`demands` in the policy header is not valid; use a list of {}",
            CHARACTER_SETTINGS.join(", ")
        ))
    })
}

/// Returns the settings in a response. Settings that the response does not contain are not set.
fn parse_settings(answer: &XmlElement) -> Result<BTreeMap<String, String>, CallError> {
    let policy =
        answer.require_child("GetAccountPasswordPolicyResult")?.require_child("PasswordPolicy")?;
    // Each policy has a minimum length, so a response without it is not complete.
    policy.require_child("MinimumPasswordLength")?;
    let explicit = |name: &&str| {
        let text = policy.find_child(name)?.text_content();
        // The response also contains settings without a requirement, and AWS rejects the value 0.
        (!["", "0", "false"].contains(&text)).then(|| ((*name).to_owned(), text.to_owned()))
    };
    Ok(SETTING_NAMES.iter().filter_map(explicit).collect())
}
