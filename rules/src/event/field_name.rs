//! Compares field names without regard to the case of the first letter.

use crate::json::JsonNode;
use std::borrow::Cow;

/// Returns the member whose name equals `name` after its first letter is converted to lower case.
pub(super) fn find_lowered_member<'a>(node: JsonNode<'a>, name: &str) -> Option<JsonNode<'a>> {
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return None;
    }
    node.object_members().find(|member| is_capitalized_form(&member.member_name(), name))
}

/// Returns whether `written` is `name` with an upper-case first letter.
fn is_capitalized_form(written: &str, name: &str) -> bool {
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

/// Converts the first letter of a name to lower case.
pub(super) fn lower_first_letter(name: Cow<'_, str>) -> Cow<'_, str> {
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
