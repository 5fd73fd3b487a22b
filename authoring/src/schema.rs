//! What there is to look at: the events of a service, the fields of an event, and the schemas of our own files.

use crate::services::events;
use crate::services::models::{Form, Member, Model, Shape, Side, lower_first, models, seen};
use serde_json::{Value, json};

/// JSON Schema of a policy's header.
pub const HEADER: &str = include_str!("../schemas/header.schema.json");

/// JSON Schema of a policy's test file.
pub const TEST: &str = include_str!("../schemas/test.schema.json");

/// How deep structures within structures are told: models may go round in circles.
const DEEP: usize = 6;

/// A field of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name, as policies write it.
    pub name: String,
    /// Its type: `string`, `list(map)`.
    pub kind: String,
    /// Whether every call has it.
    pub required: bool,
    /// The texts that it may be; none, where it may be any.
    pub values: Vec<&'static str>,
    /// Its own fields, or those of its elements.
    pub fields: Vec<Field>,
}

/// The names of a service's events that change something; all of them, where there is no model of what is in them.
pub fn writes(source: &str) -> Vec<&'static str> {
    let all = events::names(source).unwrap_or_default();
    let known: Vec<&str> =
        all.iter().copied().filter(|name| models(source).any(|model| model.has(name))).collect();
    if known.is_empty() { all.to_vec() } else { known }
}

/// The fields of a side of an event: of each service that has a call of this name under this source.
pub fn fields(source: &str, name: &str, side: Side) -> Vec<Field> {
    let mut all: Vec<Field> = Vec::new();
    for model in models(source) {
        for member in model.members(name, side) {
            let found = field(model, member, 0);
            if !all.iter().any(|other| other.name == found.name) {
                all.push(found);
            }
        }
    }
    all
}

/// Fields that a service's records have besides.
pub fn besides(source: &str) -> &'static [&'static str] {
    seen(source)
}

fn field(model: &Model, member: &Member, depth: usize) -> Field {
    let values = match innermost(model, member.shape) {
        Form::Enum(values) => values.to_vec(),
        _ => Vec::new(),
    };
    let fields = match innermost(model, member.shape) {
        Form::Structure(members) if depth < DEEP => {
            members.iter().map(|member| field(model, member, depth.saturating_add(1))).collect()
        }
        _ => Vec::new(),
    };
    let (name, kind) = (lower_first(member.name), kind(model, member.shape));
    Field { name, kind, required: member.required, values, fields }
}

fn innermost(model: &Model, shape: Shape) -> Form<'_> {
    match model.form(shape) {
        Form::List(inner) | Form::Map(inner) => innermost(model, inner),
        other => other,
    }
}

fn kind(model: &Model, shape: Shape) -> String {
    match model.form(shape) {
        Form::Text | Form::Enum(_) => "string".to_owned(),
        Form::Int => "int".to_owned(),
        Form::Double => "double".to_owned(),
        Form::Bool => "bool".to_owned(),
        Form::Time => "time".to_owned(),
        Form::List(inner) => format!("list({})", kind(model, inner)),
        Form::Map(inner) => format!("map({})", kind(model, inner)),
        Form::Structure(_) => "map".to_owned(),
        Form::Any => "any".to_owned(),
    }
}

impl Field {
    /// As JSON.
    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "required": self.required,
            "values": self.values,
            "fields": self.fields.iter().map(Field::json).collect::<Vec<_>>(),
        })
    }
}
