//! A map with a fixed set of fields, some of which may be unknown: `resource`, `account`.

use super::data::Data;
use super::value::{Boxed, borrowed, name_of, owned};
use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{self, CelString, Type};
use cel::common::value::{CowVal, Val};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether an expression has read something. Values may be read from several threads, and so may this.
#[derive(Debug, Default)]
pub struct ReadFlag(AtomicBool);

impl ReadFlag {
    /// Notes that it was read.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was read.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A map with named fields; a field's value is made when it is read.
#[derive(Clone, Debug)]
pub struct Fields<'a, D> {
    known: Vec<(&'static str, Field<'a, D>)>,
    unknown: Option<(&'static str, &'a ReadFlag)>,
}

#[derive(Clone, Copy, Debug)]
enum Field<'a, D> {
    Text(&'a str),
    Data(D),
    Empty,
}

impl<D> Default for Fields<'_, D> {
    fn default() -> Self {
        Fields { known: Vec::new(), unknown: None }
    }
}

impl<'a, D: Data<'a>> Fields<'a, D> {
    /// Adds a text.
    #[must_use]
    pub fn text(self, name: &'static str, value: &'a str) -> Self {
        self.with(name, Field::Text(value))
    }

    /// Adds a value; an empty map where there is none.
    #[must_use]
    pub fn data(self, name: &'static str, value: Option<D>) -> Self {
        self.with(name, value.map_or(Field::Empty, Field::Data))
    }

    /// Names a field whose value nobody knows: reading it fails, and is noted in `read`.
    #[must_use]
    pub fn unknown(mut self, name: &'static str, read: &'a ReadFlag) -> Self {
        self.unknown = Some((name, read));
        self
    }

    fn with(mut self, name: &'static str, field: Field<'a, D>) -> Self {
        self.known.push((name, field));
        self
    }

    fn find(&self, name: &str) -> Option<Boxed<'a>> {
        let (_, field) = self.known.iter().find(|field| field.0 == name)?;
        Some(match field {
            Field::Text(text) => Box::new(CelString::from(*text)),
            Field::Data(value) => borrowed(*value),
            Field::Empty => owned(&serde_json::Value::Object(serde_json::Map::new())),
        })
    }
}

impl<'a, D: Data<'a>> Indexer for Fields<'a, D> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = name_of(index)?;
        if let Some((_, read)) = self.unknown.filter(|unknown| unknown.0 == name) {
            read.set();
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

impl<'a, D: Data<'a>> Val for Fields<'a, D> {
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
