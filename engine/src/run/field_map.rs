//! A map with a fixed set of fields, such as `resource` or `account`. The value of a field can be
//! unknown.

use super::input_value::InputValue;
use super::value::{BoxedValue, as_field_name, box_borrowed, box_json};
use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{self, CelString, Type};
use cel::common::value::{CowVal, Val};
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that records whether an expression has read a value. Several threads may read the value,
/// so the flag is thread-safe.
#[derive(Debug, Default)]
pub struct ReadFlag(AtomicBool);

impl ReadFlag {
    /// Records that the value was read.
    pub fn mark_read(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns whether the value was read.
    pub fn is_read(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A map with named fields. The value of a field is created when an expression reads it.
#[derive(Clone, Debug)]
pub struct FieldMap<'a, D> {
    known: Vec<(&'static str, FieldValue<'a, D>)>,
    unknown: Option<(&'static str, &'a ReadFlag)>,
}

#[derive(Clone, Copy, Debug)]
enum FieldValue<'a, D> {
    Text(&'a str),
    Data(D),
    Empty,
}

impl<D> Default for FieldMap<'_, D> {
    fn default() -> Self {
        FieldMap { known: Vec::new(), unknown: None }
    }
}

impl<'a, D: InputValue<'a>> FieldMap<'a, D> {
    /// Adds a field with a string value.
    #[must_use]
    pub fn with_text(self, name: &'static str, value: &'a str) -> Self {
        self.with_field(name, FieldValue::Text(value))
    }

    /// Adds a field with a value, or with an empty map if `value` is `None`.
    #[must_use]
    pub fn with_data(self, name: &'static str, value: Option<D>) -> Self {
        self.with_field(name, value.map_or(FieldValue::Empty, FieldValue::Data))
    }

    /// Adds a field whose value is unknown. Reading the field fails and sets `read`. A map has at
    /// most one unknown field; another call replaces it.
    #[must_use]
    pub fn with_unknown(mut self, name: &'static str, read: &'a ReadFlag) -> Self {
        self.unknown = Some((name, read));
        self
    }

    fn with_field(mut self, name: &'static str, field: FieldValue<'a, D>) -> Self {
        self.known.push((name, field));
        self
    }

    fn find_field(&self, name: &str) -> Option<BoxedValue<'a>> {
        let (_, field) = self.known.iter().find(|field| field.0 == name)?;
        Some(match field {
            FieldValue::Text(text) => Box::new(CelString::from(*text)),
            FieldValue::Data(value) => box_borrowed(*value),
            FieldValue::Empty => box_json(&serde_json::Value::Object(serde_json::Map::new())),
        })
    }
}

impl<'a, D: InputValue<'a>> Indexer for FieldMap<'a, D> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = as_field_name(index)?;
        if let Some((_, read)) = self.unknown.filter(|unknown| unknown.0 == name) {
            read.mark_read();
        }
        self.find_field(name).map(CowVal::Owned).ok_or_else(|| ExecutionError::no_such_key(name))
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<BoxedValue<'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

impl<'a, D: InputValue<'a>> Val for FieldMap<'a, D> {
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
    fn clone_as_boxed<'v>(&self) -> BoxedValue<'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }
}
