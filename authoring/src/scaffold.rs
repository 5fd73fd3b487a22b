//! Generates a first version of a policy and its cases. The policy compiles, and the cases pass.

use crate::check::unwatched_events::list_unwatched_events;
use crate::services::defaults::find_default;
use crate::services::models::{
    CallSide, ResolvedShape, ServiceModel, ShapeCode, StructureMember, lower_first, service_models,
};
use crate::services::resource_types::list_types;
use evenkeel_rules::event::strip_api_version;
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use serde_json::{Map, Value, json};

/// The event from which a new policy is generated.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySeed {
    source: String,
    name: String,
    /// The event of the generated cases.
    record: Value,
    /// The request parameter that identifies the resource.
    key: Option<String>,
    decides: DecidingValue,
}

/// The value of the event that determines the result, with a non-compliant and a compliant example.
#[derive(Clone, Debug, PartialEq)]
struct DecidingValue {
    /// The name of the request parameter, or `None` for the caller's `userAgent`.
    parameter: Option<String>,
    non_compliant: Value,
    compliant: Value,
}

impl DecidingValue {
    /// Exchanges both values if AWS documents the non-compliant value as the default: a call without
    /// the parameter is compliant in the new policy.
    fn with_compliant_default(self, source: &str, operation: &str) -> Self {
        let parameter = self.parameter.as_deref().unwrap_or_default();
        let default = find_default(source, operation, parameter);
        let is_default = |value: &Value| match value {
            Value::String(text) => default == Some(text.as_str()),
            other => default == Some(other.to_string().as_str()),
        };
        if is_default(&self.non_compliant) {
            let DecidingValue { parameter, non_compliant, compliant } = self;
            return DecidingValue { parameter, non_compliant: compliant, compliant: non_compliant };
        }
        self
    }

    fn from_parameter(
        name: &str,
        non_compliant: impl Into<Value>,
        compliant: impl Into<Value>,
    ) -> Self {
        DecidingValue {
            parameter: Some(name.to_owned()),
            non_compliant: non_compliant.into(),
            compliant: compliant.into(),
        }
    }

    /// Chooses the deciding value if the request has no suitable parameter: the id of the resource,
    /// or the caller's `userAgent`.
    fn from_key_or_caller(key: Option<&str>, value: Option<&Value>) -> Self {
        match key.zip(value) {
            Some((key, value)) => Self::from_parameter(key, value.clone(), "another"),
            None => DecidingValue {
                parameter: None,
                non_compliant: "non-compliant".into(),
                compliant: "compliant".into(),
            },
        }
    }

    fn cel_path(&self) -> String {
        self.parameter
            .as_ref()
            .map_or_else(|| "event.?userAgent".to_owned(), |name| request_path(name))
    }

    /// Returns the part of a record that contains this value.
    fn record_fragment(&self, value: &Value) -> Value {
        match &self.parameter {
            Some(name) => json!({"requestParameters": {name: value}}),
            None => json!({"userAgent": value}),
        }
    }
}

impl PolicySeed {
    /// Creates a seed from the source and the name of an event, with sample values for the
    /// parameters that AWS's models require.
    ///
    /// ```
    /// use evenkeel_authoring::scaffold::PolicySeed;
    ///
    /// let seed = PolicySeed::from_event_name("kms.amazonaws.com", "PutKeyPolicy");
    /// assert!(seed.render_policy(Some("AWS::KMS::Key")).starts_with("// METADATA\n"));
    /// assert!(seed.render_cases().contains("expect: NON_COMPLIANT"));
    /// ```
    pub fn from_event_name(source: &str, name: &str) -> PolicySeed {
        let model = service_models(source).find(|model| model.has_operation(name));
        let members =
            model.map(|model| model.side_members(name, CallSide::Request)).unwrap_or_default();
        let mut request = Map::new();
        if let Some(model) = model {
            for member in members.iter().filter(|member| member.required) {
                request.insert(lower_first(member.name), sample_value(model, member.shape, 0));
            }
        }
        let key = find_key_parameter(&request);
        let decides = match model {
            Some(model) => choose_deciding_value(model, members, key.as_deref()),
            None => Some(DecidingValue::from_parameter("enabled", false, true)),
        };
        let named = key.as_ref().and_then(|key| request.get(key));
        let decides = decides
            .unwrap_or_else(|| DecidingValue::from_key_or_caller(key.as_deref(), named))
            .with_compliant_default(source, name);
        if let Some(parameter) = &decides.parameter {
            request.insert(parameter.clone(), decides.non_compliant.clone());
        }
        let mut record =
            json!({"eventSource": source, "eventName": name, "requestParameters": request});
        if let (None, Some(record)) = (&decides.parameter, record.as_object_mut()) {
            record.insert("userAgent".to_owned(), decides.non_compliant.clone());
        }
        PolicySeed { source: source.to_owned(), name: name.to_owned(), record, key, decides }
    }

