//! Detects the layout of a document from its first member names.

use crate::logs::member_scan::{MemberScan, MemberStep};
use crate::payload::{BATCH_LISTS, BatchElements, is_record_member};

/// The layout of a document, according to its beginning.
pub(super) enum DocumentLayout {
    /// The object contains a list. The content of the list begins at this offset.
    List(BatchElements, usize),
    /// The object must contain a list, but the value at this offset is not a list.
    NoList(usize),
    /// The object must be examined as a whole.
    Object,
    /// The layout cannot be detected without more input.
    NeedsMore,
}

/// Reads member names until one of them determines the layout.
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

/// Returns the list layout of a member, if its name and its value identify a list.
pub(super) fn find_batch_list(name: &[u8], at: usize, object: &[u8]) -> Option<DocumentLayout> {
    let list = BATCH_LISTS.iter().find(|list| list.name.as_bytes() == name)?;
    match (object.get(at), list.elements) {
        (Some(b'['), elements) => Some(DocumentLayout::List(elements, at.saturating_add(1))),
        (_, BatchElements::Records) => Some(DocumentLayout::NoList(at)),
        (_, BatchElements::Any | BatchElements::KnownFormat(_)) => None,
    }
}
