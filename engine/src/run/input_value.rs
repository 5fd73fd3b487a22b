//! Values that expressions read in place, without a copy.

use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Debug;

/// A value that expressions read. An implementation is a handle that borrows its data and is cheap
/// to copy.
pub trait InputValue<'a>: Copy + Debug + Send + Sync + 'a {
    /// Returns the type of the value, and the content of a scalar.
    fn value_kind(self) -> ValueKind<'a>;

    /// Returns the field `name` of a map, or `None` if the field does not exist.
    fn get_field(self, name: &str) -> Option<Self>;

    /// Returns the field names of a map, each once.
    fn field_names(self) -> Vec<Cow<'a, str>>;

    /// Returns the elements of a list.
    fn list_elements(self) -> Vec<Self>;
}

/// The type of a value, with the content of a scalar.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind<'a> {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer: CEL's `int`.
    Int(i64),
    /// Any other number, including an integer that does not fit into 64 bits: CEL's `double`.
    Double(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// A list.
    List,
    /// A map from names to values.
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
