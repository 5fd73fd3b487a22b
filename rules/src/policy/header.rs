//! The header of a policy: YAML in the comment block at the start of its `.cel` file.

use crate::diagnostic::Diagnostic;
use crate::event::strip_api_version;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// The severity of a finding, with the labels of `Severity.Label` in the AWS Security Finding
/// Format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// No action is needed.
    Informational,
    /// The finding alone needs no action.
    Low,
    /// The finding needs action, without urgency.
    Medium,
    /// The finding needs action with priority.
    High,
    /// The finding needs action immediately.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Informational => "INFORMATIONAL",
            Severity::Low => "LOW",
            Severity::Medium => "MEDIUM",
            Severity::High => "HIGH",
            Severity::Critical => "CRITICAL",
        })
    }
}

/// The mode of a remediation, in ascending order of autonomy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RemediationMode {
    /// Evenkeel only records the finding.
    Report,
    /// Evenkeel records and announces the finding.
    Notify,
    /// Evenkeel proposes a plan and remediates after an approval.
    Approve,
    /// Evenkeel announces a plan, and remediates after a waiting time if nobody rejects the plan.
    Warn,
    /// Evenkeel remediates automatically.
    Auto,
}

impl RemediationMode {
    /// Returns the name of the mode in a policy header.
    pub fn as_str(self) -> &'static str {
        match self {
            RemediationMode::Report => "report",
            RemediationMode::Notify => "notify",
            RemediationMode::Approve => "approve",
            RemediationMode::Warn => "warn",
            RemediationMode::Auto => "auto",
        }
    }
}

/// The outcome of the calls that a policy matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeMatch {
    /// Calls that succeeded.
    #[default]
    Success,
    /// Calls that failed.
    Failure,
    /// All calls.
    Any,
}

/// A list of strings. A single string in YAML is a list of one element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct StringList(Vec<String>);

impl<'de> Deserialize<'de> for StringList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMany {
            One(String),
            Many(Vec<String>),
        }
        Ok(StringList(match OneOrMany::deserialize(deserializer)? {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }))
    }
}

/// The events and resource types to which a policy applies. The values are literals, so that the
/// evaluator runs no expression for other events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyMatch {
    /// The values of `eventSource` in CloudTrail, such as `s3.amazonaws.com`. The only value `*`
    /// matches every source.
    pub event_source: Vec<String>,
    /// The values of `eventName` in CloudTrail, without an API version. The only value `*` matches
    /// every name.
    pub event_name: Vec<String>,
    /// The values of `userIdentity.type` in CloudTrail, such as `Root`; every type if empty.
    pub identity_type: Vec<String>,
    /// The outcome of the calls.
    pub outcome: OutcomeMatch,
    /// AWS Config resource types, such as `AWS::S3::Bucket`.
    pub resource_type: Vec<String>,
    /// The reason why the policy evaluates only events or only configuration items, if the author
    /// states one.
    pub only_source: Option<String>,
    /// The events that set a parameter of the policy and that the policy leaves out, each with the
    /// reason.
    pub not_watched: BTreeMap<String, String>,
}

impl PolicyMatch {
    /// Returns whether the policy matches events with this source and name. An API version at the
    /// end of the name is ignored.
    pub fn matches_event(&self, source: &str, name: &str) -> bool {
        let named = |name: &str| self.event_name.iter().any(|wanted| wanted == name);
        (self.matches_any_source() || self.event_source.iter().any(|wanted| wanted == source))
            && (self.matches_any_name() || named(name) || named(strip_api_version(name)))
    }

    /// Returns whether the policy matches events of every name.
    pub fn matches_any_name(&self) -> bool {
        is_wildcard(&self.event_name)
    }

    /// Returns whether the policy matches events of every source.
    pub fn matches_any_source(&self) -> bool {
        is_wildcard(&self.event_source)
    }

    /// Returns whether the policy matches callers whose `userIdentity.type` is `kind`.
    pub fn matches_identity(&self, kind: &str) -> bool {
        self.identity_type.is_empty() || self.identity_type.iter().any(|wanted| wanted == kind)
    }
}

