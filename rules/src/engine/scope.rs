//! The names an expression can use, bound to one event's values.

use super::fields::Fields;
use super::value::{Boxed, owned, part};
use crate::event::Part;
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
enum Binding<'a> {
    Part(Part<'a>),
    Fields(Fields<'a>),
    Prepared(&'a Prepared),
    Time(&'a str),
}

/// Names bound to values that borrow from an event; a value is made when its name is used.
#[derive(Debug, Default)]
pub struct Scope<'a> {
    bindings: Vec<(&'static str, Binding<'a>)>,
}

impl<'a> Scope<'a> {
    /// Binds `name` to a value of the event.
    pub fn bind(&mut self, name: &'static str, value: Part<'a>) {
        self.bindings.push((name, Binding::Part(value)));
    }

    /// Binds `name` to a map of named fields.
    pub fn bind_fields(&mut self, name: &'static str, fields: Fields<'a>) {
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

impl VariableResolver for Scope<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let (_, binding) = self.bindings.iter().find(|bound| bound.0 == name)?;
        Some(match binding {
            Binding::Part(value) => CowVal::Owned(part(*value)),
            Binding::Fields(fields) => CowVal::Borrowed(fields),
            Binding::Prepared(prepared) => CowVal::Borrowed(&*prepared.0),
            Binding::Time(text) => {
                let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
                CowVal::owned(CelTimestamp::from(time))
            }
        })
    }
}
