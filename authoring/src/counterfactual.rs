//! Searches for single changes of an event that reverse the result of a policy.

use crate::check::type_check::parse_expressions;
use crate::types::inference::dotted_path;
use evenkeel_engine::SyntaxKind;
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{ComplianceStatus, PolicyCase, most_serious_evaluation};
use serde_json::Value;

/// The maximum number of changes that the search tries.
const MAX_CANDIDATES: usize = 20_000;

/// The maximum number of changes that the search returns.
const MAX_CHANGES: usize = 5;

/// The maximum length of a list whose elements the search changes one by one.
const MAX_LIST_LENGTH: usize = 16;

/// A change of one value of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordChange {
    /// The path of the value in the record, such as `requestParameters.tlsConfig`.
    pub path: String,
    /// The new value. `None` if the change removes the value.
    pub value: Option<Value>,
}

/// The parts of a record in which the search changes values.
const VARIED_PARTS: &[&str] =
    &["requestParameters", "responseElements", "additionalEventData", "userIdentity"];

/// Returns single changes of a case's record that turn `NON_COMPLIANT` into `COMPLIANT`, or the
/// reverse.
///
/// The result contains at most five changes: first changed values, then removed values, then added
/// values. It is empty for a configuration item, and for every other status.
///
/// ```
/// use evenkeel_authoring::counterfactual::find_counterfactuals;
/// use evenkeel_rules::PolicyCase;
/// use evenkeel_rules::policy::{PolicyFile, PolicySet};
///
/// let text = "// METADATA
/// // title: RDS instance is public
/// // description: The Internet can reach the instance.
/// // severity: HIGH
/// // match: {eventSource: rds.amazonaws.com, eventName: CreateDBInstance}
/// // resource: {type: AWS::RDS::DBInstance, id: request.dBInstanceIdentifier}
/// // message: RDS instance {{resource.id}} is public
///
/// request.?publiclyAccessible.orValue(false)
/// ";
/// let file = PolicyFile { name: "rds-public.cel".to_owned(), text: text.to_owned() };
/// let set = PolicySet::compile_files(&[file], None).unwrap();
/// let case = PolicyCase::for_event(&serde_json::json!({
///     "eventSource": "rds.amazonaws.com",
///     "eventName": "CreateDBInstance",
///     "requestParameters": {"dBInstanceIdentifier": "orders", "publiclyAccessible": true},
/// }));
///
/// let changes = find_counterfactuals(&set.policies()[0], &case);
/// assert_eq!(changes[0].path, "requestParameters.publiclyAccessible");
/// assert_eq!(changes[0].value, Some(false.into()));
/// ```
pub fn find_counterfactuals(policy: &Policy, case: &PolicyCase) -> Vec<RecordChange> {
    let Some(record) = case.event_record() else { return Vec::new() };
    let status = |case: &PolicyCase| {
        let evaluations = case.evaluate_policy(policy).ok()?;
        most_serious_evaluation(&evaluations).map(|evaluation| evaluation.status)
    };
    let wanted = match status(case) {
        Some(ComplianceStatus::NonCompliant) => ComplianceStatus::Compliant,
        Some(ComplianceStatus::Compliant) => ComplianceStatus::NonCompliant,
        _ => return Vec::new(),
    };
    let mut found: Vec<RecordChange> = Vec::new();
    for (steps, value) in list_candidates(policy, record).into_iter().take(MAX_CANDIDATES) {
        let path = steps.join(".");
        if found.iter().any(|change| is_within(&change.path, &path)) {
            continue;
        }
        let mut changed = record.clone();
        if !change_value_at(&mut changed, &steps, value.clone()) {
            continue;
        }
        if status(&case.with_event(&changed)) == Some(wanted) {
            found.push(RecordChange { path, value });
        }
        if found.len() == MAX_CHANGES {
            break;
        }
    }
    found
}

/// Returns whether a change at `path` repeats a change at `found`. This is the case if `path` is
/// the path of the same value, of an enclosing value, or of another field with the same name.
fn is_within(found: &str, path: &str) -> bool {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    found == path || found.starts_with(&format!("{path}.")) || last(found) == last(path)
}

type CandidateChange = (Vec<String>, Option<Value>);

/// Returns the changes to try: first changes of existing values, then removals, then values at
/// paths that the policy reads.
fn list_candidates(policy: &Policy, record: &Value) -> Vec<CandidateChange> {
    let (literals, paths) = collect_literals_and_paths(policy);
    let (mut changed, mut removed) = (Vec::new(), Vec::new());
    for part in VARIED_PARTS {
        if let Some(value) = record.get(part) {
            collect_variations(
                value,
                &mut vec![(*part).to_owned()],
                &literals,
                &mut changed,
                &mut removed,
            );
        }
    }
    let mut added = Vec::new();
    for steps in paths {
        for value in [true.into(), false.into()].iter().chain(&literals) {
            added.push((steps.clone(), Some(value.clone())));
        }
    }
    [changed, removed, added].concat()
}