/// The value of `eventSource` and `eventName` that matches every value.
pub(crate) const ANY: &str = "*";

fn is_wildcard(values: &[String]) -> bool {
    matches!(values, [only] if only == ANY)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MatchHeader {
    #[serde(default)]
    event_source: StringList,
    #[serde(default)]
    event_name: StringList,
    #[serde(default)]
    identity_type: StringList,
    #[serde(default)]
    outcome: OutcomeMatch,
    #[serde(default)]
    resource_type: StringList,
    only_source: Option<String>,
    #[serde(default)]
    not_watched: BTreeMap<String, String>,
}

impl MatchHeader {
    pub(super) fn to_policy_match(&self) -> PolicyMatch {
        PolicyMatch {
            event_source: self.event_source.0.clone(),
            event_name: self.event_name.0.clone(),
            identity_type: self.identity_type.0.clone(),
            outcome: self.outcome,
            resource_type: self.resource_type.0.clone(),
            only_source: self.only_source.clone(),
            not_watched: self.not_watched.clone(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceHeader {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) each: Option<Spanned<String>>,
    pub(super) id: Spanned<String>,
    pub(super) arn: Option<Spanned<String>>,
}

/// A parameter of a policy.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyParameter {
    /// The CEL type of its values, such as `list(int)`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The value that is used unless the settings contain another one.
    pub default: serde_json::Value,
    /// The description for operators.
    #[serde(default)]
    pub description: String,
}

/// The safety tier of a remediation, from A (safest) to C.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SafetyTier {
    /// The remediation can be undone and does not affect legitimate use.
    A,
    /// The remediation is as safe as tier A only after a check that needs more data than the state
    /// of the resource.
    B,
    /// The remediation can interrupt a service, cause costs or lose data. Therefore, it needs an
    /// approval.
    C,
}

impl SafetyTier {
    /// Returns the maximum mode for the tier. `checked` states whether the check that tier B needs
    /// was successful.
    pub fn max_mode(self, checked: bool) -> RemediationMode {
        match self {
            SafetyTier::A => RemediationMode::Auto,
            SafetyTier::B if checked => RemediationMode::Auto,
            SafetyTier::B | SafetyTier::C => RemediationMode::Approve,
        }
    }
}

impl fmt::Display for SafetyTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            SafetyTier::A => "A",
            SafetyTier::B => "B",
            SafetyTier::C => "C",
        })
    }
}

/// The remediation in a policy header or in a finding: the remediator, its mode and its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemediationHeader {
    /// The id of the remediator.
    pub run: String,
    /// The mode that the policy requests. The operator's maximum mode can lower this mode, but
    /// never raise it.
    pub mode: RemediationMode,
    /// The settings of the remediator. In a policy header, a string that consists of one
    /// placeholder `{{ CEL }}` is an expression. In a finding, the value of the expression replaces
    /// the string.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, serde_json::Value>,
    /// The safety tier, if the policy defines the remediation with `patch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<SafetyTier>,
    /// The IAM actions that AWS needs to set the properties on behalf of the caller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// The names of the checks before the properties are set. A check can require an approval or
    /// refuse the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
    /// The required properties of the resource, as a merge patch (RFC 7396). In a policy header,
    /// strings are CEL. In a finding, the values of the expressions replace the strings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<serde_json::Map<String, serde_json::Value>>,
    /// The point that a person must check before Evenkeel sets the properties. If the field is
    /// present, the remediation needs an approval in every mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PolicyHeader {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) severity: Severity,
    pub(super) severity_reason: Option<String>,
    #[serde(rename = "match")]
    pub(super) matches: Spanned<MatchHeader>,
    pub(super) resource: ResourceHeader,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Spanned<PolicyParameter>>,
    #[serde(default)]
    pub(super) variables: OrderedMap<Spanned<String>>,
    pub(super) message: Spanned<String>,
    #[serde(default)]
    pub(super) controls: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) implements: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) references: Vec<String>,
    pub(super) remediation: Option<RemediationHeader>,
}

/// A map that keeps the order of its entries in the file.
#[derive(Debug)]
pub(crate) struct OrderedMap<T>(pub(crate) Vec<(String, T)>);

