//! Measures which controls of compliance frameworks the policies cover, and lists the reasons why
//! the other controls are not covered.

mod markdown;

use evenkeel_engine::suggest_name;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, PolicySet};
use serde::Deserialize;
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

pub use markdown::render_coverage_page;

/// The reason for a control that no policy covers, if the framework's file gives none.
pub const UNEXPLAINED: &str = "there is no policy yet";

/// A framework with a list of its controls, from the file `frameworks/<name>.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlFramework {
    /// The name that policies' headers use: the file's name without `.yaml`.
    pub name: String,
    /// The framework's own title.
    pub title: String,
    /// The address of the page that publishes the controls.
    pub source: String,
    /// The controls, in the order of the file.
    pub controls: Vec<FrameworkControl>,
}

/// A control of a framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameworkControl {
    /// The framework's id of the control.
    pub id: String,
    /// The requirement of the control, in one line.
    pub requirement: String,
    /// The reason why no policy covers the control.
    pub reason_uncovered: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameworkFile {
    title: String,
    source: String,
    /// Reasons that several controls share, by the word that `open` uses.
    #[serde(default)]
    reasons: BTreeMap<String, String>,
    controls: Vec<FrameworkFileControl>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameworkFileControl {
    id: String,
    what: String,
    open: Option<String>,
}

/// Parses the file of a framework.
///
/// ```
/// use evenkeel_authoring::frameworks::parse_framework;
///
/// let text = "
/// title: Our cloud baseline
/// source: https://wiki.example.com/baseline
/// controls:
///   - {id: B.1, what: buckets are private}
/// ";
/// let framework = parse_framework("frameworks/Ours.yaml", text).unwrap();
/// assert_eq!(framework.name, "Ours");
/// assert_eq!(framework.controls[0].requirement, "buckets are private");
/// ```
///
/// # Errors
/// A [`Diagnostic`] with the code `framework` if the YAML is not valid, or if two controls have the
/// same id.
pub fn parse_framework(file: &str, text: &str) -> Result<ControlFramework, Diagnostic> {
    let written: FrameworkFile = serde_saphyr::from_str(text)
        .map_err(|error| Diagnostic::from_yaml_error("framework", file, text, &error))?;
    let mut seen = BTreeSet::new();
    let repeated = written.controls.iter().find(|control| !seen.insert(control.id.clone()));
    if let Some(control) = repeated {
        let message = format!("control `{}` is listed twice; remove one of them", control.id);
        return Err(Diagnostic::new_error("framework", file, 0..0, message));
    }
    let reason = |open: String| written.reasons.get(&open).cloned().unwrap_or(open);
    let control = |one: FrameworkFileControl| FrameworkControl {
        id: one.id,
        requirement: one.what,
        reason_uncovered: one.open.map(reason),
    };
    let name = file.rsplit(['/', '\\']).next().and_then(|name| name.strip_suffix(".yaml"));
    Ok(ControlFramework {
        name: name.unwrap_or(file).to_owned(),
        title: written.title,
        source: written.source,
        controls: written.controls.into_iter().map(control).collect(),
    })
}

/// Returns an error for each control in a policy's header that its framework does not have.
///
/// The function ignores frameworks that are not in `frameworks`.
pub fn lint_controls(set: &PolicySet, frameworks: &[ControlFramework]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for policy in set.policies() {
        for (name, ids) in policy.controls.iter().chain(&policy.implements) {
            let Some(framework) = frameworks.iter().find(|one| one.name == *name) else { continue };
            let known = || framework.controls.iter().map(|control| control.id.as_str());
            for id in ids.iter().filter(|id| known().all(|known| known != *id)) {
                let key =
                    if policy.controls.contains_key(name) { "controls:" } else { "implements:" };
                let span = crate::check::locate_word(policy.file_text(), key, id);
                let message = format!("{} has no control `{id}`", framework.title);
                let wrong = Diagnostic::new_error("unknown-control", &policy.file, span, message);
                found.push(wrong.with_help(suggest_name(id, known())));
            }
        }
    }
    found
}

/// The coverage of a framework by policies.
#[derive(Clone, Debug, Serialize)]
pub struct FrameworkCoverage<'a> {
    /// The framework's name in policies' headers.
    pub framework: &'a str,
    /// The framework's own title. Empty if no file lists its controls.
    pub title: &'a str,
    /// The address of the page that publishes the controls. Empty if no file lists them.
    pub source: &'a str,
    /// All controls, if a file lists them. Otherwise the controls that a policy names.
    pub controls: Vec<ControlCoverage<'a>>,
}

