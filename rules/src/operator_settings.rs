//! The operator's settings for remediations: the file `remediation.yaml` of a bundle.
//!
//! The settings can only restrict what the deployed stack allows: the maximum mode of the stack is
//! an upper bound, and a default applies where the file says nothing.

mod maintenance_window;
mod remediation_scope;

pub use maintenance_window::{MaintenanceWindow, WindowError};
pub use remediation_scope::{RemediationScope, RemediationSubject};

use crate::diagnostic::Diagnostic;
use crate::policy::RemediationMode;
use evenkeel_engine::glob;
use serde::Deserialize;

/// The name of the file in a bundle.
pub const OPERATOR_SETTINGS: &str = "remediation.yaml";

/// The longest time after which a plan expires, in hours: the longest validity of an approval.
const MAX_EXPIRY_HOURS: u32 = 168;

/// The settings of the operator for remediations. Missing parts have defaults.
///
/// ```
/// use evenkeel_rules::operator_settings::{OperatorSettings, RemediationSubject};
/// use evenkeel_rules::policy::RemediationMode;
///
/// let settings = OperatorSettings::parse_file(
///     "remediation.yaml",
///     "maximumModes:\n- {mode: auto, accounts: ['1111*']}\n- {mode: approve}\n",
/// )
/// .unwrap();
/// let subject = |account| RemediationSubject { account, ..RemediationSubject::default() };
/// let mode = |account| settings.find_maximum_mode(&subject(account));
/// assert_eq!(mode("111122223333"), Some(RemediationMode::Auto));
/// assert_eq!(mode("444455556666"), Some(RemediationMode::Approve));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OperatorSettings {
    /// The maximum modes. The first rule that matches applies.
    pub maximum_modes: Vec<MaximumModeRule>,
    /// Who may approve plans. If a rule matches, the approver must match one of its principals.
    pub approvers: Vec<ApproverRule>,
    /// The limits of attempts. The first rule that matches applies.
    pub limits: Vec<LimitRule>,
    /// The life of plans that wait for approval.
    pub approvals: ApprovalSettings,
    /// The time that the mode `warn` waits before it applies a plan.
    pub warnings: WarningSettings,
    /// When remediations may begin. If a window matches, a remediation begins only within it.
    pub maintenance_windows: Vec<MaintenanceWindow>,
    /// The tags of resources that Evenkeel reads.
    pub tags: TagSettings,
    /// What Evenkeel does with resources that AWS CloudFormation manages.
    pub managed_resources: ManagedResources,
    /// What happens after an undo.
    pub undo: UndoSettings,
}

/// A maximum mode for some remediations.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MaximumModeRule {
    /// The maximum mode.
    pub mode: RemediationMode,
    /// The remediations for which the rule applies.
    #[serde(flatten)]
    pub scope: RemediationScope,
}

/// The principals that may approve some plans.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApproverRule {
    /// Glob patterns of ARNs, as AWS STS returns them.
    pub principals: Vec<String>,
    /// The remediations for which the rule applies.
    #[serde(flatten)]
    pub scope: RemediationScope,
}

/// Limits of attempts for some remediations. A missing value has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LimitRule {
    /// The maximum number of attempts in an account per day (UTC).
    pub account_attempts: Option<u32>,
    /// The maximum number of attempts for a policy in an account per day (UTC).
    pub policy_attempts: Option<u32>,
    /// The number of failures of one kind, for a policy in an account on one day (UTC), after which
    /// the circuit breaker opens.
    pub failures: Option<u32>,
    /// The maximum number of attempts on a resource per day.
    pub resource_attempts: Option<u32>,
    /// The maximum number of times that the same state of a resource is restored.
    pub reversals: Option<u32>,
    /// The number of days in which these restorations are counted.
    pub reversal_days: Option<u32>,
    /// The remediations for which the rule applies. Tags, organizational units and severities are
    /// not considered.
    #[serde(flatten)]
    pub scope: RemediationScope,
}

/// The life of a plan that waits for approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ApprovalSettings {
    /// The time after which a plan expires, in hours; at most 168.
    pub expire_after_hours: u32,
    /// The time after which Evenkeel announces the plan again, in hours.
    pub remind_after_hours: u32,
}

impl Default for ApprovalSettings {
    fn default() -> Self {
        ApprovalSettings { expire_after_hours: 72, remind_after_hours: 24 }
    }
}

