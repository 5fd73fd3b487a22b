//! What a page says of a policy, as plain data: the templates see nothing else.

use super::Subject;
use super::escape::visible;
use evenkeel_engine::Functions;
use evenkeel_rules::policy::{OutcomeMatch, Policy, Role, Severity};
use serde::Serialize;

/// A policy's page.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub(super) id: String,
    /// The folder of its page.
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
    variables: Vec<Pair>,
    body: String,
    /// The organization's functions that its expressions call.
    functions: Vec<Pair>,
    message: String,
    parameters: Vec<ParameterView>,
    controls: Vec<Control>,
    references: Vec<String>,
    pub(super) repair: Option<Repair>,
    cases: Vec<Pair>,
}

/// A name, and what it is.
#[derive(Debug, Serialize)]
struct Pair {
    name: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct ParameterView {
    name: String,
    kind: String,
    default: String,
    /// What it is set to, where that is not the default.
    set: Option<String>,
    description: String,
}

#[derive(Debug, Serialize)]
struct Control {
    framework: String,
    ids: Vec<String>,
}

/// What repairs a finding.
#[derive(Debug, Serialize)]
pub(super) struct Repair {
    run: String,
    pub(super) mode: &'static str,
    tier: Option<String>,
    ask: Option<String>,
    with: Vec<Pair>,
    /// What properties must be.
    patch: Vec<Pair>,
    /// The IAM actions; none where no remediator has that name.
    permissions: Vec<String>,
}

impl View {
    pub(super) fn of(subject: &Subject<'_>, functions: &Functions) -> View {
        let policy = subject.policy;
        let pair = |name: &str, value: &str| Pair { name: visible(name), value: visible(value) };
        let variables = policy.expressions().filter_map(|one| match one.role {
            Role::Variable(name) => Some(pair(name, one.text)),
            _ => None,
        });
        let text = |role: &Role| {
            policy.expressions().find(|one| one.role == role).map(|one| visible(one.text.trim()))
        };
        let cases = subject.cases.iter().map(|case| pair(&case.name, &case.expect.to_string()));
        View {
            id: visible(&policy.id),
            service: service(policy),
            severity: policy.severity.to_string(),
            rank: policy.severity,
            title: visible(&policy.title),
            description: visible(&policy.description),
            sources: all(&policy.matches.event_source),
            names: all(&policy.matches.event_name),
            outcome: outcome(policy.matches.outcome),
            items: all(&policy.matches.resource_type),
            resource: visible(&policy.resource_type),
            resource_id: text(&Role::ResourceId).unwrap_or_default(),
            resource_arn: text(&Role::ResourceArn),
            variables: variables.collect(),
            body: text(&Role::Body).unwrap_or_default(),
            functions: functions
                .docs()
                .filter(|(signature, _)| calls(policy, signature))
                .map(|(signature, meaning)| pair(&signature, &meaning.replace('\n', " ")))
                .collect(),
            message: visible(policy.message_text()),
            parameters: parameters(policy),
            controls: policy
                .controls
                .iter()
                .map(|(framework, ids)| Control { framework: visible(framework), ids: all(ids) })
                .collect(),
            references: all(&policy.references),
            repair: repair(subject),
            cases: cases.collect(),
        }
    }
}

fn all(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| visible(text)).collect()
}

/// Whether some expression calls the function of this signature.
fn calls(policy: &Policy, signature: &str) -> bool {
    let call = signature.split_inclusive('(').next().unwrap_or(signature);
    let is_part = |c: char| c.is_alphanumeric() || "_.`".contains(c);
    let calls = |text: &str| {
        text.match_indices(call)
            .any(|(at, _)| !text.get(..at).is_some_and(|before| before.ends_with(is_part)))
    };
    policy.expressions().any(|one| calls(one.text))
}

/// The service that a policy is about, in letters that may stand in a path.
fn service(policy: &Policy) -> String {
    let source = policy.matches.event_source.first().and_then(|source| source.split('.').next());
    let kind = policy.matches.resource_type.first().and_then(|kind| kind.split("::").nth(1));
    let name = source.or(kind).unwrap_or_default().to_lowercase();
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if plain.is_empty() { "other".to_owned() } else { plain }
}

fn outcome(outcome: OutcomeMatch) -> &'static str {
    match outcome {
        OutcomeMatch::Success => "calls that succeeded",
        OutcomeMatch::Failure => "calls that failed",
        OutcomeMatch::Any => "calls that succeeded or failed",
    }
}

fn parameters(policy: &Policy) -> Vec<ParameterView> {
    let view = |(name, parameter): (&String, &evenkeel_rules::policy::Parameter)| ParameterView {
        name: visible(name),
        kind: visible(&parameter.kind),
        default: visible(&parameter.default.to_string()),
        set: policy
            .settings
            .get(name)
            .filter(|value| **value != parameter.default)
            .map(|value| visible(&value.to_string())),
        description: visible(&parameter.description),
    };
    policy.parameters.iter().map(view).collect()
}

fn repair(subject: &Subject<'_>) -> Option<Repair> {
    let header = subject.policy.remediation.as_ref()?;
    let with = header
        .with
        .iter()
        .map(|(name, value)| Pair { name: visible(name), value: visible(&value.to_string()) });
    Some(Repair {
        run: visible(&header.run),
        mode: header.mode.word(),
        tier: header.tier.map(|tier| tier.to_string()),
        ask: header.ask.as_deref().map(visible),
        with: with.collect(),
        patch: header.patch.iter().flatten().map(|(name, value)| patched(name, value)).collect(),
        permissions: subject.permissions.clone(),
    })
}

/// A property that a patch sets, and CEL for what it must be.
fn patched(name: &str, value: &serde_json::Value) -> Pair {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Pair { name: visible(name), value: visible(&value) }
}
