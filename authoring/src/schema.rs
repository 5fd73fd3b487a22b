//! Lists the write events of a service and the fields of an event, and contains the JSON Schemas of
//! headers and test files.

use crate::services::events;
use crate::services::models::{
    CallSide, ResolvedShape, ServiceModel, ShapeCode, StructureMember, lower_first, service_models,
    unmodeled_fields,
};
use serde_json::{Value, json};

/// The JSON Schema of a policy's header.
pub const HEADER_SCHEMA: &str = include_str!("../schemas/header.schema.json");

/// The JSON Schema of a policy's test file.
pub const TEST_SCHEMA: &str = include_str!("../schemas/test.schema.json");

/// The maximum depth of nested fields. Without this limit, a recursive type would have no end.
const MAX_FIELD_DEPTH: usize = 6;

/// A field of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventField {
    /// The name that policies use, with a lower-case first letter.
    pub name: String,
    /// The type, such as `string` or `list(map)`.
    pub kind: String,
    /// True if every call has the field.
    pub required: bool,
    /// The possible texts. Empty if the field can have any text.
    pub values: Vec<&'static str>,
    /// The fields of the value, or of the elements of a list.
    pub fields: Vec<EventField>,
}

/// Returns the names of a service's write events. If no model of the service has any of them, the
/// result contains all events of the service.
pub fn list_write_events(source: &str) -> Vec<&'static str> {
    let all = events::event_names(source).unwrap_or_default();
    let known: Vec<&str> = all
        .iter()
        .copied()
        .filter(|name| service_models(source).any(|model| model.has_operation(name)))
        .collect();
    if known.is_empty() { all.to_vec() } else { known }
}

/// Returns the fields of one side of an event, from all services that have a call with this name
/// under this source.
///
/// ```
/// use evenkeel_authoring::schema::list_event_fields;
/// use evenkeel_authoring::services::models::CallSide;
///
/// let source = "apigateway.amazonaws.com";
/// let fields = list_event_fields(source, "PutIntegration", CallSide::Request);
/// assert!(fields.iter().any(|field| field.name == "restApiId" && field.required));
/// ```
pub fn list_event_fields(source: &str, name: &str, side: CallSide) -> Vec<EventField> {
    let mut all: Vec<EventField> = Vec::new();
    for model in service_models(source) {
        for member in model.side_members(name, side) {
            let found = build_field(model, member, 0);
            if !all.iter().any(|other| other.name == found.name) {
                all.push(found);
            }
        }
    }
    all
}

/// Returns the fields that a service's records have, but AWS's models do not.
pub fn list_unmodeled_fields(source: &str) -> &'static [&'static str] {
    unmodeled_fields(source)
}

fn build_field(model: &ServiceModel, member: &StructureMember, depth: usize) -> EventField {
    let values = match find_innermost_shape(model, member.shape) {
        ResolvedShape::Enum(values) => values.to_vec(),
        _ => Vec::new(),
    };
    let fields = match find_innermost_shape(model, member.shape) {
        ResolvedShape::Structure(members) if depth < MAX_FIELD_DEPTH => members
            .iter()
            .map(|member| build_field(model, member, depth.saturating_add(1)))
            .collect(),
        _ => Vec::new(),
    };
    let (name, kind) = (lower_first(member.name), describe_type(model, member.shape));
    EventField { name, kind, required: member.required, values, fields }
}

fn find_innermost_shape(model: &ServiceModel, shape: ShapeCode) -> ResolvedShape<'_> {
    match model.resolve_shape(shape) {
        ResolvedShape::List(inner) | ResolvedShape::Map(inner) => {
            find_innermost_shape(model, inner)
        }
        other => other,
    }
}

fn describe_type(model: &ServiceModel, shape: ShapeCode) -> String {
    match model.resolve_shape(shape) {
        ResolvedShape::Text | ResolvedShape::Enum(_) => "string".to_owned(),
        ResolvedShape::Int => "int".to_owned(),
        ResolvedShape::Double => "double".to_owned(),
        ResolvedShape::Bool => "bool".to_owned(),
        ResolvedShape::Time => "time".to_owned(),
        ResolvedShape::List(inner) => format!("list({})", describe_type(model, inner)),
        ResolvedShape::Map(inner) => format!("map({})", describe_type(model, inner)),
        ResolvedShape::Structure(_) => "map".to_owned(),
        ResolvedShape::Any => "any".to_owned(),
    }
}

impl EventField {
    /// Returns the field as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "required": self.required,
            "values": self.values,
            "fields": self.fields.iter().map(EventField::to_json).collect::<Vec<_>>(),
        })
    }
}
