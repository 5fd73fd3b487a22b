//! Names of fields that differ in the case of their first letter.

use crate::json::Node;
use std::borrow::Cow;

/// The member whose name is `name` once its first letter is lowered.
pub(super) fn lowered_member<'a>(node: Node<'a>, name: &str) -> Option<Node<'a>> {
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return None;
    }
    node.members().find(|member| same_but_first(&member.key(), name))
}

/// Whether `written` is `name` with an upper-case first letter.
fn same_but_first(written: &str, name: &str) -> bool {
    let (mut written, mut name) = (written.chars(), name.chars());
    match (written.next(), name.next()) {
        (Some(a), Some(b)) => {
            a.is_ascii_uppercase()
                && a.to_ascii_lowercase() == b
                && written.as_str() == name.as_str()
        }
        _ => false,
    }
}

/// A name with its first letter lowered.
pub(super) fn lower_first(name: Cow<'_, str>) -> Cow<'_, str> {
    match name.chars().next() {
        Some(first) if first.is_ascii_uppercase() => {
            let mut lowered = name.into_owned();
            if let Some(head) = lowered.get_mut(..1) {
                head.make_ascii_lowercase();
            }
            Cow::Owned(lowered)
        }
        _ => name,
    }
}
