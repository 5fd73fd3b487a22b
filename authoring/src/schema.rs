//! What there is to look at: the events of a service, the fields of an event, and the schemas of our own files.

use crate::services::events;
use crate::services::models::{
    CallSide, ResolvedShape, ServiceModel, ShapeCode, StructureMember, lower_first, service_models,
    unmodeled_fields,
};
use serde_json::{Value, json};

/// JSON Schema of a policy's header.
pub const HEADER_SCHEMA: &str = include_str!("../schemas/header.schema.json");

/// JSON Schema of a policy's test file.
pub const TEST_SCHEMA: &str = include_str!("../schemas/test.schema.json");

/// How deep structures within structures are told: models may go round in circles.
const MAX_FIELD_DEPTH: usize = 6;

/// A field of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventField {
    /// Its name, as policies write it.
    pub name: String,
    /// Its type: `string`, `list(map)`.
    pub kind: String,
    /// Whether every call has it.
    pub required: bool,
    /// The texts that it may be; none, where it may be any.
    pub values: Vec<&'static str>,
    /// Its own fields, or those of its elements.
    pub fields: Vec<EventField>,
}

/// The names of a service's events that change something; all of them, where there is no model of what is in them.
pub fn list_write_events(source: &str) -> Vec<&'static str> {
    let all = events::event_names(source).unwrap_or_default();
    let known: Vec<&str> = all
        .iter()
        .copied()
        .filter(|name| service_models(source).any(|model| model.has_operation(name)))
        .collect();
    if known.is_empty() { all.to_vec() } else { known }
}

/// The fields of a side of an event: of each service that has a call of this name under this source.
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

/// Fields that a service's records have besides.
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
    /// As JSON.
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
