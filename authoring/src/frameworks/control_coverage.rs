//! Measures which controls the policies cover, and what they see of each control.

use super::control_ids::compare_control_ids;
use super::{ControlFramework, FrameworkControl};
use evenkeel_rules::policy::{Policy, PolicySet, RemediationMode, Severity};
use evenkeel_rules::{ComplianceStatus, PolicyCase};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a policy sees of a control, from the most to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageKind {
    /// The state: also a resource that existed before Evenkeel, and whose setting nobody ever
    /// configured.
    State,
    /// Changes: calls that create a resource, or configuration items of which no case shows a resource
    /// that nobody ever configured. A resource that existed before may not be seen.
    Change,
    /// Only calls that change the setting of a resource that exists. A resource that is created
    /// without the setting is not seen.
    SwitchedOff,
    /// The control requires that changes are monitored, and the policy reports them. A finding does
    /// not violate the control.
    Notice,
}

impl CoverageKind {
    /// All kinds, from the most to the least.
    pub const ALL: [CoverageKind; 4] = [
        CoverageKind::State,
        CoverageKind::Change,
        CoverageKind::SwitchedOff,
        CoverageKind::Notice,
    ];

    /// Returns the name of the kind for readers.
    pub fn display_name(self) -> &'static str {
        match self {
            CoverageKind::State => "state",
            CoverageKind::Change => "change",
            CoverageKind::SwitchedOff => "switched off",
            CoverageKind::Notice => "notice",
        }
    }
}

/// Returns whether the cases show that a policy evaluates the state of a resource: one case is about the
/// configuration item of a resource whose setting nobody ever configured, and one configuration item
/// violates the policy.
pub fn covers_state(cases: &[PolicyCase]) -> bool {
    let items = || cases.iter().filter(|case| case.event_record().is_none());
    items().any(|case| case.unconfigured)
        && items().any(|case| case.expect == ComplianceStatus::NonCompliant)
}

/// The coverage of a framework by policies.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
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
    /// Returns the number of controls of which the policies see this at most. `None` counts the
    /// controls that no policy covers.
    pub fn count_kind(&self, kind: Option<CoverageKind>) -> usize {
        self.controls.iter().filter(|row| row.kind == kind).count()
    }

    /// Describes the numbers of controls by their coverage.
    pub fn describe_counts(&self) -> String {
        let kinds = CoverageKind::ALL.iter().filter_map(|kind| {
            let count = self.count_kind(Some(*kind));
            (count > 0).then(|| format!("{count} {}", kind.display_name()))
        });
        let open = Some(self.count_kind(None)).filter(|count| *count > 0);
        let open = open.map(|count| format!("{count} open"));
        let counts: Vec<String> = kinds.chain(open).collect();
        format!("{} controls: {}", self.controls.len(), counts.join(", "))
    }

    /// Returns the number of controls with a remediation in at least this mode.
    pub fn count_remediated(&self, mode: RemediationMode) -> usize {
        self.controls.iter().filter(|row| row.best_remediation() >= Some(mode)).count()
    }
}

/// The coverage of one control.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlCoverage<'a> {
    /// The framework's id of the control.
    pub id: &'a str,
    /// The requirement. Empty if no file lists the framework's controls.
    pub what: &'a str,
    /// The severity that the framework publishes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The most that a policy sees of the control. `None` if no policy covers it.
    pub kind: Option<CoverageKind>,
    /// The policies that cover the control.
    pub policies: Vec<CoveringPolicy<'a>>,
    /// The reason why no policy covers the control, or why none covers its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<&'a str>,
}

impl ControlCoverage<'_> {
    /// Returns the highest mode of the remediations of a violation.
    pub fn best_remediation(&self) -> Option<RemediationMode> {
        let of_findings = self.policies.iter().filter(|by| by.kind != CoverageKind::Notice);
        of_findings.filter_map(|by| by.remediation.as_ref()).map(|one| one.mode).max()
    }
}

/// A policy that covers a control.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoveringPolicy<'a> {
    /// The id of the policy.
    pub policy: &'a str,
    /// What the policy sees of the control.
    pub kind: CoverageKind,
    /// The sources of the data that the policy evaluates.
    pub sources: Vec<EvaluationSource>,
    /// True if the framework's publisher does not assign the control to a control of AWS that the
    /// policy covers: the assignment is the author's own.
    pub own_mapping: bool,
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
    pub mode: RemediationMode,
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

/// Frameworks whose controls AWS assigns to its own controls.
const DERIVED: &[&str] = &["NIST.800-53.r5", "PCI-DSS.v4.0.1"];

