//! The remediations for which a rule of the operator applies.

use crate::policy::Severity;
use evenkeel_engine::glob;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The remediations for which a rule applies. All parts must match. An empty part matches
/// everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RemediationScope {
    /// Glob patterns of account ids.
    pub accounts: Vec<String>,
    /// Ids of organizational units. A unit includes the units below it.
    pub organizational_units: Vec<String>,
    /// Glob patterns of policy ids.
    pub policies: Vec<String>,
    /// Severities.
    pub severities: Vec<Severity>,
    /// Glob patterns of the values of resource tags, by key.
    pub tags: BTreeMap<String, String>,
    /// All other keys, which are errors.
    #[serde(flatten)]
    other: BTreeMap<String, serde_json::Value>,
}

/// What is known about a remediation and its resource.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemediationSubject<'a> {
    /// The account id.
    pub account: &'a str,
    /// The ids of the organizational units that contain the account; `None` if they are not known.
    pub organizational_units: Option<&'a [String]>,
    /// The policy id.
    pub policy: &'a str,
    /// The severity of the finding; `None` if it is not known.
    pub severity: Option<Severity>,
    /// The tags of the resource; `None` if they are not known.
    pub tags: Option<&'a BTreeMap<String, String>>,
}

impl RemediationScope {
    /// Returns whether a remediation is in the scope, or `None` if that is not known.
    pub fn matches_subject(&self, subject: &RemediationSubject<'_>) -> Option<bool> {
        let parts = [
            Some(matches_any(&self.accounts, subject.account)),
            Some(matches_any(&self.policies, subject.policy)),
            self.matches_severity(subject),
            self.matches_unit(subject),
            self.matches_tags(subject),
        ];
        if parts.contains(&Some(false)) {
            return Some(false);
        }
        if parts.contains(&None) { None } else { Some(true) }
    }

    fn matches_severity(&self, subject: &RemediationSubject<'_>) -> Option<bool> {
        if self.severities.is_empty() {
            return Some(true);
        }
        Some(self.severities.contains(&subject.severity?))
    }

    fn matches_unit(&self, subject: &RemediationSubject<'_>) -> Option<bool> {
        if self.organizational_units.is_empty() {
            return Some(true);
        }
        let units = subject.organizational_units?;
        Some(self.organizational_units.iter().any(|unit| units.contains(unit)))
    }

    fn matches_tags(&self, subject: &RemediationSubject<'_>) -> Option<bool> {
        if self.tags.is_empty() {
            return Some(true);
        }
        let tags = subject.tags?;
        let matches = |(key, pattern): (&String, &String)| {
            tags.get(key).is_some_and(|value| glob::matches_pattern(pattern, value))
        };
        Some(self.tags.iter().all(matches))
    }

    /// Returns the error for a key that no rule has.
    pub(super) fn find_unknown_key(&self) -> Option<String> {
        let name = self.other.keys().next()?;
        Some(format!(
            "unknown key `{name}` in a rule; a scope has accounts, organizationalUnits, policies, \
             severities and tags"
        ))
    }
}

fn matches_any(patterns: &[String], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| glob::matches_pattern(pattern, text))
}
