//! Measures which controls of compliance frameworks the policies cover, and lists the reasons why
//! the other controls are not covered.

mod control_coverage;
mod control_ids;
mod markdown;

use evenkeel_engine::suggest_name;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, PolicySet, Severity};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

pub use control_coverage::{
    ControlCoverage, CoverageKind, CoveringPolicy, EvaluationSource, FrameworkCoverage,
    PolicyRemediation, covers_state, measure_framework_coverage,
};
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
    /// The severity that the framework publishes for the control.
    pub severity: Option<Severity>,
    /// The reason why no policy covers the control, or why policies do not cover its state.
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
    severity: Option<Severity>,
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
        severity: one.severity,
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

/// Warns about each policy whose severity is not the highest severity that frameworks publish for
/// its controls, unless its header gives the reason.
pub fn lint_control_severities(
    set: &PolicySet,
    frameworks: &[ControlFramework],
) -> Vec<Diagnostic> {
    set.policies().iter().filter_map(|policy| lint_control_severity(policy, frameworks)).collect()
}

fn lint_control_severity(policy: &Policy, frameworks: &[ControlFramework]) -> Option<Diagnostic> {
    let published = frameworks.iter().flat_map(|framework| {
        let ids = policy.controls.get(&framework.name).into_iter().flatten();
        ids.filter_map(|id| framework.controls.iter().find(|control| control.id == *id))
    });
    let highest = published.filter_map(|control| Some((control.severity?, &control.id))).max();
    let differs = highest.is_some_and(|(severity, _)| severity != policy.severity);
    let message = match (&policy.severity_reason, highest) {
        (None, Some((severity, id))) if differs => {
            format!("the severity of `{id}` is {severity}, but the policy has {}", policy.severity)
        }
        (Some(_), _) if !differs => {
            "`severityReason` is not needed: no control has another severity".to_owned()
        }
        _ => return None,
    };
    let span = crate::check::locate_word(policy.file_text(), "// severity:", "severity");
    Some(Diagnostic::new_warning("control-severity", &policy.file, span, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_rules::policy::PolicyFile;
    use evenkeel_rules::read_cases;

    const LISTED: &str = "title: Ours
source: https://example.com/ours
reasons: {sweep: needs a sweep}
controls:
  - {id: '1.10', what: ten}
  - {id: '1.9', what: nine, open: sweep}
  - {id: '2', what: two, open: no API}
";

    fn policy_text(controls: &str) -> String {
        format!(
            "// METADATA\n// title: t\n// description: d\n// severity: LOW\n// match: \
             {{eventSource: s3.amazonaws.com, eventName: CreateBucket, \
             resourceType: AWS::S3::Bucket}}\n// resource: {{type: AWS::S3::Bucket, \
             id: resource.id}}\n// message: m\n// controls: {controls}\n// remediation: \
             {{run: r, mode: notify}}\n\ntrue\n"
        )
    }

    fn set(controls: &str) -> PolicySet {
        let text = policy_text(controls);
        PolicySet::compile_files(&[PolicyFile { name: "p.cel".to_owned(), text }], None).unwrap()
    }

    #[test]
    fn each_control_has_a_policy_or_a_reason() {
        let ours = parse_framework("frameworks/Ours.yaml", LISTED).unwrap();
        let set = set("{Ours: ['1.10', '2'], Other: [B-10, B-9]}");
        let frameworks = [ours];
        let coverage = measure_framework_coverage(&set, &frameworks, &BTreeSet::new());
        let shown: Vec<(&str, &str, usize, Option<&str>)> = coverage
            .iter()
            .flat_map(|one| one.controls.iter().map(|row| (one.framework, row)))
            .map(|(framework, row)| (framework, row.id, row.policies.len(), row.open))
            .collect();
        let expected = [
            ("Ours", "1.10", 1, None),
            ("Ours", "1.9", 0, Some("needs a sweep")),
            ("Ours", "2", 1, Some("no API")),
            ("Other", "B-9", 1, None),
            ("Other", "B-10", 1, None),
        ];
        assert_eq!(shown, expected);
        let by = &coverage.first().unwrap().controls.first().unwrap().policies;
        assert_eq!(
            by.first().unwrap().sources,
            [EvaluationSource::Event, EvaluationSource::Configuration]
        );
    }

    #[test]
    fn the_calls_and_the_cases_of_a_policy_decide_what_it_sees_of_a_control() {
        let kinds = |name: &str, text: &str, is_state: bool| {
            let file = PolicyFile { name: format!("{name}.cel"), text: text.to_owned() };
            let set = PolicySet::compile_files(&[file], None).unwrap();
            let state = if is_state { BTreeSet::from([name]) } else { BTreeSet::new() };
            let coverage = measure_framework_coverage(&set, &[], &state);
            let rows = coverage.iter().flat_map(|one| &one.controls);
            rows.map(|row| (row.id.to_owned(), row.kind)).collect::<Vec<_>>()
        };
        let creating = policy_text("{Ours: [a]}");
        let kind = |kind| vec![("a".to_owned(), Some(kind))];
        assert_eq!(kinds("p", &creating, false), kind(CoverageKind::Change));
        assert_eq!(kinds("p", &creating, true), kind(CoverageKind::State));
        let with_items = creating.replace("CreateBucket", "PutBucketPolicy");
        assert_eq!(kinds("p", &with_items, false), kind(CoverageKind::Change));
        let changing = with_items.replace(", resourceType: AWS::S3::Bucket", "");
        assert_eq!(kinds("p", &changing, false), kind(CoverageKind::SwitchedOff));
        let named_after =
            changing.replace("{type: AWS::S3::Bucket,", "{type: AWS::S3::BucketPolicy,");
        assert_eq!(kinds("p", &named_after, false), kind(CoverageKind::Change));
        let notice = creating.replace("controls:", "implements:");
        assert_eq!(kinds("p", &notice, true), kind(CoverageKind::Notice));
    }

    #[test]
    fn only_a_resource_that_nobody_configured_shows_the_state() {
        let cases = |second: &str| {
            let text = format!(
                "base:\n  item: {{resourceType: AWS::S3::Bucket, configuration: {{name: b}}}}\n  call: \
                 {{eventSource: s3.amazonaws.com, eventName: CreateBucket}}\ncases:\n  - {{name: one, \
                 event: item, expect: NON_COMPLIANT}}\n  - {{name: two, {second}}}\n"
            );
            covers_state(&read_cases("p.test.yaml", &text, &set("{}").policies()[0]).unwrap())
        };
        assert!(cases("event: item, expect: COMPLIANT, unconfigured: true"));
        assert!(!cases("event: item, expect: COMPLIANT"));
        assert!(!cases("event: call, expect: COMPLIANT, unconfigured: true"));
    }

    #[test]
    fn the_severity_of_a_policy_is_the_highest_of_its_controls() {
        let text = "title: t\nsource: s\ncontrols:\n  - {id: a, what: w, severity: LOW}\n  - {id: b, \
                    what: w, severity: HIGH}\n  - {id: c, what: w}\n";
        let frameworks = [parse_framework("frameworks/Ours.yaml", text).unwrap()];
        let lint = |controls: &str, more: &str| {
            let text = policy_text(controls).replace("// message", &format!("{more}// message"));
            let file = PolicyFile { name: "p.cel".to_owned(), text };
            let set = PolicySet::compile_files(&[file], None).unwrap();
            let found = lint_control_severities(&set, &frameworks);
            found.into_iter().map(|one| one.message).collect::<Vec<_>>()
        };
        let reason = "// severityReason: r\n";
        assert_eq!(lint("{Ours: [a, c]}", ""), [""; 0]);
        assert_eq!(
            lint("{Ours: [a, b]}", ""),
            ["the severity of `b` is HIGH, but the policy has LOW"]
        );
        assert_eq!(lint("{Ours: [a, b]}", reason), [""; 0]);
        assert_eq!(
            lint("{Ours: [a]}", reason),
            ["`severityReason` is not needed: no control has another severity"]
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
