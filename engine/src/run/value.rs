//! Converts values of events and JSON to values of the crate `cel`, and results of expressions to
//! JSON.

use super::budget;
use super::input_value::{InputValue, ValueKind};
use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator as ValIterator, Sizer};
use cel::common::types::{
    self, CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelMapKey, CelNull,
    CelOptional, CelString, CelTimestamp, CelType, CelUInt, Type,
};
use cel::common::value::{CowVal, Val};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::OnceLock;

/// A value of the crate `cel`.
pub(crate) type BoxedValue<'a> = Box<dyn Val + 'a>;

/// The result of an evaluated expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionValue {
    /// A boolean.
    Bool(bool),
    /// A list.
    List(Vec<Value>),
    /// A string.
    Text(String),
    /// A value of another type, with the name of that type.
    Other(Value, String),
}

impl ExpressionValue {
    pub(super) fn from_value(value: &dyn Val) -> ExpressionValue {
        match to_json(value) {
            Value::Bool(truth) => ExpressionValue::Bool(truth),
            Value::Array(list) => ExpressionValue::List(list),
            Value::String(text) if *value.get_type() == types::STRING_TYPE => {
                ExpressionValue::Text(text)
            }
            other => ExpressionValue::Other(other, value.get_type().name().to_owned()),
        }
    }
}

/// Converts a borrowed value. Scalars are converted immediately. Lists and maps are read in place.
pub(super) fn box_borrowed<'a, D: InputValue<'a>>(data: D) -> BoxedValue<'a> {
    match data.value_kind() {
        ValueKind::Null => Box::new(CelNull),
        ValueKind::Bool(truth) => Box::new(CelBool::from(truth)),
        ValueKind::Int(int) => Box::new(CelInt::from(int)),
        ValueKind::Double(double) => Box::new(CelDouble::from(double)),
        ValueKind::Text(text) => self::box_text(text),
        ValueKind::List => Box::new(BorrowedCollection::new(data, true)),
        ValueKind::Map => Box::new(BorrowedCollection::new(data, false)),
    }
}

fn box_text(text: Cow<'_, str>) -> BoxedValue<'_> {
    match text {
        Cow::Borrowed(text) => Box::new(CelString::from(text)),
        Cow::Owned(text) => Box::new(CelString::from(text)),
    }
}

/// Converts an owned JSON value, such as the default of a parameter.
pub(crate) fn box_json(value: &Value) -> BoxedValue<'static> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(truth) => Box::new(CelBool::from(*truth)),
        Value::Number(number) => match number.as_i64() {
            Some(int) => Box::new(CelInt::from(int)),
            None => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => Box::new(CelString::from(text.clone())),
        Value::Array(list) => {
            Box::new(CelList::from(list.iter().map(box_json).collect::<Vec<_>>()))
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(k, v)| (CelMapKey::from(k.clone()), box_json(v)));
            #[expect(clippy::disallowed_types, reason = "required by cel; `@walk` sorts the keys")]
            let map = entries.collect::<std::collections::HashMap<_, _>>();
            Box::new(CelMap::from(map))
        }
    }
}

/// Converts a value to JSON. The keys of a map are sorted, or keep the order of the borrowed map.
pub(super) fn to_json(value: &dyn Val) -> Value {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return text.inner().into();
    }
    if let Some(truth) = value.downcast_ref::<CelBool>() {
        return (*truth.inner()).into();
    }
    if let Some(int) = value.downcast_ref::<CelInt>() {
        return (*int.inner()).into();
    }
    if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        let mut keys: Vec<_> = map.inner().iter().collect();
        keys.sort_by(|a, b| a.0.cmp(b.0));
        let entry = |(k, v): (&CelMapKey<'_>, &BoxedValue<'_>)| {
            (plain_text(&to_json(k.inner())), to_json(&**v))
        };
        return Value::Object(keys.into_iter().map(entry).collect());
    }
    if let Some(inner) = value.downcast_ref::<CelOptional<'_>>() {
        return inner.option().map_or(Value::Null, to_json);
    }
    collection_to_json(value).unwrap_or_else(|| scalar_to_json(value))
}

fn collection_to_json(value: &dyn Val) -> Option<Value> {
    let mut parts = value.as_iterable()?.iter();
    if *value.get_type() == types::MAP_TYPE {
        let (fields, mut map) = (value.as_indexer()?, serde_json::Map::new());
        while let Some(key) = parts.next() {
            let field = fields.get(key).map_or(Value::Null, |field| to_json(&*field));
            map.insert(plain_text(&to_json(key)), field);
        }
        return Some(Value::Object(map));
    }
    let mut list = Vec::new();
    while let Some(element) = parts.next() {
        list.push(to_json(element));
    }
    Some(Value::Array(list))
}

