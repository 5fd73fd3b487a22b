//! Which shape a document has, from the names at its beginning.

use super::content::is_record_name;
use super::list::Elements;
use crate::members::{Members, Step};

/// What the head of an object says about the whole.
pub(super) enum Shape {
    /// The object holds a list, whose first element may come at this offset.
    List(Elements, usize),
    /// The object should hold a list, and its value at this offset is none.
    NoList(usize),
    /// The object is a record.
    Record,
    /// The object must be judged as a whole.
    Whole,
    /// There is not enough of it.
    More,
}

/// Looks at names until one tells what the object is.
pub(super) fn shape(object: &[u8]) -> Shape {
    let mut members = Members::new(object);
    loop {
        match members.next() {
            Step::Member(name, at) => {
                if let Some(list) = list_of(&name, at, object) {
                    return list;
                }
                if is_record_name(&name) {
                    return record(&name, object.get(at..).unwrap_or_default());
                }
            }
            Step::More => return Shape::More,
            Step::End(_) | Step::Broken => return Shape::Whole,
        }
        match members.value() {
            Ok(_) => {}
            Err(Step::More) => return Shape::More,
            Err(_) => return Shape::Whole,
        }
    }
}

/// What an object is whose member `name` every record may have: elements of Lambda's batches have it too,
/// with other values.
fn record(name: &[u8], value: &[u8]) -> Shape {
    const LONGEST: usize = 5;
    let foreign: &[u8] = match name {
        b"eventSource" => b"\"aws:",
        b"eventVersion" => b"\"2.",
        _ => return Shape::Record,
    };
    match value.starts_with(foreign) {
        true => Shape::Whole,
        false if value.len() < LONGEST => Shape::More,
        false => Shape::Record,
    }
}

/// The list that a member of a document is, if its name and its value say so.
pub(super) fn list_of(name: &[u8], at: usize, object: &[u8]) -> Option<Shape> {
    let is_list = object.get(at) == Some(&b'[');
    let elements = match name {
        b"Records" if !is_list => return Some(Shape::NoList(at)),
        b"Records" => Elements::Records,
        b"Events" if is_list => Elements::Objects,
        b"configurationItems" | b"baseConfigurationItems" if is_list => Elements::ConfigItems,
        _ => return None,
    };
    Some(Shape::List(elements, at.saturating_add(1)))
}