/// The settings of the mode `warn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WarningSettings {
    /// The time between the announcement of a plan and its application, in hours.
    pub wait_hours: u32,
}

impl Default for WarningSettings {
    fn default() -> Self {
        WarningSettings { wait_hours: 24 }
    }
}

/// The keys of resource tags that Evenkeel reads.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TagSettings {
    /// A resource with this tag is not remediated, unless the value of the tag is `false`.
    pub opt_out: String,
    /// The tag whose value names the owner of a resource, for notices.
    pub owner: String,
}

impl Default for TagSettings {
    fn default() -> Self {
        TagSettings { opt_out: "evenkeel:opt-out".to_owned(), owner: "owner".to_owned() }
    }
}

/// What Evenkeel does with resources that a stack of AWS CloudFormation manages. A change of such a
/// resource is drift: the next deployment of the stack can reverse it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ManagedResources {
    /// Evenkeel reports the stack and does not change the resource.
    Report,
    /// A plan needs an approval, which names the stack.
    #[default]
    Ask,
    /// Evenkeel remediates the resource like any other.
    Remediate,
}

/// The settings for the time after an undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UndoSettings {
    /// The number of days for which a remediation that a person undid needs an approval.
    pub hold_days: u32,
}

impl Default for UndoSettings {
    fn default() -> Self {
        UndoSettings { hold_days: 30 }
    }
}

impl OperatorSettings {
    /// Parses the file `remediation.yaml`.
    ///
    /// # Errors
    /// Returns a diagnostic for the first invalid value.
    pub fn parse_file(name: &str, text: &str) -> Result<OperatorSettings, Vec<Diagnostic>> {
        let settings: OperatorSettings = serde_saphyr::from_str(text).map_err(|error| {
            vec![Diagnostic::from_yaml_error("remediation-settings", name, text, &error)]
        })?;
        let errors = settings.find_errors();
        let errors: Vec<Diagnostic> = errors
            .into_iter()
            .map(|error| Diagnostic::new_error("remediation-settings", name, 0..0, error))
            .collect();
        if errors.is_empty() { Ok(settings) } else { Err(errors) }
    }

    /// Returns the maximum mode for a remediation, or `None` if no rule matches. If it is not known
    /// whether a rule matches, the function returns the lowest mode that is possible.
    pub fn find_maximum_mode(&self, subject: &RemediationSubject<'_>) -> Option<RemediationMode> {
        let mut lowest = None;
        for rule in &self.maximum_modes {
            let matches = rule.scope.matches_subject(subject);
            if matches != Some(false) {
                lowest =
                    Some(lowest.map_or(rule.mode, |mode: RemediationMode| mode.min(rule.mode)));
            }
            if matches == Some(true) {
                return lowest;
            }
        }
        // The defaults of the stack apply if no rule matches, so an uncertain rule counts only if it
        // is lower. The caller takes the minimum of both.
        lowest
    }

    /// Returns whether a principal may approve the plan of a remediation. Without a matching rule,
    /// everybody may whom AWS allows to call the stack.
    pub fn may_approve(&self, subject: &RemediationSubject<'_>, principal: &str) -> bool {
        let matching =
            self.approvers.iter().filter(|rule| rule.scope.matches_subject(subject) != Some(false));
        let mut matching = matching.peekable();
        matching.peek().is_none()
            || matching.all(|rule| {
                rule.principals.iter().any(|pattern| glob::matches_pattern(pattern, principal))
            })
    }

    /// Returns the limits for a remediation. The first rule that matches applies.
    pub fn find_limits(&self, subject: &RemediationSubject<'_>) -> LimitRule {
        let found =
            self.limits.iter().find(|rule| rule.scope.matches_subject(subject) == Some(true));
        found.cloned().unwrap_or_default()
    }

    /// Returns the beginning of the next maintenance window, in milliseconds since 1970, or `None`
    /// if a remediation may begin at `now`.
    pub fn find_next_window(&self, subject: &RemediationSubject<'_>, now: i64) -> Option<i64> {
        let matching = self
            .maintenance_windows
            .iter()
            .filter(|window| window.scope.matches_subject(subject) != Some(false));
        let starts: Vec<Option<i64>> = matching.map(|window| window.find_start(now)).collect();
        if starts.iter().any(Option::is_none) { None } else { starts.into_iter().flatten().min() }
    }

