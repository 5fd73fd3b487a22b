//! The names an expression can use, bound to values.

use super::data::Data;
use super::fields::Fields;
use super::value::{Boxed, borrowed, owned};
use cel::common::types::CelTimestamp;
use cel::common::value::CowVal;
use cel::context::VariableResolver;

/// A value made once and bound many times, such as a policy's parameters.
#[derive(Clone, Debug)]
pub struct Prepared(Boxed<'static>);

impl Prepared {
    /// Makes a value of JSON.
    pub fn new(value: &serde_json::Value) -> Self {
        Prepared(owned(value))
    }
}

#[derive(Debug)]
enum Binding<'a, D> {
    Data(D),
    Fields(Fields<'a, D>),
    Prepared(&'a Prepared),
    Time(&'a str),
}

/// Names bound to values that are borrowed; a value is made when its name is used.
#[derive(Debug)]
pub struct Scope<'a, D = &'a serde_json::Value> {
    bindings: Vec<(&'static str, Binding<'a, D>)>,
}

impl<D> Default for Scope<'_, D> {
    fn default() -> Self {
        Scope { bindings: Vec::new() }
    }
}

impl<'a, D: Data<'a>> Scope<'a, D> {
    /// Binds `name` to a value.
    pub fn bind(&mut self, name: &'static str, value: D) {
        self.bindings.push((name, Binding::Data(value)));
    }

    /// Binds `name` to a map of named fields.
    pub fn bind_fields(&mut self, name: &'static str, fields: Fields<'a, D>) {
        self.bindings.push((name, Binding::Fields(fields)));
    }

    /// Binds `name` to a value made before.
    pub fn bind_prepared(&mut self, name: &'static str, value: &'a Prepared) {
        self.bindings.push((name, Binding::Prepared(value)));
    }

    /// Binds `name` to the time that RFC 3339 text tells; to nothing where it tells none.
    pub fn bind_time(&mut self, name: &'static str, text: &'a str) {
        self.bindings.push((name, Binding::Time(text)));
    }
}

impl<'a, D: Data<'a>> VariableResolver for Scope<'a, D> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let (_, binding) = self.bindings.iter().find(|bound| bound.0 == name)?;
        Some(match binding {
            Binding::Data(value) => CowVal::Owned(borrowed(*value)),
            Binding::Fields(fields) => CowVal::Borrowed(fields),
            Binding::Prepared(prepared) => CowVal::Borrowed(&*prepared.0),
            Binding::Time(text) => {
                let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
                CowVal::owned(CelTimestamp::from(time))
            }
        })
    }
}
