//! An account's passwords are as strong as its organization demands.

use std::collections::BTreeMap;

use evenkeel_client::{CallError, Element, Service};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::aws::Aws;
use crate::remediator::aws_failure::refusal;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, PlanRefusal, RefusedByAws, Remediator};
use crate::violation::Target;

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
    service: Service,
}

/// An account's password policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passwords {
    /// Its settings by their names in the API, as text; none where there is no policy.
    pub settings: Option<BTreeMap<String, String>>,
}

/// The settings that are read and set.
const SETTINGS: &[&str] = &[
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
const LENGTH: u64 = 6;

impl From<Aws> for PasswordPolicy {
    fn from(aws: Aws) -> Self {
        PasswordPolicy { service: Service::iam(&aws.config) }
    }
}

impl Remediator for PasswordPolicy {
    type State = Passwords;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "iam-password-policy",
        permissions: &[
            "iam:DeleteAccountPasswordPolicy",
            "iam:GetAccountPasswordPolicy",
            "iam:UpdateAccountPasswordPolicy",
        ],
        tier: Some(Tier::B),
        check: Some("whether passwords would expire at once"),
        with: &["minimumLength", "remembered", "maximumAge", "demands"],
        // It is the account's, and has no ARN.
        //
        // Source: Service Authorization Reference, "Actions defined by AWS Identity and Access Management (IAM)".
        arns: |_| vec!["*".to_owned()],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Passwords, to: &Passwords) -> Vec<&'static str> {
        vec![match to.settings {
            Some(_) => "iam:UpdateAccountPasswordPolicy",
            None => "iam:DeleteAccountPasswordPolicy",
        }]
    }

    async fn observe(&self, _: &Target) -> Result<Passwords, RefusedByAws> {
        let answer = self.service.query("GetAccountPasswordPolicy").send().await;
        match answer.and_then(|answer| read(&answer)) {
            Ok(settings) => Ok(Passwords { settings: Some(settings) }),
            Err(error) if error.code() == Some("NoSuchEntity") => Ok(Passwords { settings: None }),
            Err(error) => Err(refusal(error, &[], &[])),
        }
    }

    fn plan(&self, target: &Target, before: &Passwords) -> Plan<Passwords> {
        let wanted = match Wanted::of(target) {
            Ok(wanted) => wanted,
            Err(why) => return Plan::Refuse(why),
        };
        let mut after = before.settings.clone().unwrap_or_default();
        wanted.raise(&mut after);
        let after = Passwords { settings: Some(after) };
        if after == *before { Plan::Nothing } else { Plan::Change(after) }
    }

    /// Source: IAM User Guide, "Set an account password policy for IAM users", "Password expiration requires administrator
    /// reset": with `HardExpiry` only an administrator helps a user whose password has expired.
    async fn precheck(
        &self,
        _: &Target,
        before: &Passwords,
        after: &Passwords,
    ) -> Result<Check, RefusedByAws> {
        let setting = |state: &Passwords, name: &str| state.settings.as_ref()?.get(name).cloned();
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
        Ok(if asked.is_empty() { Check::Go } else { Check::Ask(asked.join("; ")) })
    }

    async fn apply(&self, _: &Target, state: &Passwords) -> Result<(), RefusedByAws> {
        let call = match &state.settings {
            None => self.service.query("DeleteAccountPasswordPolicy"),
            Some(settings) => settings
                .iter()
                .fold(self.service.query("UpdateAccountPasswordPolicy"), |call, (name, value)| {
                    call.with(name, value)
                }),
        };
        match call.send().await {
            // There is none, as there should be.
            Err(error) if error.code() == Some("NoSuchEntity") && state.settings.is_none() => {
                Ok(())
            }
            sent => sent.map(drop).map_err(|error| refusal(error, &[], &[])),
        }
    }
}

/// What must be demanded at least.
struct Wanted {
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
const DEMANDS: &[&str] = &[
    "RequireLowercaseCharacters",
    "RequireNumbers",
    "RequireSymbols",
    "RequireUppercaseCharacters",
];

impl Wanted {
    fn of(target: &Target) -> Result<Wanted, PlanRefusal> {
        let number = |name: &str, usual: u64| match target.with.get(name) {
            None => Ok(usual),
            Some(value) => Value::as_u64(value).ok_or_else(|| {
                PlanRefusal::Setting(format!("`{name}` is {value}, and must be a whole number"))
            }),
        };
        Ok(Wanted {
            demands: demands(target)?,
            length: number("minimumLength", 14)?,
            remembered: number("remembered", 24)?,
            age: number("maximumAge", 90)?,
        })
    }

    /// Raises what is weaker, and leaves what is as strong or stronger.
    fn raise(&self, settings: &mut BTreeMap<String, String>) {
        let number = |settings: &BTreeMap<String, String>, name: &str, none: u64| {
            settings.get(name).and_then(|value| value.parse().ok()).unwrap_or(none)
        };
        for name in &self.demands {
            settings.insert(name.clone(), "true".to_owned());
        }
        let length = number(settings, "MinimumPasswordLength", LENGTH).max(self.length);
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
fn demands(target: &Target) -> Result<Vec<String>, PlanRefusal> {
    let Some(told) = target.with.get("demands") else {
        return Ok(DEMANDS.iter().map(|name| (*name).to_owned()).collect());
    };
    let named = |one: &Value| {
        let name = one.as_str()?;
        DEMANDS.iter().find(|known| known.eq_ignore_ascii_case(name)).map(|name| (*name).to_owned())
    };
    let all = told.as_array().and_then(|all| all.iter().map(named).collect::<Option<_>>());
    all.ok_or_else(|| {
        PlanRefusal::Setting(format!("`demands` must list some of {}", DEMANDS.join(", ")))
    })
}

/// The settings that an answer tells. What is not told has not been set.
fn read(answer: &Element) -> Result<BTreeMap<String, String>, CallError> {
    let policy = answer.get("GetAccountPasswordPolicyResult")?.get("PasswordPolicy")?;
    // Each policy has a length: without it, this is none.
    policy.get("MinimumPasswordLength")?;
    let told = |name: &&str| {
        let text = policy.find(name)?.text();
        // Told also where nothing is demanded; a 0 would be refused when it is set.
        (!["", "0", "false"].contains(&text)).then(|| ((*name).to_owned(), text.to_owned()))
    };
    Ok(SETTINGS.iter().filter_map(told).collect())
}
