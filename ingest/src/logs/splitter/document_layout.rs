//! Which shape a document has, from the names at its beginning.

use crate::logs::member_scan::{MemberScan, MemberStep};
use crate::payload::{BATCH_LISTS, BatchElements, is_record_member};

/// What the head of an object says about the whole.
pub(super) enum DocumentLayout {
    /// The object holds a list, whose first element may come at this offset.
    List(BatchElements, usize),
    /// The object should hold a list, and its value at this offset is none.
    NoList(usize),
    /// The object is to be looked at as a whole.
    Object,
    /// There is not enough of it.
    NeedsMore,
}

/// Looks at names until one tells what the object is.
pub(super) fn detect_layout(object: &[u8]) -> DocumentLayout {
    let mut members = MemberScan::new(object);
    loop {
        match members.next_member() {
            MemberStep::Member(name, at) => {
                if let Some(list) = find_batch_list(&name, at, object) {
                    return list;
                }
                if is_record_member(&name) {
                    return DocumentLayout::Object;
                }
            }
            MemberStep::NeedsMore => return DocumentLayout::NeedsMore,
            MemberStep::End(_) | MemberStep::Malformed => return DocumentLayout::Object,
        }
        match members.read_value() {
            Ok(_) => {}
            Err(MemberStep::NeedsMore) => return DocumentLayout::NeedsMore,
            Err(_) => return DocumentLayout::Object,
        }
    }
}

/// The list that a member of a document is, if its name and its value say so.
pub(super) fn find_batch_list(name: &[u8], at: usize, object: &[u8]) -> Option<DocumentLayout> {
    let list = BATCH_LISTS.iter().find(|list| list.name.as_bytes() == name)?;
    match (object.get(at), list.elements) {
        (Some(b'['), elements) => Some(DocumentLayout::List(elements, at.saturating_add(1))),
        (_, BatchElements::Records) => Some(DocumentLayout::NoList(at)),
        (_, BatchElements::Any | BatchElements::KnownFormat(_)) => None,
    }
}
