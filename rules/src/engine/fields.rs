//! A map with a fixed set of fields, some of which may be unknown: `resource`, `account`.

use super::tree::name_of;
use super::value::{Boxed, owned, part};
use crate::event::Part;
use crate::json::Node;
use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{self, CelString, Type};
use cel::common::value::{CowVal, Val};
use std::sync::atomic::{AtomicBool, Ordering};

/// A map with named fields; a field's value is made when it is read.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    known: Vec<(&'static str, Field<'a>)>,
    unknown: Option<(&'static str, &'a AtomicBool)>,
}

#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Text(&'a str),
    Node(Node<'a>),
    Empty,
}

impl<'a> Fields<'a> {
    /// Adds a text.
    #[must_use]
    pub fn text(self, name: &'static str, value: &'a str) -> Self {
        self.with(name, Field::Text(value))
    }

    /// Adds a JSON value; an empty map where there is none.
    #[must_use]
    pub fn node(self, name: &'static str, value: Option<Node<'a>>) -> Self {
        self.with(name, value.map_or(Field::Empty, Field::Node))
    }

    /// Names a field whose value nobody knows: reading it fails, and is noted in `read`.
    #[must_use]
    pub fn unknown(mut self, name: &'static str, read: &'a AtomicBool) -> Self {
        self.unknown = Some((name, read));
        self
    }

    fn with(mut self, name: &'static str, field: Field<'a>) -> Self {
        self.known.push((name, field));
        self
    }

    fn find(&self, name: &str) -> Option<Boxed<'a>> {
        let (_, field) = self.known.iter().find(|field| field.0 == name)?;
        Some(match field {
            Field::Text(text) => Box::new(CelString::from(*text)),
            Field::Node(node) => part(Part::State(*node)),
            Field::Empty => owned(&serde_json::Value::Object(serde_json::Map::new())),
        })
    }
}

impl Indexer for Fields<'_> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = name_of(index)?;
        if let Some((_, read)) = self.unknown.filter(|unknown| unknown.0 == name) {
            read.store(true, Ordering::Relaxed);
        }
        self.find(name).map(CowVal::Owned).ok_or_else(|| ExecutionError::no_such_key(name))
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Boxed<'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

impl Val for Fields<'_> {
    fn get_type(&self) -> &Type {
        &types::MAP_TYPE
    }
    fn cel_type() -> &'static Type {
        &types::MAP_TYPE
    }
    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
    fn clone_as_boxed<'v>(&self) -> Boxed<'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }
}
