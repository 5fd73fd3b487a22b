//! The names that an expression can use, and their values.

use super::field_map::FieldMap;
use super::input_value::InputValue;
use super::value::{BoxedValue, box_borrowed, box_json};
use cel::common::types::CelTimestamp;
use cel::common::value::CowVal;
use cel::context::VariableResolver;

/// A value that is created once and bound many times, such as the parameters of a policy.
#[derive(Clone, Debug)]
pub struct ConstantValue(BoxedValue<'static>);

impl ConstantValue {
    /// Creates a value from JSON.
    pub fn new(value: &serde_json::Value) -> Self {
        ConstantValue(box_json(value))
    }
}

#[derive(Debug)]
enum NameBinding<'a, D> {
    Data(D),
    Fields(FieldMap<'a, D>),
    Constant(&'a ConstantValue),
    Time(&'a str),
}

/// The names that an expression can use, bound to borrowed values. A value is created when an
/// expression uses its name.
#[derive(Debug)]
pub struct EvaluationScope<'a, D = &'a serde_json::Value> {
    bindings: Vec<(&'static str, NameBinding<'a, D>)>,
}

impl<D> Default for EvaluationScope<'_, D> {
    fn default() -> Self {
        EvaluationScope { bindings: Vec::new() }
    }
}

impl<'a, D: InputValue<'a>> EvaluationScope<'a, D> {
    /// Binds `name` to a value.
    pub fn bind_value(&mut self, name: &'static str, value: D) {
        self.bindings.push((name, NameBinding::Data(value)));
    }

    /// Binds `name` to a map of named fields.
    pub fn bind_fields(&mut self, name: &'static str, fields: FieldMap<'a, D>) {
        self.bindings.push((name, NameBinding::Fields(fields)));
    }

    /// Binds `name` to a value that was created before.
    pub fn bind_constant(&mut self, name: &'static str, value: &'a ConstantValue) {
        self.bindings.push((name, NameBinding::Constant(value)));
    }

    /// Binds `name` to the timestamp in `text`, which has the format of RFC 3339. The name stays
    /// undeclared if `text` is not a valid timestamp.
    pub fn bind_time(&mut self, name: &'static str, text: &'a str) {
        self.bindings.push((name, NameBinding::Time(text)));
    }
}

impl<'a, D: InputValue<'a>> VariableResolver for EvaluationScope<'a, D> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let (_, binding) = self.bindings.iter().find(|bound| bound.0 == name)?;
        Some(match binding {
            NameBinding::Data(value) => CowVal::Owned(box_borrowed(*value)),
            NameBinding::Fields(fields) => CowVal::Borrowed(fields),
            NameBinding::Constant(prepared) => CowVal::Borrowed(&*prepared.0),
            NameBinding::Time(text) => {
                let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
                CowVal::owned(CelTimestamp::from(time))
            }
        })
    }
}