    /// Returns whether a rule depends on the tags or the organizational units of a resource.
    pub fn needs_organizational_units(&self) -> bool {
        self.scopes().any(|scope| !scope.organizational_units.is_empty())
    }

    fn scopes(&self) -> impl Iterator<Item = &RemediationScope> {
        let modes = self.maximum_modes.iter().map(|rule| &rule.scope);
        let approvers = self.approvers.iter().map(|rule| &rule.scope);
        let limits = self.limits.iter().map(|rule| &rule.scope);
        let windows = self.maintenance_windows.iter().map(|window| &window.scope);
        modes.chain(approvers).chain(limits).chain(windows)
    }

    /// Returns the errors that the types of the values do not exclude.
    fn find_errors(&self) -> Vec<String> {
        let mut errors = Vec::new();
        let hours = self.approvals.expire_after_hours;
        if !(1..=MAX_EXPIRY_HOURS).contains(&hours) {
            errors.push(format!(
                "`approvals.expireAfterHours` is {hours}; use 1 to {MAX_EXPIRY_HOURS}"
            ));
        }
        if self.approvers.iter().any(|rule| rule.principals.is_empty()) {
            errors
                .push("a rule in `approvers` has no `principals`; nobody could approve".to_owned());
        }
        let windows = self.maintenance_windows.iter();
        errors.extend(windows.filter_map(|window| window.check().err()).map(|e| e.to_string()));
        for scope in self.scopes() {
            errors.extend(scope.find_unknown_key());
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Severity;
    use std::collections::BTreeMap;

    fn parse(text: &str) -> OperatorSettings {
        OperatorSettings::parse_file("remediation.yaml", text).unwrap()
    }

    fn subject<'a>(account: &'a str, policy: &'a str) -> RemediationSubject<'a> {
        RemediationSubject {
            account,
            policy,
            severity: Some(Severity::Critical),
            ..RemediationSubject::default()
        }
    }

    #[test]
    fn an_uncertain_rule_can_only_lower_the_mode() {
        let settings = parse(
            "maximumModes:\n- {mode: auto, tags: {env: dev}}\n- {mode: notify, tags: {env: prod}}\n\
             - {mode: approve}\n",
        );
        let unknown = subject("111122223333", "p");
        assert_eq!(settings.find_maximum_mode(&unknown), Some(RemediationMode::Notify));
        for (value, mode) in [
            ("dev", RemediationMode::Auto),
            ("prod", RemediationMode::Notify),
            ("x", RemediationMode::Approve),
        ] {
            let tags = BTreeMap::from([("env".to_owned(), value.to_owned())]);
            let known = RemediationSubject { tags: Some(&tags), ..unknown };
            assert_eq!(settings.find_maximum_mode(&known), Some(mode), "{value}");
        }
    }

    #[test]
    fn an_approver_must_match_every_rule_for_the_plan() {
        let settings = parse(
            "approvers:\n- {principals: ['*role/security/*', '*role/lead/*']}\n\
             - {severities: [CRITICAL], principals: ['*role/lead/*']}\n",
        );
        let critical = subject("1", "p");
        let low = RemediationSubject { severity: Some(Severity::Low), ..critical };
        let security = "arn:aws:sts::1:assumed-role/security/ana";
        let lead = "arn:aws:sts::1:assumed-role/lead/ines";
        assert!(settings.may_approve(&low, security) && settings.may_approve(&critical, lead));
        assert!(!settings.may_approve(&critical, security));
        assert!(!settings.may_approve(&low, "arn:aws:sts::1:assumed-role/dev/mara"));
        assert!(OperatorSettings::default().may_approve(&critical, "anybody"));
    }

    #[test]
    fn an_invalid_value_is_an_error_with_its_reason() {
        for (text, part) in [
            ("approvals: {expireAfterHours: 500}", "use 1 to 168"),
            ("approvers: [{principals: []}]", "nobody could approve"),
            ("maximumModes: [{mode: sometimes}]", "sometimes"),
            ("maximumModes: [{mode: auto, account: ['1']}]", "account"),
            ("maintenanceWindows: [{days: [SAT], start: '25:00', hours: 2}]", "25:00"),
            ("limit: 3", "limit"),
        ] {
            let errors = OperatorSettings::parse_file("remediation.yaml", text).unwrap_err();
            assert!(errors[0].message.contains(part), "{text}: {}", errors[0].message);
        }
    }
}
