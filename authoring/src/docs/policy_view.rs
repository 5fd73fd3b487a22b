//! The data of a policy's page. The templates can access no other data of the policy.

use super::DocumentedPolicy;
use super::escaping::escape_invisible;
use evenkeel_engine::FunctionSet;
use evenkeel_rules::policy::{ExpressionRole, OutcomeMatch, Policy, Severity};
use serde::Serialize;

/// The data of a policy's page.
#[derive(Debug, Serialize)]
pub(super) struct PolicyView {
    pub(super) id: String,
    /// The folder of the page.
    pub(super) service: String,
    pub(super) severity: String,
    #[serde(skip)]
    pub(super) rank: Severity,
    title: String,
    description: String,
    sources: Vec<String>,
    names: Vec<String>,
    outcome: &'static str,
    items: Vec<String>,
    resource: String,
    resource_id: String,
    resource_arn: Option<String>,
    variables: Vec<NamedText>,
    body: String,
    /// The organization's functions that the policy's expressions call.
    functions: Vec<NamedText>,
    message: String,
    parameters: Vec<ParameterView>,
    controls: Vec<ControlsView>,
    references: Vec<String>,
    pub(super) repair: Option<RemediationView>,
    cases: Vec<NamedText>,
}

/// A name and its text.
#[derive(Debug, Serialize)]
struct NamedText {
    name: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct ParameterView {
    name: String,
    kind: String,
    default: String,
    /// The configured value, if it differs from the default.
    set: Option<String>,
    description: String,
}

#[derive(Debug, Serialize)]
struct ControlsView {
    framework: String,
    ids: Vec<String>,
}

/// The remediation of a policy.
#[derive(Debug, Serialize)]
pub(super) struct RemediationView {
    run: String,
    pub(super) mode: &'static str,
    tier: Option<String>,
    ask: Option<String>,
    with: Vec<NamedText>,
    /// The properties that the patch sets, with their values.
    patch: Vec<NamedText>,
    /// The IAM actions. Empty if no remediator has the name in `run`.
    permissions: Vec<String>,
}

impl PolicyView {
    pub(super) fn from_policy(
        subject: &DocumentedPolicy<'_>,
        functions: &FunctionSet,
    ) -> PolicyView {
        let policy = subject.policy;
        let pair = |name: &str, value: &str| NamedText {
            name: escape_invisible(name),
            value: escape_invisible(value),
        };
        let variables = policy.list_expressions().filter_map(|one| match one.role {
            ExpressionRole::Variable(name) => Some(pair(name, one.text)),
            _ => None,
        });
        let text = |role: &ExpressionRole| {
            policy
                .list_expressions()
                .find(|one| one.role == role)
                .map(|one| escape_invisible(one.text.trim()))
        };
        let cases = subject.cases.iter().map(|case| pair(&case.name, &case.expect.to_string()));
        PolicyView {
            id: escape_invisible(&policy.id),
            service: service_folder(policy),
            severity: policy.severity.to_string(),
            rank: policy.severity,
            title: escape_invisible(&policy.title),
            description: escape_invisible(&policy.description),
            sources: escape_all(&policy.matches.event_source),
            names: escape_all(&policy.matches.event_name),
            outcome: describe_outcome(policy.matches.outcome),
            items: escape_all(&policy.matches.resource_type),
            resource: escape_invisible(&policy.resource_type),
            resource_id: text(&ExpressionRole::ResourceId).unwrap_or_default(),
            resource_arn: text(&ExpressionRole::ResourceArn),
            variables: variables.collect(),
            body: text(&ExpressionRole::Body).unwrap_or_default(),
            functions: functions
                .function_docs()
                .filter(|(signature, _)| calls_function(policy, signature))
                .map(|(signature, meaning)| pair(&signature, &meaning.replace('\n', " ")))
                .collect(),
            message: escape_invisible(policy.message_text()),
            parameters: parameter_views(policy),
            controls: policy
                .controls
                .iter()
                .map(|(framework, ids)| ControlsView {
                    framework: escape_invisible(framework),
                    ids: escape_all(ids),
                })
                .collect(),
            references: escape_all(&policy.references),
            repair: remediation_view(subject),
            cases: cases.collect(),
        }
    }
}

fn escape_all(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| escape_invisible(text)).collect()
}

/// Returns whether an expression of the policy calls the function with this signature.
fn calls_function(policy: &Policy, signature: &str) -> bool {
    let call = signature.split_inclusive('(').next().unwrap_or(signature);
    let is_part = |c: char| c.is_alphanumeric() || "_.`".contains(c);
    let calls = |text: &str| {
        text.match_indices(call)
            .any(|(at, _)| !text.get(..at).is_some_and(|before| before.ends_with(is_part)))
    };
    policy.list_expressions().any(|one| calls(one.text))
}

/// Returns the name of the policy's service, with only the characters that a path can contain.
fn service_folder(policy: &Policy) -> String {
    let source = policy.matches.event_source.first().and_then(|source| source.split('.').next());
    let kind = policy.matches.resource_type.first().and_then(|kind| kind.split("::").nth(1));
    let name = source.or(kind).unwrap_or_default().to_lowercase();
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if plain.is_empty() { "other".to_owned() } else { plain }
}

fn describe_outcome(outcome: OutcomeMatch) -> &'static str {
    match outcome {
        OutcomeMatch::Success => "calls that succeeded",
        OutcomeMatch::Failure => "calls that failed",
        OutcomeMatch::Any => "calls that succeeded or failed",
    }
}

fn parameter_views(policy: &Policy) -> Vec<ParameterView> {
    let view =
        |(name, parameter): (&String, &evenkeel_rules::policy::PolicyParameter)| ParameterView {
            name: escape_invisible(name),
            kind: escape_invisible(&parameter.kind),
            default: escape_invisible(&parameter.default.to_string()),
            set: policy
                .settings
                .get(name)
                .filter(|value| **value != parameter.default)
                .map(|value| escape_invisible(&value.to_string())),
            description: escape_invisible(&parameter.description),
        };
    policy.parameters.iter().map(view).collect()
}

fn remediation_view(subject: &DocumentedPolicy<'_>) -> Option<RemediationView> {
    let header = subject.policy.remediation.as_ref()?;
    let with = header.with.iter().map(|(name, value)| NamedText {
        name: escape_invisible(name),
        value: escape_invisible(&value.to_string()),
    });
    Some(RemediationView {
        run: escape_invisible(&header.run),
        mode: header.mode.as_str(),
        tier: header.tier.map(|tier| tier.to_string()),
        ask: header.ask.as_deref().map(escape_invisible),
        with: with.collect(),
        patch: header
            .patch
            .iter()
            .flatten()
            .map(|(name, value)| patch_entry(name, value))
            .collect(),
        permissions: subject.permissions.clone(),
    })
}

/// Returns a property that a patch sets, and its value as JSON or CEL.
fn patch_entry(name: &str, value: &serde_json::Value) -> NamedText {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    NamedText { name: escape_invisible(name), value: escape_invisible(&value) }
}
