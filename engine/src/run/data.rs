//! What an expression reads: values that stay where they are, and are looked into in place.

use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Debug;

/// A value that expressions read. A handle: it is copied freely, and borrows what it stands for.
pub trait Data<'a>: Copy + Debug + Send + Sync + 'a {
    /// What the value is.
    fn shape(self) -> Shape<'a>;

    /// The field `name` of a map.
    fn get(self, name: &str) -> Option<Self>;

    /// The names of a map's fields, each once.
    fn keys(self) -> Vec<Cow<'a, str>>;

    /// The elements of a list.
    fn values(self) -> Vec<Self>;
}

/// What a value is; scalars with what they hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape<'a> {
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

impl<'a> Data<'a> for &'a Value {
    fn shape(self) -> Shape<'a> {
        match self {
            Value::Null => Shape::Null,
            Value::Bool(truth) => Shape::Bool(*truth),
            Value::Number(number) => match number.as_i64() {
                Some(int) => Shape::Int(int),
                None => Shape::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Shape::Text(Cow::Borrowed(text)),
            Value::Array(_) => Shape::List,
            Value::Object(_) => Shape::Map,
        }
    }

    fn get(self, name: &str) -> Option<Self> {
        Value::get(self, name)
    }

    fn keys(self) -> Vec<Cow<'a, str>> {
        let keys = self.as_object().into_iter().flat_map(|map| map.keys());
        keys.map(|key| Cow::Borrowed(key.as_str())).collect()
    }

    fn values(self) -> Vec<Self> {
        self.as_array().into_iter().flatten().collect()
    }
}
