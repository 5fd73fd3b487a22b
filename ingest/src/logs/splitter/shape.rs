//! Which shape a document has, from the names at its beginning.

use crate::logs::member_scan::{MemberScan, Step};
use crate::payload::{BATCH_LISTS, BatchElements, is_record_member};

/// What the head of an object says about the whole.
pub(super) enum Shape {
    /// The object holds a list, whose first element may come at this offset.
    List(BatchElements, usize),
    /// The object should hold a list, and its value at this offset is none.
    NoList(usize),
    /// The object is to be looked at as a whole.
    Object,
    /// There is not enough of it.
    More,
}

/// Looks at names until one tells what the object is.
pub(super) fn shape(object: &[u8]) -> Shape {
    let mut members = MemberScan::new(object);
    loop {
        match members.next() {
            Step::Member(name, at) => {
                if let Some(list) = list_of(&name, at, object) {
                    return list;
                }
                if is_record_member(&name) {
                    return Shape::Object;
                }
            }
            Step::More => return Shape::More,
            Step::End(_) | Step::Broken => return Shape::Object,
        }
        match members.value() {
            Ok(_) => {}
            Err(Step::More) => return Shape::More,
            Err(_) => return Shape::Object,
        }
    }
}

/// The list that a member of a document is, if its name and its value say so.
pub(super) fn list_of(name: &[u8], at: usize, object: &[u8]) -> Option<Shape> {
    let list = BATCH_LISTS.iter().find(|list| list.name.as_bytes() == name)?;
    match (object.get(at), list.elements) {
        (Some(b'['), elements) => Some(Shape::List(elements, at.saturating_add(1))),
        (_, BatchElements::Records) => Some(Shape::NoList(at)),
        (_, BatchElements::Any | BatchElements::Of(_)) => None,
    }
}