    /// Creates a seed from a CloudTrail record.
    ///
    /// The seed does not contain the identity of the caller, and contains a sample account id
    /// instead of real ones. Returns `None` if the value is not a CloudTrail record.
    pub fn from_record(record: &Value) -> Option<PolicySeed> {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let (source, name) = (text("eventSource")?, strip_api_version(text("eventName")?));
        if !source.ends_with(".amazonaws.com") {
            return None;
        }
        let mut kept = Map::new();
        for field in [
            "eventSource",
            "eventName",
            "requestParameters",
            "responseElements",
            "additionalEventData",
        ] {
            if let Some(value) = record.get(field).filter(|value| !value.is_null()) {
                kept.insert(field.to_owned(), replace_accounts_in_value(value));
            }
        }
        kept.insert("eventName".to_owned(), name.into());
        let empty = Map::new();
        let request = kept.get("requestParameters").and_then(Value::as_object).unwrap_or(&empty);
        let key = find_key_parameter(request);
        let is_plain = |value: &Value| !value.is_object() && !value.is_array() && !value.is_null();
        let mut others =
            request.iter().filter(|(name, value)| Some(*name) != key.as_ref() && is_plain(value));
        let decides = others.next().map(|(name, value)| {
            DecidingValue::from_parameter(name, value.clone(), alter_value(value))
        });
        let named = key.as_ref().and_then(|key| request.get(key));
        let decides =
            decides.unwrap_or_else(|| DecidingValue::from_key_or_caller(key.as_deref(), named));
        if decides.parameter.is_none() {
            kept.insert("userAgent".to_owned(), decides.non_compliant.clone());
        }
        Some(PolicySeed {
            source: source.to_owned(),
            name: name.to_owned(),
            record: Value::Object(kept),
            key,
            decides,
        })
    }

    /// Returns the text of the policy. `kind` is the CloudFormation type of the resource; without
    /// it, the text contains a type that fits the name of the event. `notWatched` lists the other
    /// calls that set the parameter, for the author to decide.
    pub fn render_policy(&self, kind: Option<&str>) -> String {
        let text = self.render_header_and_body(kind, "");
        let file = PolicyFile { name: "new.cel".to_owned(), text: text.clone() };
        let Ok(set) = PolicySet::compile_files(&[file], None) else { return text };
        let events = set
            .policies()
            .first()
            .map(|policy| list_unwatched_events(policy, set.organization_functions()));
        let events = events.unwrap_or_default();
        if events.is_empty() {
            return text;
        }
        let reason = "TODO add the event to eventName, or say why it is left out";
        let lines = events.iter().map(|event| format!("//     {event}: {reason}\n"));
        self.render_header_and_body(
            kind,
            &format!("//   notWatched:\n{}", lines.collect::<String>()),
        )
    }

    fn render_header_and_body(&self, kind: Option<&str>, not_watched: &str) -> String {
        let PolicySeed { source, name, key, decides, .. } = self;
        let kind = kind.map_or_else(|| self.guess_resource_type(), str::to_owned);
        let id = key
            .as_ref()
            .map(|key| format_yaml_scalar(&format!("{}.orValue('')", request_path(key)).into()));
        let id = id.unwrap_or_else(|| "resource.account".to_owned());
        format!(
            "// METADATA
// title: TODO describe the problem in one line
// description: >-
//   TODO explain why the problem matters.
// severity: MEDIUM
// match:
//   eventSource: {}
//   eventName: {}
{not_watched}// resource:
//   type: {kind}
//   id: {id}
// message: \"TODO describe the problem of {{{{resource.id}}}}\"
// references: []

// TODO true if the event is non-compliant. `evenkeel schema {source}:{name}` prints its fields.
{}.orValue({}) == {}
",
            format_yaml_scalar(&source.as_str().into()),
            format_yaml_scalar(&name.as_str().into()),
            decides.cel_path(),
            format_cel_literal(&decides.compliant),
            format_cel_literal(&decides.non_compliant),
        )
    }

    /// Returns the text of the test file: one non-compliant case, and two similar compliant cases.
    pub fn render_cases(&self) -> String {
        let part = |value: &Value| format_yaml(&self.decides.record_fragment(value), 3);
        format!(
            "base:
  event:{}
cases:
  - name: TODO non-compliant value
    expect: NON_COMPLIANT
  - name: TODO compliant value
    merge:{}
    expect: COMPLIANT
  - name: TODO absent value
    merge:{}
    expect: COMPLIANT
",
            format_yaml(&self.record, 2),
            part(&self.decides.compliant),
            part(&Value::Null),
        )
    }

    /// Returns the type of the service whose name is the longest part of the event's name, or the type
    /// of accounts.
    fn guess_resource_type(&self) -> String {
        let service = self.source.split('.').next().unwrap_or_default();
        let of_event = list_types().filter(|kind| {
            let mut parts = kind.split("::").skip(1);
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case(service))
                && parts.next().is_some_and(|name| self.name.contains(name))
        });
        of_event.max_by_key(|kind| kind.len()).unwrap_or("AWS::::Account").to_owned()
    }
}

/// The maximum depth of nested structures in a sample. Without this limit, a sample of a recursive
/// type would have no end.
const MAX_SAMPLE_DEPTH: usize = 3;

