//! The test file of a policy: base events, cases that modify them, and the expected results.

mod case_subject;

use crate::diagnostic::Diagnostic;
use crate::evaluation::configuration_item::ConfigurationItem;
use crate::evaluation::single_evaluation::{ComplianceStatus, Evaluation};
use crate::policy::{OrderedMap, Policy};
pub use case_subject::CaseError;
use evenkeel_engine::suggest_name;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

use case_subject::CaseSubject;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCases {
    base: OrderedMap<Value>,
    cases: Vec<Spanned<WrittenCase>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCase {
    name: String,
    event: Option<String>,
    #[serde(default)]
    merge: Value,
    #[serde(default)]
    params: serde_json::Map<String, Value>,
    configuration: Option<Value>,
    expect: ExpectedStatus,
    #[serde(default)]
    unconfigured: bool,
    message: Option<String>,
    resource: Option<String>,
    violations: Option<Vec<Value>>,
    patch: Option<Value>,
}

/// The expected status of a case: one status, or the status of each resource by its id.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a status, or a map from ids of resources to statuses")]
enum ExpectedStatus {
    One(ComplianceStatus),
    Each(BTreeMap<String, ComplianceStatus>),
}

impl ExpectedStatus {
    fn most_serious(&self) -> ComplianceStatus {
        match self {
            ExpectedStatus::One(status) => *status,
            ExpectedStatus::Each(each) => {
                let worst = each.values().copied().max_by_key(|status| status.severity_rank());
                worst.unwrap_or(ComplianceStatus::Compliant)
            }
        }
    }
}

/// A test case of a policy.
#[derive(Debug)]
pub struct PolicyCase {
    /// The name of the case.
    pub name: String,
    /// The first line of the case in the file, counted from 1.
    pub line: usize,
    /// The status that the policy must return: the most serious one if the event of the case is
    /// about several resources.
    pub expect: ComplianceStatus,
    /// True if nobody has ever configured the setting of the resource.
    pub unconfigured: bool,
    expect_each: Option<BTreeMap<String, ComplianceStatus>>,
    subject: CaseSubject,
    params: serde_json::Map<String, Value>,
    configuration: Option<Value>,
    message: Option<String>,
    resource: Option<String>,
    violations: Option<Vec<Value>>,
    patch: Option<Value>,
}

/// A difference between the expected result of a case and the actual result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseDifference {
    /// The part that differs: `status`, `message`, `resource`, `violations` or `patch`.
    pub aspect: &'static str,
    /// The expected value.
    pub expected: String,
    /// The actual value.
    pub actual: String,
}

/// Parses the test file of a policy.
///
/// A `base` event needs only the fields that the policy reads. The function adds the fields that
/// every record has, such as `eventID`. A base event with a `resourceType` is a configuration item.
///
/// # Errors
/// Returns a diagnostic if the YAML is not valid, and for each case that names an unknown base
/// event or an unknown parameter.
pub fn read_cases(
    file: &str,
    text: &str,
    policy: &Policy,
) -> Result<Vec<PolicyCase>, Vec<Diagnostic>> {
    let written: WrittenCases = serde_saphyr::from_str(text)
        .map_err(|error| vec![Diagnostic::from_yaml_error("test", file, text, &error)])?;
    let (mut cases, mut errors) = (Vec::new(), Vec::new());
    for case in &written.cases {
        let at = case.referenced.span().byte_offset().and_then(|at| usize::try_from(at).ok());
        let at = at.unwrap_or_default().min(text.len());
        let line = text.get(..at).unwrap_or_default().matches('\n').count().saturating_add(1);
        match build_case(&case.value, &written.base.0, policy, line) {
            Ok(case) => cases.push(case),
            Err((message, help)) => {
                let end = at.saturating_add(text.get(at..).and_then(|t| t.find('\n')).unwrap_or(0));
                errors.push(Diagnostic::new_error("test", file, at..end, message).with_help(help));
            }
        }
    }
    if errors.is_empty() { Ok(cases) } else { Err(errors) }
}

fn build_case(
    case: &WrittenCase,
    base: &[(String, Value)],
    policy: &Policy,
    line: usize,
) -> Result<PolicyCase, (String, Option<String>)> {
    let base_event = match (&case.event, base) {
        (Some(name), _) => base.iter().find(|entry| entry.0 == *name).ok_or_else(|| {
            let names = base.iter().map(|entry| entry.0.as_str());
            let message = format!("case `{}`: `base` contains no event `{name}`", case.name);
            (message, suggest_name(name, names))
        })?,
        (None, [only]) => only,
        (None, _) => {
            let message = format!(
                "case `{}`: `event` is missing; name one of the events in `base`",
                case.name
            );
            return Err((message, None));
        }
    };
    if let Some(unknown) = case.params.keys().find(|name| !policy.parameters.contains_key(*name)) {
        let names = policy.parameters.keys().map(String::as_str);
        let message = format!("case `{}`: the policy has no parameter `{unknown}`", case.name);
        return Err((message, suggest_name(unknown, names)));
    }
    let subject = CaseSubject::new(&base_event.1, &case.merge);
    Ok(PolicyCase {
        name: case.name.clone(),
        line,
        expect: case.expect.most_serious(),
        unconfigured: case.unconfigured,
        expect_each: match &case.expect {
            ExpectedStatus::One(_) => None,
            ExpectedStatus::Each(each) => Some(each.clone()),
        },
        subject,
        params: case.params.clone(),
        configuration: case.configuration.clone(),
        message: case.message.clone(),
        resource: case.resource.clone(),
        violations: case.violations.clone(),
        patch: case.patch.clone(),
    })
}