impl FrameworkCoverage<'_> {
    /// Returns the number of controls that at least one policy covers.
    pub fn count_covered(&self) -> usize {
        self.controls.iter().filter(|row| !row.policies.is_empty()).count()
    }
}

/// The coverage of one control.
#[derive(Clone, Debug, Serialize)]
pub struct ControlCoverage<'a> {
    /// The framework's id of the control.
    pub id: &'a str,
    /// The requirement. Empty if no file lists the framework's controls.
    pub what: &'a str,
    /// The policies that detect a violation of the control.
    pub policies: Vec<CoveringPolicy<'a>>,
    /// The reason why no policy covers the control.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<&'a str>,
}

/// A policy that covers a control.
#[derive(Clone, Debug, Serialize)]
pub struct CoveringPolicy<'a> {
    /// The id of the policy.
    pub policy: &'a str,
    /// The sources of the data that the policy evaluates.
    pub sources: Vec<EvaluationSource>,
    /// True if the policy implements the control, which requires monitoring. False if a finding of
    /// the policy violates the control.
    pub implements: bool,
    /// The remediation of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<PolicyRemediation<'a>>,
}

/// The remediation of a policy.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyRemediation<'a> {
    /// The name of the remediator.
    pub run: &'a str,
    /// The mode of the remediation.
    pub mode: evenkeel_rules::policy::RemediationMode,
}

/// The source of the data that a policy evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EvaluationSource {
    /// CloudTrail records.
    Event,
    /// AWS Config configuration items.
    Configuration,
}

impl EvaluationSource {
    /// Returns the name of the source: `event` or `configuration`.
    pub fn source_name(self) -> &'static str {
        match self {
            EvaluationSource::Event => "event",
            EvaluationSource::Configuration => "configuration",
        }
    }
}

/// Measures the coverage of all frameworks by the policies of a set.
///
/// The result contains the frameworks in `frameworks` first, in their order. The other frameworks
/// that policies name follow, in alphabetical order.
pub fn measure_framework_coverage<'a>(
    set: &'a PolicySet,
    frameworks: &'a [ControlFramework],
) -> Vec<FrameworkCoverage<'a>> {
    let mut named: BTreeMap<&str, BTreeMap<&str, Vec<CoveringPolicy<'a>>>> = BTreeMap::new();
    for policy in set.policies() {
        for (implements, controls) in [(false, &policy.controls), (true, &policy.implements)] {
            for (framework, id) in
                controls.iter().flat_map(|(name, ids)| ids.iter().map(move |id| (name, id)))
            {
                let of = named.entry(framework).or_default();
                of.entry(id).or_default().push(summarize_policy(policy, implements));
            }
        }
    }
    let mut all = Vec::new();
    for framework in frameworks {
        let mut by = named.remove(framework.name.as_str()).unwrap_or_default();
        let row = |control: &'a FrameworkControl| {
            let policies = by.remove(control.id.as_str()).unwrap_or_default();
            let open = control.reason_uncovered.as_deref().filter(|_| policies.is_empty());
            ControlCoverage { id: &control.id, what: &control.requirement, policies, open }
        };
        let controls = framework.controls.iter().map(row).collect();
        let ControlFramework { name, title, source, .. } = framework;
        all.push(FrameworkCoverage { framework: name, title, source, controls });
    }
    for (framework, by) in named {
        let row = |(id, policies)| ControlCoverage { id, what: "", policies, open: None };
        let mut controls: Vec<ControlCoverage<'a>> = by.into_iter().map(row).collect();
        controls.sort_by(|a, b| compare_control_ids(a.id, b.id));
        all.push(FrameworkCoverage { framework, title: "", source: "", controls });
    }
    all
}

fn summarize_policy(policy: &Policy, implements: bool) -> CoveringPolicy<'_> {
    let matches = &policy.matches;
    let sources = [
        (EvaluationSource::Event, !matches.event_name.is_empty()),
        (EvaluationSource::Configuration, !matches.resource_type.is_empty()),
    ];
    CoveringPolicy {
        policy: &policy.id,
        implements,
        sources: sources.into_iter().filter(|source| source.1).map(|source| source.0).collect(),
        remediation: policy
            .remediation
            .as_ref()
            .map(|header| PolicyRemediation { run: &header.run, mode: header.mode }),
    }
}