/// Measures the coverage of all frameworks by the policies of a set.
///
/// The result contains the frameworks in `frameworks` first, in their order. The other frameworks
/// that policies name follow, in alphabetical order. `state_policies` contains the ids of the
/// policies whose cases [cover the state](covers_state).
pub fn measure_framework_coverage<'a>(
    set: &'a PolicySet,
    frameworks: &'a [ControlFramework],
    state_policies: &BTreeSet<&str>,
) -> Vec<FrameworkCoverage<'a>> {
    let mut named: BTreeMap<&str, BTreeMap<&str, Vec<CoveringPolicy<'a>>>> = BTreeMap::new();
    for policy in set.policies() {
        let covers_state = state_policies.contains(policy.id.as_str());
        // The controls of a derived framework are those that AWS assigns to its own.
        let names_listed = |name: &String| frameworks.iter().any(|one| one.name == *name);
        let has_listed = policy.controls.keys().chain(policy.implements.keys()).any(names_listed);
        for (implements, controls) in [(false, &policy.controls), (true, &policy.implements)] {
            let kind = if implements {
                CoverageKind::Notice
            } else {
                find_coverage_kind(policy, covers_state)
            };
            for (framework, ids) in controls {
                let own_mapping = !has_listed && DERIVED.contains(&framework.as_str());
                for id in ids {
                    let of = named.entry(framework).or_default().entry(id).or_default();
                    of.push(summarize_policy(policy, kind, own_mapping));
                }
            }
        }
    }
    let mut all = Vec::new();
    for framework in frameworks {
        let mut by = named.remove(framework.name.as_str()).unwrap_or_default();
        let row = |control: &'a FrameworkControl| {
            let policies = by.remove(control.id.as_str()).unwrap_or_default();
            describe_control(control, policies)
        };
        let controls = framework.controls.iter().map(row).collect();
        let ControlFramework { name, title, source, .. } = framework;
        all.push(FrameworkCoverage { framework: name, title, source, controls });
    }
    for (framework, by) in named {
        let row = |(id, policies): (&'a str, Vec<CoveringPolicy<'a>>)| ControlCoverage {
            id,
            what: "",
            severity: None,
            kind: best_kind(&policies),
            policies,
            open: None,
        };
        let mut controls: Vec<ControlCoverage<'a>> = by.into_iter().map(row).collect();
        controls.sort_by(|a, b| compare_control_ids(a.id, b.id));
        all.push(FrameworkCoverage { framework, title: "", source: "", controls });
    }
    all
}

fn describe_control<'a>(
    control: &'a FrameworkControl,
    policies: Vec<CoveringPolicy<'a>>,
) -> ControlCoverage<'a> {
    ControlCoverage {
        id: &control.id,
        what: &control.requirement,
        severity: control.severity,
        kind: best_kind(&policies),
        policies,
        open: control.reason_uncovered.as_deref(),
    }
}

fn best_kind(policies: &[CoveringPolicy<'_>]) -> Option<CoverageKind> {
    policies.iter().map(|by| by.kind).min()
}

fn find_coverage_kind(policy: &Policy, covers_state: bool) -> CoverageKind {
    if covers_state {
        CoverageKind::State
    } else if !policy.matches.resource_type.is_empty()
        || policy.matches.matches_any_name()
        || policy.matches.event_name.iter().any(|name| creates_resource(policy, name))
    {
        CoverageKind::Change
    } else {
        CoverageKind::SwitchedOff
    }
}

/// Verbs of calls that create a resource.
const CREATING_VERBS: &[&str] = &[
    "Allocate",
    "Authorize",
    "Clone",
    "Copy",
    "Create",
    "Import",
    "Launch",
    "Publish",
    "Purchase",
    "Register",
    "Replicate",
    "Request",
    "Restore",
    "Run",
    "Upload",
];

/// Returns whether a call creates a resource of the policy's type. `Put` creates a resource only if
/// the call is named after the resource.
fn creates_resource(policy: &Policy, event: &str) -> bool {
    let kind = policy.resource_type.rsplit("::").next().unwrap_or_default();
    CREATING_VERBS.iter().any(|verb| event.starts_with(verb))
        || event
            .strip_prefix("Put")
            .is_some_and(|rest| kind.ends_with(rest) || rest.ends_with(kind))
}

fn summarize_policy(policy: &Policy, kind: CoverageKind, own_mapping: bool) -> CoveringPolicy<'_> {
    let matches = &policy.matches;
    let sources = [
        (EvaluationSource::Event, !matches.event_name.is_empty()),
        (EvaluationSource::Configuration, !matches.resource_type.is_empty()),
    ];
    CoveringPolicy {
        policy: &policy.id,
        kind,
        sources: sources.into_iter().filter(|source| source.1).map(|source| source.0).collect(),
        own_mapping,
        remediation: policy
            .remediation
            .as_ref()
            .map(|header| PolicyRemediation { run: &header.run, mode: header.mode }),
    }
}
