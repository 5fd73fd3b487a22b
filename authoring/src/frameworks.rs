//! Frameworks: which of their controls policies cover, through which door and with which repair, and why others are open.

mod markdown;

use evenkeel_engine::suggest_name;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, PolicySet};
use serde::Deserialize;
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

pub use markdown::render_coverage_page;

/// What is said of a control that no policy covers, and of which the list does not say why.
pub const UNEXPLAINED: &str = "there is no policy yet";

/// A framework whose controls are listed: `frameworks/<name>.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlFramework {
    /// Its name in policies' headers: that of the file.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// The page that its controls are from.
    pub source: String,
    /// Its controls, in its order.
    pub controls: Vec<FrameworkControl>,
}

/// A control of a framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameworkControl {
    /// Its id.
    pub id: String,
    /// What must be so, in a few words.
    pub requirement: String,
    /// Why no policy covers it.
    pub reason_uncovered: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameworkFile {
    title: String,
    source: String,
    /// Reasons that several controls share, by a word.
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

/// Reads a framework's file.
///
/// # Errors
/// When the YAML is wrong, or a control is there twice.
pub fn parse_framework(file: &str, text: &str) -> Result<ControlFramework, Diagnostic> {
    let written: FrameworkFile = serde_saphyr::from_str(text)
        .map_err(|error| Diagnostic::from_yaml_error("framework", file, text, &error))?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = written.controls.iter().find(|control| !seen.insert(control.id.clone())) {
        let message = format!("control `{}` is there twice", twice.id);
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

/// Controls in policies' headers that their framework does not have. Frameworks that are not listed say nothing.
pub fn lint_controls(set: &PolicySet, frameworks: &[ControlFramework]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for policy in set.policies() {
        for (name, ids) in &policy.controls {
            let Some(framework) = frameworks.iter().find(|one| one.name == *name) else { continue };
            let known = || framework.controls.iter().map(|control| control.id.as_str());
            for id in ids.iter().filter(|id| known().all(|known| known != *id)) {
                let span = crate::check::locate_word(policy.file_text(), "controls:", id);
                let message = format!("{} has no control `{id}`", framework.title);
                let wrong = Diagnostic::new_error("unknown-control", &policy.file, span, message);
                found.push(wrong.with_help(suggest_name(id, known())));
            }
        }
    }
    found
}

/// What policies cover of a framework.
#[derive(Clone, Debug, Serialize)]
pub struct FrameworkCoverage<'a> {
    /// The framework's name in policies' headers.
    pub framework: &'a str,
    /// What it is called; empty where its controls are not listed.
    pub title: &'a str,
    /// The page that its controls are from.
    pub source: &'a str,
    /// Its controls: all where they are listed, else those that a policy names.
    pub controls: Vec<ControlCoverage<'a>>,
}

impl FrameworkCoverage<'_> {
    /// How many controls some policy covers.
    pub fn count_covered(&self) -> usize {
        self.controls.iter().filter(|row| !row.policies.is_empty()).count()
    }
}

/// A control, and what covers it.
#[derive(Clone, Debug, Serialize)]
pub struct ControlCoverage<'a> {
    /// The control.
    pub id: &'a str,
    /// What must be so; empty where the framework is not listed.
    pub what: &'a str,
    /// The policies that show it to be broken.
    pub policies: Vec<CoveringPolicy<'a>>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<&'a str>,
}

/// A policy that covers a control.
#[derive(Clone, Debug, Serialize)]
pub struct CoveringPolicy<'a> {
    /// Its id.
    pub policy: &'a str,
    /// Through which doors it judges.
    pub doors: Vec<EvaluationSource>,
    /// What repairs it, and how far by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<PolicyRemediation<'a>>,
}

/// A policy's repair.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyRemediation<'a> {
    /// The remediator.
    pub run: &'a str,
    /// How far it goes by itself.
    pub mode: evenkeel_rules::policy::RemediationMode,
}