/// Returns a sample value of a type, in the form in which CloudTrail records it.
fn sample_value(model: &ServiceModel, shape: ShapeCode, depth: usize) -> Value {
    match model.resolve_shape(shape) {
        ResolvedShape::Text => "example".into(),
        ResolvedShape::Int | ResolvedShape::Double => 1.into(),
        ResolvedShape::Bool => true.into(),
        ResolvedShape::Time => "2026-03-11T12:00:00Z".into(),
        ResolvedShape::Enum(values) => values.first().copied().unwrap_or_default().into(),
        ResolvedShape::List(element) if depth < MAX_SAMPLE_DEPTH => {
            json!([sample_value(model, element, depth.saturating_add(1))])
        }
        ResolvedShape::Structure(members) if depth < MAX_SAMPLE_DEPTH => {
            let required = members.iter().filter(|member| member.required);
            let one = |member: &StructureMember| {
                (
                    lower_first(member.name),
                    sample_value(model, member.shape, depth.saturating_add(1)),
                )
            };
            Value::Object(required.map(one).collect())
        }
        ResolvedShape::List(_) => json!([]),
        ResolvedShape::Map(_) | ResolvedShape::Structure(_) | ResolvedShape::Any => json!({}),
    }
}

/// Chooses the parameter that determines the result: preferably one with few possible values,
/// because policies often check such parameters, otherwise another optional one.
fn choose_deciding_value(
    model: &ServiceModel,
    members: &[StructureMember],
    key: Option<&str>,
) -> Option<DecidingValue> {
    let name = |member: &StructureMember| lower_first(member.name);
    // `dryRun` is excluded, because it is not a property of the resource.
    let others = || {
        members
            .iter()
            .filter(|member| Some(name(member).as_str()) != key && name(member) != "dryRun")
    };
    let free = || others().filter(|member| !member.required);
    if let Some(member) =
        free().find(|member| model.resolve_shape(member.shape) == ResolvedShape::Bool)
    {
        return Some(DecidingValue::from_parameter(&name(member), false, true));
    }
    let choice = others().find_map(|member| match model.resolve_shape(member.shape) {
        ResolvedShape::Enum([first, .., last]) => {
            Some(DecidingValue::from_parameter(&name(member), *last, *first))
        }
        _ => None,
    });
    let plain = || {
        free().find_map(|member| match model.resolve_shape(member.shape) {
            ResolvedShape::Text => {
                Some(DecidingValue::from_parameter(&name(member), "non-compliant", "compliant"))
            }
            ResolvedShape::Int => Some(DecidingValue::from_parameter(&name(member), 1, 2)),
            _ => None,
        })
    };
    choice.or_else(plain)
}

/// Returns another value of the same type.
fn alter_value(value: &Value) -> Value {
    match value {
        Value::Bool(truth) => (!truth).into(),
        Value::Number(number) => number.as_i64().map_or(0, |number| number.wrapping_add(1)).into(),
        _ => "another value".into(),
    }
}

/// Returns the name of the first string parameter of a request, which usually identifies the
/// resource.
fn find_key_parameter(request: &Map<String, Value>) -> Option<String> {
    request.iter().find(|(_, value)| value.is_string()).map(|(name, _)| name.clone())
}

/// Returns the CEL expression for an optional field of the request.
fn request_path(name: &str) -> String {
    let mut letters = name.chars();
    let is_name = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { format!("request.?{name}") } else { format!("request[?{}]", json!(name)) }
}

/// Formats a value as YAML, for the position after its key.
fn format_yaml(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let line = |(name, value): (&String, &Value)| {
                format!(
                    "\n{indent}{}:{}",
                    format_yaml_scalar(&name.as_str().into()),
                    format_yaml(value, depth.saturating_add(1))
                )
            };
            members.iter().map(line).collect()
        }
        // Lists and scalars stay on one line.
        other => format!(" {}", format_yaml_scalar(other)),
    }
}

/// Formats a value as YAML on one line. A string has no quotes if YAML cannot read it as another
/// type.
fn format_yaml_scalar(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let reserved = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let starts_plainly = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_plain = starts_plainly
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/()?'| ".contains(c))
        && !text.ends_with(' ')
        && !reserved.contains(&text.to_lowercase().as_str());
    if is_plain { text.clone() } else { value.to_string() }
}

/// Formats a scalar as a CEL literal.
fn format_cel_literal(value: &Value) -> String {
    match value {
        Value::String(text) if !text.contains(['\'', '\\', '\n', '\r']) => format!("'{text}'"),
        other => other.to_string(),
    }
}

/// Replaces all account ids in a value with the sample account id `111122223333`.
fn replace_accounts_in_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(replace_accounts_in_text(text)),
        Value::Array(values) => values.iter().map(replace_accounts_in_value).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), replace_accounts_in_value(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn replace_accounts_in_text(text: &str) -> String {
    let (mut out, mut digits) = (String::new(), String::new());
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if c.is_ascii_digit() => digits.push(c),
            other => {
                out.push_str(if digits.len() == 12 { "111122223333" } else { &digits });
                digits.clear();
                out.extend(other);
            }
        }
    }
    out
}
