//! A policy's header: YAML in the leading comment block of its `.cel` file.

use crate::diagnostic::Diagnostic;
use crate::event::strip_api_version;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// How much a finding matters; the labels of AWS Security Finding Format's `Severity.Label`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// No action needed.
    Informational,
    /// No action needed on its own.
    Low,
    /// Should be handled, not urgently.
    Medium,
    /// Should be handled with priority.
    High,
    /// Must be handled at once.
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

/// What may be done about a finding, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RemediationMode {
    /// Write the finding.
    Report,
    /// Announce it too.
    Notify,
    /// Propose a plan, and carry it out once somebody approves.
    Approve,
    /// Carry it out.
    Auto,
}

impl RemediationMode {
    /// As a header writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            RemediationMode::Report => "report",
            RemediationMode::Notify => "notify",
            RemediationMode::Approve => "approve",
            RemediationMode::Auto => "auto",
        }
    }
}

/// Which calls a policy wants: those that changed something, or those that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeMatch {
    /// Calls that succeeded.
    #[default]
    Success,
    /// Calls that failed.
    Failure,
    /// Both.
    Any,
}

/// One text or a list of them.
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

/// What a policy looks at. Literal, so that no expression runs for anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyMatch {
    /// `eventSource` of CloudTrail, such as `s3.amazonaws.com`.
    pub event_source: Vec<String>,
    /// `eventName` of CloudTrail, without an API version.
    pub event_name: Vec<String>,
    /// Successful calls, failed ones, or both.
    pub outcome: OutcomeMatch,
    /// AWS Config resource types, such as `AWS::S3::Bucket`.
    pub resource_type: Vec<String>,
}

impl PolicyMatch {
    /// Whether events of this source and name are wanted.
    pub fn matches_event(&self, source: &str, name: &str) -> bool {
        let named = |name: &str| self.event_name.iter().any(|wanted| wanted == name);
        self.event_source.iter().any(|wanted| wanted == source)
            && (named(name) || named(strip_api_version(name)))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MatchHeader {
    #[serde(default)]
    event_source: StringList,
    #[serde(default)]
    event_name: StringList,
    #[serde(default)]
    outcome: OutcomeMatch,
    #[serde(default)]
    resource_type: StringList,
}

impl MatchHeader {
    pub(super) fn to_policy_match(&self) -> PolicyMatch {
        PolicyMatch {
            event_source: self.event_source.0.clone(),
            event_name: self.event_name.0.clone(),
            outcome: self.outcome,
            resource_type: self.resource_type.0.clone(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceHeader {
    #[serde(rename = "type")]
    pub(super) kind: String,
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
    /// The value it has unless somebody sets another.
    pub default: serde_json::Value,
    /// What it does.
    #[serde(default)]
    pub description: String,
}

/// How safe a repair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SafetyTier {
    /// It can be undone, and nobody notices it who did nothing wrong.
    A,
    /// It is as safe once something was checked that the resource's state does not tell.
    B,
    /// It can stop what works, cost money or lose data: a person says yes.
    C,
}

impl SafetyTier {
    /// The most that may be done without a person, given whether what must be checked first is checked.
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

/// Which remediator repairs what a policy finds, and how far it may go by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemediationHeader {
    /// The remediator's id.
    pub run: String,
    /// What the policy allows; the operator's ceiling can only lower it.
    pub mode: RemediationMode,
    /// What the remediator is told. In a policy's header a text that is one hole, `{{ CEL }}`, is CEL; in a finding it is
    /// what came of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, serde_json::Value>,
    /// How safe it is, where the policy says what is repaired: with `patch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<SafetyTier>,
    /// The IAM actions by which AWS sets the properties in the caller's name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// What properties of the resource must be, as a merge patch (RFC 7396). In a policy's header texts are CEL; in
    /// a finding they are what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<serde_json::Map<String, serde_json::Value>>,
    /// What a person must look at before the properties are set. Where it is said, a person is asked whatever the mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyHeader {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) severity: Severity,
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
    pub(super) references: Vec<String>,
    pub(super) remediation: Option<RemediationHeader>,
}

/// A map in the order it was written.
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

/// What begins a comment for the linter, which is no YAML and may stand between its lines, not within a text.
const LINT_PREFIX: &str = "lint: ";

/// A policy file's header, and where its body begins.
pub(super) fn parse_header(file: &str, text: &str) -> Result<(PolicyHeader, usize), Diagnostic> {
    let (yaml, end) = split_header(file, text)?;
    let header = serde_saphyr::from_str(&yaml).map_err(|error| {
        add_suggestion(Diagnostic::from_yaml_error("header", file, &yaml, &error))
    })?;
    Ok((header, end))
}

/// The YAML of a policy file's header, and the byte where its body begins.
///
/// The comment marks are replaced by as many spaces, so that a position in the YAML is a position
/// in the file.
///
/// # Errors
/// When the file does not begin as a policy does.
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
            // A comment to YAML too: blanks would be text where they stand behind folded text.
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
        let help = "begin the file with `// METADATA` and its YAML, each line behind `// `";
        let wrong = fail(0..first, "line 1 must be `// METADATA`");
        return Err(wrong.with_help(Some(help.to_owned())));
    }
    Ok((yaml, end))
}

/// Whether what stands behind a header's `//` is for the linter, and no YAML.
pub fn is_lint_comment(rest: &str) -> bool {
    rest.trim_start().starts_with(LINT_PREFIX)
}

/// Adds "did you mean" to the reader's message about an unknown name.
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
    fn a_comment_for_the_linter_is_no_part_of_the_text_above_it() {
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
        assert!(parse_header("x.cel", &within).is_err(), "within a text it is no comment");
    }
}
