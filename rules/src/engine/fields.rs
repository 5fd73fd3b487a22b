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

/// A map with named fields.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    known: Vec<(&'static str, Boxed<'a>)>,
    unknown: Option<(&'static str, &'a AtomicBool)>,
}

impl<'a> Fields<'a> {
    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: &'a str) -> Self {
        self.known.push((name, Box::new(CelString::from(value))));
        self
    }

    /// Adds a JSON value.
    #[must_use]
    pub fn node(mut self, name: &'static str, value: Node<'a>) -> Self {
        self.known.push((name, part(Part::Raw(value))));
        self
    }

    /// Adds an empty map.
    #[must_use]
    pub fn empty(mut self, name: &'static str) -> Self {
        self.known.push((name, owned(&serde_json::Value::Object(serde_json::Map::new()))));
        self
    }

    /// Names a field whose value nobody knows: reading it fails, and is noted in `read`.
    #[must_use]
    pub fn unknown(mut self, name: &'static str, read: &'a AtomicBool) -> Self {
        self.unknown = Some((name, read));
        self
    }

    fn find(&self, name: &str) -> Option<&(dyn Val + 'a)> {
        self.known.iter().find(|field| field.0 == name).map(|field| &*field.1)
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
        self.find(name).map(CowVal::Borrowed).ok_or_else(|| ExecutionError::no_such_key(name))
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