/// Compares ids with their numbers in numerical order: `AC-2` before `AC-17`, `1.9` before `1.10`.
fn compare_control_ids(a: &str, b: &str) -> Ordering {
    split_control_id(a).cmp(&split_control_id(b))
}

/// Splits an id into pairs of a text and the number that follows it.
fn split_control_id(id: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, String)> = vec![Default::default()];
    for letter in id.chars() {
        match parts.last_mut() {
            Some((_, digits)) if letter.is_ascii_digit() => digits.push(letter),
            Some((text, digits)) if digits.is_empty() => text.push(letter),
            _ => parts.push((letter.to_string(), String::new())),
        }
    }
    parts.into_iter().map(|(text, digits)| (text, digits.parse().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_rules::policy::PolicyFile;

    const LISTED: &str = "title: Ours
source: https://example.com/ours
reasons: {sweep: needs a sweep}
controls:
  - {id: '1.10', what: ten}
  - {id: '1.9', what: nine, open: sweep}
  - {id: '2', what: two, open: no API}
";

    fn set(controls: &str) -> PolicySet {
        let text = format!(
            "// METADATA\n// title: t\n// description: d\n// severity: LOW\n// match: \
             {{eventSource: s3.amazonaws.com, eventName: CreateBucket, \
             resourceType: AWS::S3::Bucket}}\n// resource: {{type: AWS::S3::Bucket, \
             id: resource.id}}\n// message: m\n// controls: {controls}\n// remediation: \
             {{run: r, mode: notify}}\n\ntrue\n"
        );
        PolicySet::compile_files(&[PolicyFile { name: "p.cel".to_owned(), text }], None).unwrap()
    }

    #[test]
    fn each_control_has_a_policy_or_a_reason() {
        let ours = parse_framework("frameworks/Ours.yaml", LISTED).unwrap();
        let set = set("{Ours: ['1.10', '2'], Other: [B-10, B-9]}");
        let frameworks = [ours];
        let coverage = measure_framework_coverage(&set, &frameworks);
        let shown: Vec<(&str, &str, usize, Option<&str>)> = coverage
            .iter()
            .flat_map(|one| one.controls.iter().map(|row| (one.framework, row)))
            .map(|(framework, row)| (framework, row.id, row.policies.len(), row.open))
            .collect();
        let expected = [
            ("Ours", "1.10", 1, None),
            ("Ours", "1.9", 0, Some("needs a sweep")),
            ("Ours", "2", 1, None),
            ("Other", "B-9", 1, None),
            ("Other", "B-10", 1, None),
        ];
        assert_eq!(shown, expected);
        assert_eq!(
            coverage.iter().map(FrameworkCoverage::count_covered).collect::<Vec<_>>(),
            [2, 2]
        );
        let by = &coverage.first().unwrap().controls.first().unwrap().policies;
        assert_eq!(
            by.first().unwrap().sources,
            [EvaluationSource::Event, EvaluationSource::Configuration]
        );
    }

    #[test]
    fn a_control_that_its_framework_does_not_have_is_an_error() {
        let frameworks = [parse_framework("frameworks/Ours.yaml", LISTED).unwrap()];
        let wrong = lint_controls(&set("{Ours: ['1.19'], Other: [X]}"), &frameworks);
        let messages: Vec<_> = wrong.iter().map(|one| (one.code, one.message.as_str())).collect();
        assert_eq!(messages, [("unknown-control", "Ours has no control `1.19`")]);
        assert_eq!(lint_controls(&set("{Ours: ['1.9']}"), &frameworks), []);
    }

    #[test]
    fn a_repeated_control_and_a_missing_key_are_errors() {
        let twice = "title: t\nsource: s\ncontrols: [{id: a, what: b}, {id: a, what: c}]\n";
        assert_eq!(
            parse_framework("x.yaml", twice).unwrap_err().message,
            "control `a` is listed twice; remove one of them"
        );
        assert_eq!(parse_framework("x.yaml", "title: t\n").unwrap_err().code, "framework");
    }
}