/// Returns the literals and parameter defaults of a policy, and the paths of the record that it
/// reads.
fn collect_literals_and_paths(policy: &Policy) -> (Vec<Value>, Vec<Vec<String>>) {
    let (mut literals, mut paths) = (Vec::new(), Vec::new());
    let mut add = |value: &Value| {
        if !literals.contains(value) && (value.is_string() || value.is_number()) {
            literals.push(value.clone());
        }
    };
    for parameter in policy.parameters.values() {
        match &parameter.default {
            Value::Array(values) => values.iter().for_each(&mut add),
            value => add(value),
        }
    }
    // The text is parsed again, because the syntax tree of an instrumented policy contains more
    // nodes than the author wrote.
    for (_, syntax) in parse_expressions(policy) {
        syntax.walk_tree(&mut |part| {
            if let SyntaxKind::Literal(value) = &part.kind {
                add(value);
            }
            if let Some(steps) = dotted_path(part).as_deref().and_then(to_record_path)
                && !paths.contains(&steps)
            {
                paths.push(steps);
            }
        });
    }
    (literals, paths)
}

/// Converts the path of an expression to the path in the record: `request.uri` becomes
/// `requestParameters.uri`.
fn to_record_path(path: &str) -> Option<Vec<String>> {
    let mut names = path.split('.').map(str::to_owned);
    let part = match names.next()?.as_str() {
        "request" => Some("requestParameters"),
        "response" => Some("responseElements"),
        "event" => None,
        _ => return None,
    };
    let steps: Vec<String> = part.map(str::to_owned).into_iter().chain(names).collect();
    (steps.len() > 1).then_some(steps)
}

fn collect_variations(
    value: &Value,
    at: &mut Vec<String>,
    literals: &[Value],
    changed: &mut Vec<CandidateChange>,
    removed: &mut Vec<CandidateChange>,
) {
    let mut within = |name: &str, value: &Value, at: &mut Vec<String>| {
        at.push(name.to_owned());
        collect_variations(value, at, literals, changed, removed);
        at.pop();
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| within(name, value, at)),
        Value::Array(values) if values.len() <= MAX_LIST_LENGTH => {
            values
                .iter()
                .enumerate()
                .for_each(|(number, value)| within(&number.to_string(), value, at));
        }
        _ => {}
    }
    let others: Vec<Value> = match value {
        Value::Bool(truth) => vec![(!truth).into()],
        Value::String(text) if text == "true" || text == "false" => {
            vec![if text == "true" { "false" } else { "true" }.into()]
        }
        Value::String(text) => literals
            .iter()
            .filter(|one| one.is_string() && one.as_str() != Some(text))
            .cloned()
            .collect(),
        Value::Number(_) => literals
            .iter()
            .filter(|one| one.is_number())
            .flat_map(neighboring_numbers)
            .filter(|one| one != value)
            .collect(),
        Value::Array(values) if !values.is_empty() => vec![Value::Array(Vec::new())],
        _ => Vec::new(),
    };
    changed.extend(others.into_iter().map(|other| (at.clone(), Some(other))));
    if at.len() > 1 {
        removed.push((at.clone(), None));
    }
}

/// Returns a number and, for an integer, the next and the previous one.
fn neighboring_numbers(number: &Value) -> Vec<Value> {
    let Some(number) = number.as_i64() else { return vec![number.clone()] };
    vec![number.into(), number.saturating_add(1).into(), number.saturating_sub(1).into()]
}

/// Sets or removes the value at a path. Returns false if the path does not exist in the record.
fn change_value_at(value: &mut Value, steps: &[String], to: Option<Value>) -> bool {
    let Some((last, before)) = steps.split_last() else { return false };
    let mut here = value;
    for step in before {
        if here.is_null() {
            *here = Value::Object(serde_json::Map::new());
        }
        here = match here {
            Value::Object(members) => members.entry(step).or_insert(Value::Null),
            Value::Array(values) => {
                match step.parse::<usize>().ok().and_then(|number| values.get_mut(number)) {
                    Some(value) => value,
                    None => return false,
                }
            }
            _ => return false,
        };
    }
    if here.is_null() {
        *here = Value::Object(serde_json::Map::new());
    }
    match (here, to) {
        (Value::Object(members), Some(to)) => drop(members.insert(last.clone(), to)),
        (Value::Object(members), None) => drop(members.shift_remove(last)),
        (Value::Array(values), to) => {
            match last.parse::<usize>().ok().filter(|number| *number < values.len()) {
                Some(number) => match (to, values.get_mut(number)) {
                    (Some(to), Some(place)) => *place = to,
                    _ => drop(values.remove(number)),
                },
                None => return false,
            }
        }
        _ => return false,
    }
    true
}
