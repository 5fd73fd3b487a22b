//! A list or object of an event as the CEL engine sees it: borrowed, its parts made on first use.

use super::budget;
use super::value::{Boxed, part, to_json};
use crate::event::Part;
use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator as ValIterator, Sizer};
use cel::common::types::{self, CelInt, CelString, CelUInt, Type};
use cel::common::value::{CowVal, Val};
use std::borrow::Cow;
use std::sync::OnceLock;

/// The elements or keys that cost one unit to make.
const PARTS_PER_UNIT: usize = 16;

/// A list or object of an event.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    part: Part<'a>,
    list: bool,
    /// A list's elements, an object's keys.
    parts: OnceLock<Vec<Boxed<'a>>>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(part: Part<'a>, list: bool) -> Self {
        Tree { part, list, parts: OnceLock::new() }
    }

    fn parts(&self) -> &Vec<Boxed<'a>> {
        self.parts.get_or_init(|| {
            let parts: Vec<Boxed<'a>> = if self.list {
                self.part.values().into_iter().map(part).collect()
            } else {
                self.part.keys().into_iter().map(key).collect()
            };
            budget::note(parts.len().saturating_div(PARTS_PER_UNIT));
            parts
        })
    }

    fn field(&self, name: &str) -> Option<Boxed<'a>> {
        self.part.get(name).map(part)
    }
}

fn key(name: Cow<'_, str>) -> Boxed<'_> {
    match name {
        Cow::Borrowed(name) => Box::new(CelString::from(name)),
        Cow::Owned(name) => Box::new(CelString::from(name)),
    }
}

pub(super) fn name_of(index: &dyn Val) -> Result<&str, ExecutionError> {
    index.downcast_ref::<CelString<'_>>().map(CelString::inner).ok_or_else(|| {
        ExecutionError::UnexpectedType {
            got: index.get_type().name().to_owned(),
            want: "string".to_owned(),
        }
    })
}

/// The position that `index` names in a list of `length` elements.
fn position(index: &dyn Val, length: usize) -> Result<usize, ExecutionError> {
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

impl Indexer for Tree<'_> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if self.list {
            let parts = self.parts();
            let found = parts.get(position(index, parts.len())?);
            return found
                .map(|value| CowVal::Borrowed(&**value))
                .ok_or_else(|| ExecutionError::no_such_key("index"));
        }
        let name = name_of(index)?;
        self.field(name).map(CowVal::Owned).ok_or_else(|| ExecutionError::no_such_key(name))
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Boxed<'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

struct Each<'b, 'a>(std::slice::Iter<'b, Boxed<'a>>);

impl<'b, 'a: 'v, 'v> ValIterator<'b, 'v> for Each<'b, 'a> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next().map(|value| &**value as &(dyn Val + 'v))
    }
}

impl Iterable for Tree<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn ValIterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Each(self.parts().iter()))
    }
}

impl Sizer for Tree<'_> {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.parts().len()).unwrap_or(i64::MAX))
    }
}

impl Container for Tree<'_> {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        if self.list {
            return Ok(self.parts().iter().any(|part| part.equals(value)));
        }
        Ok(name_of(value).is_ok_and(|name| self.part.get(name).is_some()))
    }
}

impl Val for Tree<'_> {
    fn get_type(&self) -> &Type {
        if self.list { &types::LIST_TYPE } else { &types::MAP_TYPE }
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
    fn clone_as_boxed<'v>(&self) -> Boxed<'v>
    where
        Self: 'v,
    {
        Box::new(Tree::new(self.part, self.list))
    }
}