impl<T> Default for OrderedMap<T> {
    fn default() -> Self {
        OrderedMap(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrderedMap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
            type Value = Vec<(String, T)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_map(EntriesVisitor(PhantomData)).map(OrderedMap)
    }
}

/// The start of a lint comment in a header line. A lint comment is not part of the YAML. It may
/// occur between entries of the header, but not inside a multi-line string.
const LINT_PREFIX: &str = "lint: ";

/// Parses the header of a policy file. Returns the header and the byte offset of the body.
pub(super) fn parse_header(file: &str, text: &str) -> Result<(PolicyHeader, usize), Diagnostic> {
    let (yaml, end) = split_header(file, text)?;
    let header = serde_saphyr::from_str(&yaml).map_err(|error| {
        add_suggestion(Diagnostic::from_yaml_error("header", file, &yaml, &error))
    })?;
    Ok((header, end))
}

/// Returns the YAML of the header of a policy file, and the byte offset of the body.
///
/// The function replaces each comment mark by the same number of spaces. Therefore, a position in
/// the YAML is also the position in the file.
///
/// # Errors
/// Returns a diagnostic if line 1 of the file is not `// METADATA`.
pub fn split_header(file: &str, text: &str) -> Result<(String, usize), Diagnostic> {
    let fail =
        |span, message: &str| Diagnostic::new_error("header", file, span, message.to_owned());
    let mut yaml = String::with_capacity(text.len());
    let mut end = 0_usize;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let Some(rest) = line.strip_prefix("//") else { break };
        if number == 0 && rest.trim_end() != " METADATA" {
            break;
        }
        if number == 0 || is_lint_comment(rest) {
            // The line becomes a YAML comment. An empty line would become part of a folded string
            // above it.
            yaml.push('#');
            yaml.extend(line.bytes().skip(1).map(|b| if b == b'\n' { '\n' } else { ' ' }));
        } else {
            yaml.push_str("  ");
            yaml.push_str(rest);
        }
        end = end.saturating_add(line.len());
    }
    if end == 0 {
        let first = text.find('\n').unwrap_or(text.len());
        let help = "begin the file with `// METADATA` and the YAML header, each line after `// `";
        let wrong = fail(0..first, "line 1 must be `// METADATA`");
        return Err(wrong.with_help(Some(help.to_owned())));
    }
    Ok((yaml, end))
}

/// Returns whether `rest`, the part of a header line after `//`, is a lint comment.
pub fn is_lint_comment(rest: &str) -> bool {
    rest.trim_start().starts_with(LINT_PREFIX)
}

/// Adds a suggestion to the YAML reader's message about an unknown name.
fn add_suggestion(wrong: Diagnostic) -> Diagnostic {
    let unknown = wrong.message.split('`').nth(1);
    let expected = wrong.message.split("expected one of ").nth(1);
    let help = match (unknown, expected) {
        (Some(unknown), Some(expected)) if wrong.message.starts_with("unknown") => {
            let names = expected.split(", ").map(|name| name.trim_matches('`'));
            evenkeel_engine::suggest_name(unknown, names)
        }
        _ => None,
    };
    wrong.with_help(help)
}

#[cfg(test)]
mod tests {
    use super::{parse_header, split_header};

    #[test]
    fn a_linter_comment_is_not_part_of_the_string_above_it() {
        let text = "// METADATA
// title: t
// description: >-
//   why
// lint: allow unknown-event séen in a trail
// severity: LOW
// match: {resourceType: 'AWS::S3::Bucket'}
// resource: {type: t, id: i}
// message: m

true
";
        let (header, body_at) = parse_header("x.cel", text).unwrap();
        assert_eq!(header.description, "why");
        assert_eq!(text.get(body_at..), Some("\ntrue\n"));
        let (yaml, _) = split_header("x.cel", text).unwrap();
        assert_eq!(yaml.find("severity"), text.find("severity"), "positions are the file's");
        let within = text.replace("trail\n", "trail\n//   more\n");
        assert!(parse_header("x.cel", &within).is_err(), "it is not a comment inside a string");
    }
}