/// Where what a policy judges comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EvaluationSource {
    /// Records of CloudTrail.
    Event,
    /// Configuration items of AWS Config.
    Configuration,
}

impl EvaluationSource {
    /// In a word.
    pub fn source_name(self) -> &'static str {
        match self {
            EvaluationSource::Event => "event",
            EvaluationSource::Configuration => "configuration",
        }
    }
}

/// What the policies of a set cover: listed frameworks first, then others that policies name, each by name.
pub fn measure_framework_coverage<'a>(
    set: &'a PolicySet,
    frameworks: &'a [ControlFramework],
) -> Vec<FrameworkCoverage<'a>> {
    let mut named: BTreeMap<&str, BTreeMap<&str, Vec<CoveringPolicy<'a>>>> = BTreeMap::new();
    for policy in set.policies() {
        for (framework, ids) in &policy.controls {
            for id in ids {
                let of = named.entry(framework).or_default();
                of.entry(id).or_default().push(summarize_policy(policy));
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

fn summarize_policy(policy: &Policy) -> CoveringPolicy<'_> {
    let matches = &policy.matches;
    let doors = [
        (EvaluationSource::Event, !matches.event_name.is_empty()),
        (EvaluationSource::Configuration, !matches.resource_type.is_empty()),
    ];
    CoveringPolicy {
        policy: &policy.id,
        doors: doors.into_iter().filter(|door| door.1).map(|door| door.0).collect(),
        remediation: policy
            .remediation
            .as_ref()
            .map(|header| PolicyRemediation { run: &header.run, mode: header.mode }),
    }
}

/// The order of ids as people count: `AC-2` before `AC-17`, `1.9` before `1.10`.
fn compare_control_ids(a: &str, b: &str) -> Ordering {
    split_control_id(a).cmp(&split_control_id(b))
}

/// An id's numbers and the texts between them.
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

    const LISTED: &str = "title: Ours\nsource: https://example.com/ours\nreasons:\n  sweep: needs a sweep\ncontrols:\n  \
        - {id: '1.10', what: ten}\n  - {id: '1.9', what: nine, open: sweep}\n  - {id: '2', what: two, open: of its own}\n";

    fn set(controls: &str) -> PolicySet {
        let text = format!(
            "// METADATA\n// title: t\n// description: d\n// severity: LOW\n// match: {{eventSource: \
             s3.amazonaws.com, eventName: CreateBucket, resourceType: AWS::S3::Bucket}}\n// resource: {{type: \
             AWS::S3::Bucket, id: resource.id}}\n// message: m\n// controls: {controls}\n// remediation: {{run: r, \
             mode: notify}}\n\ntrue\n"
        );
        PolicySet::compile_files(&[PolicyFile { name: "p.cel".to_owned(), text }], None).unwrap()
    }

    #[test]
    fn each_control_is_covered_or_open_for_a_reason() {
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
            by.first().unwrap().doors,
            [EvaluationSource::Event, EvaluationSource::Configuration]
        );
    }

    #[test]
    fn a_control_that_a_framework_does_not_have_is_wrong() {
        let frameworks = [parse_framework("frameworks/Ours.yaml", LISTED).unwrap()];
        let wrong = lint_controls(&set("{Ours: ['1.19'], Other: [X]}"), &frameworks);
        let said: Vec<_> = wrong.iter().map(|one| (one.code, one.message.as_str())).collect();
        assert_eq!(said, [("unknown-control", "Ours has no control `1.19`")]);
        assert_eq!(lint_controls(&set("{Ours: ['1.9']}"), &frameworks), []);
    }

    #[test]
    fn a_file_that_is_wrong_is_named() {
        let twice = "title: t\nsource: s\ncontrols: [{id: a, what: b}, {id: a, what: c}]\n";
        assert_eq!(
            parse_framework("x.yaml", twice).unwrap_err().message,
            "control `a` is there twice"
        );
        assert_eq!(parse_framework("x.yaml", "title: t\n").unwrap_err().code, "framework");
    }
}