fn to_pretty_json(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string())
}

/// Returns the first evaluation with the most serious status.
pub fn most_serious_evaluation(evaluations: &[Evaluation]) -> Option<&Evaluation> {
    let rank = |evaluation: &&Evaluation| evaluation.status.severity_rank();
    evaluations.iter().rev().max_by_key(rank)
}

fn list_statuses(statuses: &BTreeMap<String, ComplianceStatus>) -> String {
    let lines: Vec<String> =
        statuses.iter().map(|(id, status)| format!("{id}: {status}")).collect();
    lines.join(", ")
}

impl PolicyCase {
    /// Creates a case for this event or configuration item, without expectations.
    pub fn for_event(event: &Value) -> PolicyCase {
        PolicyCase {
            name: String::new(),
            line: 0,
            expect: ComplianceStatus::NotApplicable,
            unconfigured: false,
            expect_each: None,
            subject: CaseSubject::new(event, &Value::Object(serde_json::Map::new())),
            params: serde_json::Map::new(),
            configuration: None,
            message: None,
            resource: None,
            violations: None,
            patch: None,
        }
    }

    /// Creates a case for another event, with the parameters and the configuration of this case and
    /// without expectations.
    #[must_use]
    pub fn with_event(&self, event: &Value) -> PolicyCase {
        let (params, configuration) = (self.params.clone(), self.configuration.clone());
        PolicyCase { params, configuration, ..Self::for_event(event) }
    }

    /// Returns the record of the case, or `None` if the case contains a configuration item.
    pub fn event_record(&self) -> Option<&Value> {
        self.subject.event_record()
    }

    /// Returns the configuration item of the case, or `None` if the case contains a record.
    pub fn configuration_item(&self) -> Option<&ConfigurationItem> {
        self.subject.configuration_item()
    }

    /// Evaluates the case and compares the result with the expected one.
    ///
    /// # Errors
    /// Returns a [`CaseError`] if the event, the configuration or a parameter of the case is not
    /// valid.
    pub fn run(&self, policy: &Policy) -> Result<Vec<CaseDifference>, CaseError> {
        let evaluations = self.evaluate_policy(policy)?;
        let Some(evaluation) = most_serious_evaluation(&evaluations) else { return Ok(Vec::new()) };
        let mut differences = Vec::new();
        let mut compare = |what, expected: String, actual: String| {
            if expected != actual {
                differences.push(CaseDifference { aspect: what, expected, actual });
            }
        };
        match &self.expect_each {
            None => compare("status", self.expect.to_string(), evaluation.status.to_string()),
            Some(each) => {
                let found = evaluations.iter().map(|one| (one.resource.id.clone(), one.status));
                compare("status", list_statuses(each), list_statuses(&found.collect()));
            }
        }
        if let Some(message) = &self.message {
            compare("message", message.clone(), evaluation.message.clone());
        } else if evaluation.status == ComplianceStatus::Error {
            compare("message", String::new(), evaluation.message.clone());
        }
        if let Some(resource) = &self.resource {
            compare("resource", resource.clone(), evaluation.resource.id.clone());
        }
        if let Some(violations) = &self.violations {
            let evidence = Value::Array(evaluation.evidence.clone());
            compare(
                "violations",
                to_pretty_json(&Value::Array(violations.clone())),
                to_pretty_json(&evidence),
            );
        }
        match (&self.patch, &evaluation.patch) {
            (_, Some(Err(why))) => compare("patch", String::new(), why.to_string()),
            (Some(wanted), Some(Ok(patch))) => {
                compare(
                    "patch",
                    to_pretty_json(wanted),
                    to_pretty_json(&Value::Object(patch.clone())),
                );
            }
            (Some(wanted), None) => compare("patch", to_pretty_json(wanted), String::new()),
            (None, _) => {}
        }
        if self.expect == ComplianceStatus::Error && self.message.is_none() {
            differences.retain(|difference| difference.aspect != "message");
        }
        Ok(differences)
    }

    /// Evaluates the case with the policy. Returns one evaluation for each resource.
    ///
    /// # Errors
    /// Returns a [`CaseError`] if the event, the configuration or a parameter of the case is not
    /// valid.
    pub fn evaluate_policy(&self, policy: &Policy) -> Result<Vec<Evaluation>, CaseError> {
        let params = policy.parameters_with(&self.params)?;
        self.subject.evaluate_policy(policy, self.configuration.as_ref(), params)
    }
}