fn scalar_to_json(value: &dyn Val) -> Value {
    if let Some(double) = value.downcast_ref::<CelDouble>() {
        let double = *double.inner();
        return serde_json::Number::from_f64(double)
            .map_or_else(|| double.to_string().into(), Value::Number);
    }
    if let Some(int) = value.downcast_ref::<CelUInt>() {
        return (*int.inner()).into();
    }
    if let Some(time) = value.downcast_ref::<CelTimestamp>() {
        return time.inner().to_rfc3339().into();
    }
    if let Some(duration) = value.downcast_ref::<CelDuration>() {
        return format!("{}s", duration.inner().as_seconds_f64()).into();
    }
    if let Some(bytes) = value.downcast_ref::<CelBytes<'_>>() {
        return String::from_utf8_lossy(bytes.inner()).into();
    }
    if let Some(named) = value.downcast_ref::<CelType>() {
        return named.name().into();
    }
    if value.downcast_ref::<CelNull>().is_some() {
        return Value::Null;
    }
    format!("<{}>", value.get_type().name()).into()
}

/// Returns a value as it appears in a sentence: a string without quotes, any other value as JSON.
pub(super) fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The number of elements or keys whose creation costs one unit of the budget.
const PARTS_PER_UNIT: usize = 16;

/// A borrowed list or map. Its parts are created on first use.
#[derive(Debug)]
struct BorrowedCollection<'a, D> {
    data: D,
    is_list: bool,
    /// The elements of a list, or the keys of a map.
    parts: OnceLock<Vec<BoxedValue<'a>>>,
}

impl<'a, D: InputValue<'a>> BorrowedCollection<'a, D> {
    fn new(data: D, list: bool) -> Self {
        BorrowedCollection { data, is_list: list, parts: OnceLock::new() }
    }

    fn load_parts(&self) -> &Vec<BoxedValue<'a>> {
        self.parts.get_or_init(|| {
            let parts: Vec<BoxedValue<'a>> = if self.is_list {
                self.data.list_elements().into_iter().map(box_borrowed).collect()
            } else {
                self.data.field_names().into_iter().map(box_text).collect()
            };
            budget::record_cost(parts.len().saturating_div(PARTS_PER_UNIT));
            parts
        })
    }

    fn find_field(&self, name: &str) -> Option<BoxedValue<'a>> {
        self.data.get_field(name).map(box_borrowed)
    }
}

pub(super) fn as_field_name(index: &dyn Val) -> Result<&str, ExecutionError> {
    index.downcast_ref::<CelString<'_>>().map(CelString::inner).ok_or_else(|| {
        ExecutionError::UnexpectedType {
            got: index.get_type().name().to_owned(),
            want: "string".to_owned(),
        }
    })
}

/// Returns the position of `index` in a list of `length` elements.
fn list_position(index: &dyn Val, length: usize) -> Result<usize, ExecutionError> {
    let number = if let Some(int) = index.downcast_ref::<CelInt>() {
        Some(i128::from(*int.inner()))
    } else {
        index.downcast_ref::<CelUInt>().map(|int| i128::from(*int.inner()))
    };
    let wrong = || ExecutionError::UnexpectedType {
        got: index.get_type().name().to_owned(),
        want: "int".to_owned(),
    };
    let number = number.ok_or_else(wrong)?;
    usize::try_from(number).ok().filter(|at| *at < length).ok_or_else(|| {
        ExecutionError::IndexOutOfBounds(i64::try_from(number).unwrap_or(i64::MAX).into())
    })
}

impl<'a, D: InputValue<'a>> Indexer for BorrowedCollection<'a, D> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if self.is_list {
            let parts = self.load_parts();
            let found = parts.get(list_position(index, parts.len())?);
            return found
                .map(|value| CowVal::Borrowed(&**value))
                .ok_or_else(|| ExecutionError::no_such_key("index"));
        }
        let name = as_field_name(index)?;
        self.find_field(name).map(CowVal::Owned).ok_or_else(|| ExecutionError::no_such_key(name))
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<BoxedValue<'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

struct CollectionIterator<'b, 'a>(std::slice::Iter<'b, BoxedValue<'a>>);

impl<'b, 'a: 'v, 'v> ValIterator<'b, 'v> for CollectionIterator<'b, 'a> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next().map(|value| &**value as &(dyn Val + 'v))
    }
}

impl<'a, D: InputValue<'a>> Iterable for BorrowedCollection<'a, D> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn ValIterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(CollectionIterator(self.load_parts().iter()))
    }
}

impl<'a, D: InputValue<'a>> Sizer for BorrowedCollection<'a, D> {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.load_parts().len()).unwrap_or(i64::MAX))
    }
}

impl<'a, D: InputValue<'a>> Container for BorrowedCollection<'a, D> {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        if self.is_list {
            return Ok(self.load_parts().iter().any(|part| part.equals(value)));
        }
        Ok(as_field_name(value).is_ok_and(|name| self.data.get_field(name).is_some()))
    }
}

impl<'a, D: InputValue<'a>> Val for BorrowedCollection<'a, D> {
    fn get_type(&self) -> &Type {
        if self.is_list { &types::LIST_TYPE } else { &types::MAP_TYPE }
    }
    fn cel_type() -> &'static Type {
        &types::DYN_TYPE
    }
    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }
    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }
    fn equals(&self, other: &dyn Val) -> bool {
        other.get_type() == self.get_type()
            && other.as_sizer().is_none_or(|other| other.size().inner() == self.size().inner())
            && to_json(self) == to_json(other)
    }
    fn clone_as_boxed<'v>(&self) -> BoxedValue<'v>
    where
        Self: 'v,
    {
        Box::new(BorrowedCollection::new(self.data, self.is_list))
    }
}
