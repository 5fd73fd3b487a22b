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
    Owned(Boxed<'a>),
    Borrowed(&'a Prepared),
}

/// Names bound to values that borrow from an event.
#[derive(Debug, Default)]
pub struct Scope<'a> {
    bindings: Vec<(&'static str, Binding<'a>)>,
}

impl<'a> Scope<'a> {
    /// Binds `name` to a value of the event.
    pub fn bind(&mut self, name: &'static str, value: Part<'a>) {
        self.set(name, Binding::Owned(part(value)));
    }

    /// Binds `name` to a map of named fields.
    pub fn bind_fields(&mut self, name: &'static str, fields: Fields<'a>) {
        self.set(name, Binding::Owned(Box::new(fields)));
    }

    /// Binds `name` to a value made before.
    pub fn bind_prepared(&mut self, name: &'static str, value: &'a Prepared) {
        self.set(name, Binding::Borrowed(value));
    }

    /// Binds `name` to the time that RFC 3339 text tells; to nothing where it tells none.
    pub fn bind_time(&mut self, name: &'static str, text: &str) {
        if let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) {
            self.set(name, Binding::Owned(Box::new(CelTimestamp::from(time))));
        }
    }

    fn set(&mut self, name: &'static str, binding: Binding<'a>) {
        match self.bindings.iter_mut().find(|bound| bound.0 == name) {
            Some(bound) => bound.1 = binding,
            None => self.bindings.push((name, binding)),
        }
    }
}

impl VariableResolver for Scope<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let (_, binding) = self.bindings.iter().find(|bound| bound.0 == name)?;
        Some(match binding {
            Binding::Owned(value) => CowVal::Borrowed(&**value),
            Binding::Borrowed(prepared) => CowVal::Borrowed(&*prepared.0),
        })
    }
}
