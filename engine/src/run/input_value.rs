//! What an expression reads: values that stay where they are, and are looked into in place.

use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Debug;

/// A value that expressions read. A handle: it is copied freely, and borrows what it stands for.
pub trait InputValue<'a>: Copy + Debug + Send + Sync + 'a {
    /// What the value is.
    fn value_kind(self) -> ValueKind<'a>;

    /// The field `name` of a map.
    fn get_field(self, name: &str) -> Option<Self>;

    /// The names of a map's fields, each once.
    fn field_names(self) -> Vec<Cow<'a, str>>;

    /// The elements of a list.
    fn list_elements(self) -> Vec<Self>;
}

/// What a value is; scalars with what they hold.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind<'a> {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer: CEL's `int`.
    Int(i64),
    /// Another number, also an integer that 64 bits do not hold: CEL's `double`.
    Double(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List,
    /// A map of names to values.
    Map,
}

impl<'a> InputValue<'a> for &'a Value {
    fn value_kind(self) -> ValueKind<'a> {
        match self {
            Value::Null => ValueKind::Null,
            Value::Bool(truth) => ValueKind::Bool(*truth),
            Value::Number(number) => match number.as_i64() {
                Some(int) => ValueKind::Int(int),
                None => ValueKind::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => ValueKind::Text(Cow::Borrowed(text)),
            Value::Array(_) => ValueKind::List,
            Value::Object(_) => ValueKind::Map,
        }
    }

    fn get_field(self, name: &str) -> Option<Self> {
        Value::get(self, name)
    }

    fn field_names(self) -> Vec<Cow<'a, str>> {
        let keys = self.as_object().into_iter().flat_map(|map| map.keys());
        keys.map(|key| Cow::Borrowed(key.as_str())).collect()
    }

    fn list_elements(self) -> Vec<Self> {
        self.as_array().into_iter().flatten().collect()
    }
}
