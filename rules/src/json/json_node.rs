//! A handle to one value of a parsed JSON text.

use super::json_string::decode_string;
use super::tape_entry::{JsonKind, TapeEntry};
use std::borrow::Cow;

/// One value of a text that a [`JsonTape`](super::JsonTape) parsed. Copying the handle is cheap.
#[derive(Clone, Copy)]
pub struct JsonNode<'a> {
    text: &'a str,
    entries: &'a [TapeEntry],
    entry: &'a TapeEntry,
    index: u32,
}

/// The entry of [`JsonNode::null_node`] and of the root of an empty tape.
static NULL_ENTRY: TapeEntry =
    TapeEntry { kind: JsonKind::Null, escaped_key: false, key: (0, 0), span: (0, 0), next: 0 };

impl std::fmt::Debug for JsonNode<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.raw_text())
    }
}

impl<'a> JsonNode<'a> {
    pub(super) fn root_node(text: &'a str, entries: &'a [TapeEntry]) -> Self {
        JsonNode { text, entries, entry: entries.first().unwrap_or(&NULL_ENTRY), index: 0 }
    }

    /// Returns a `null` that does not belong to a parsed text.
    pub fn null_node() -> JsonNode<'static> {
        JsonNode { text: "null", entries: &[], entry: &NULL_ENTRY, index: 0 }
    }

    /// Returns the type of the value.
    pub fn value_kind(self) -> JsonKind {
        self.entry.kind
    }

    /// Returns whether the value is `null`.
    pub fn is_null(self) -> bool {
        self.value_kind() == JsonKind::Null
    }

    fn text_slice(self, span: (u32, u32)) -> &'a str {
        self.text.get(span.0 as usize..span.1 as usize).unwrap_or_default()
    }

    /// Returns the value as it is written in the text. A string is returned without its quotes and
    /// with its escapes.
    pub fn raw_text(self) -> &'a str {
        self.text_slice(self.entry.span)
    }

    /// Returns the text of a string with its escapes resolved, or `None` for any other type.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        match self.value_kind() {
            JsonKind::Text => Some(Cow::Borrowed(self.raw_text())),
            JsonKind::EscapedText => Some(decode_string(self.raw_text())),
            JsonKind::Null
            | JsonKind::True
            | JsonKind::False
            | JsonKind::Number
            | JsonKind::List
            | JsonKind::Object => None,
        }
    }

    /// Returns a boolean, or `None` for any other type.
    pub fn as_bool(self) -> Option<bool> {
        match self.value_kind() {
            JsonKind::True => Some(true),
            JsonKind::False => Some(false),
            JsonKind::Null
            | JsonKind::Number
            | JsonKind::Text
            | JsonKind::EscapedText
            | JsonKind::List
            | JsonKind::Object => None,
        }
    }

    /// Returns the name of the member if the value is a member of an object, and otherwise an empty
    /// string.
    pub fn member_name(self) -> Cow<'a, str> {
        let raw = self.text_slice(self.entry.key);
        if self.entry.escaped_key { decode_string(raw) } else { Cow::Borrowed(raw) }
    }

    /// Returns the members of an object in the order of the text. The iterator is empty for any
    /// other type.
    pub fn object_members(self) -> ObjectMembers<'a> {
        ObjectMembers(self.child_nodes(JsonKind::Object))
    }

    /// Returns the elements of a list. The iterator is empty for any other type.
    pub fn list_elements(self) -> ListElements<'a> {
        ListElements(self.child_nodes(JsonKind::List))
    }

    fn child_nodes(self, kind: JsonKind) -> ChildNodes<'a> {
        let first = self.index.saturating_add(1);
        let end = if self.value_kind() == kind { self.entry.next } else { first };
        ChildNodes { parent: self, next_index: first, end }
    }

    /// Returns the member `name` of an object. If the object has the name several times, the last
    /// member is returned, as in most JSON parsers.
    pub fn get_member(self, name: &str) -> Option<JsonNode<'a>> {
        self.object_members().filter(|member| member.has_name(name)).last()
    }

    /// Returns whether the value is a member with this name.
    pub fn has_name(self, name: &str) -> bool {
        if self.entry.escaped_key {
            return self.member_name() == name;
        }
        let (start, end) = (self.entry.key.0 as usize, self.entry.key.1 as usize);
        // This comparison runs for each member of each record. It compares the lengths first,
        // because they differ for most names, and bytes, because they need no check for character
        // boundaries.
        end.checked_sub(start) == Some(name.len())
            && self.text.as_bytes().get(start..end) == Some(name.as_bytes())
    }

    /// Returns the member at a path of member names.
    pub fn get_path(self, path: &[&str]) -> Option<JsonNode<'a>> {
        path.iter().try_fold(self, |node, name| node.get_member(name))
    }

    /// Returns the value as canonical text, which depends neither on the order of members nor on
    /// the escapes in strings.
    pub fn to_canonical_text(self) -> String {
        let mut out = String::new();
        self.write_canonical(&mut out);
        out
    }

    fn write_canonical(self, out: &mut String) {
        match self.value_kind() {
            JsonKind::Null | JsonKind::True | JsonKind::False | JsonKind::Number => {
                out.push_str(self.raw_text());
            }
            JsonKind::Text | JsonKind::EscapedText => {
                write_quoted(&self.as_str().unwrap_or_default(), out);
            }
            JsonKind::List => {
                out.push('[');
                for value in self.list_elements() {
                    value.write_canonical(out);
                    out.push(',');
                }
                out.push(']');
            }
            JsonKind::Object => {
                let mut members: Vec<_> =
                    self.object_members().map(|it| (it.member_name(), it)).collect();
                members.sort_by(|one, other| one.0.cmp(&other.0));
                out.push('{');
                for (name, member) in members {
                    write_quoted(&name, out);
                    out.push(':');
                    member.write_canonical(out);
                    out.push(',');
                }
                out.push('}');
            }
        }
    }

    /// Copies the value into a [`serde_json::Value`].
    pub fn to_value(self) -> serde_json::Value {
        use serde_json::Value;
        match self.value_kind() {
            JsonKind::Null => Value::Null,
            JsonKind::True => Value::Bool(true),
            JsonKind::False => Value::Bool(false),
            JsonKind::Number => parse_number(self.raw_text()),
            JsonKind::Text | JsonKind::EscapedText => {
                Value::String(self.as_str().unwrap_or_default().into_owned())
            }
            JsonKind::List => Value::Array(self.list_elements().map(JsonNode::to_value).collect()),
            JsonKind::Object => Value::Object(
                self.object_members()
                    .map(|m| (m.member_name().into_owned(), m.to_value()))
                    .collect(),
            ),
        }
    }
}

/// Appends `text` between quotes. A backslash precedes each quote and each backslash in `text`.
fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// Parses a number: a 64-bit integer, or else the nearest double. A number outside the range of a
/// double is returned as a string.
fn parse_number(raw: &str) -> serde_json::Value {
    if let Ok(int) = raw.parse::<i64>() {
        return int.into();
    }
    let double = raw.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    double.map_or_else(|| raw.into(), Into::into)
}

#[derive(Clone, Debug)]
struct ChildNodes<'a> {
    parent: JsonNode<'a>,
    next_index: u32,
    end: u32,
}

impl<'a> Iterator for ChildNodes<'a> {
    type Item = JsonNode<'a>;
    fn next(&mut self) -> Option<JsonNode<'a>> {
        if self.next_index >= self.end {
            return None;
        }
        let entry = self.parent.entries.get(self.next_index as usize)?;
        let node = JsonNode { entry, index: self.next_index, ..self.parent };
        self.next_index = entry.next;
        Some(node)
    }
}

/// An iterator over the members of an object. Each item has a [name](JsonNode::member_name).
#[derive(Clone, Debug)]
pub struct ObjectMembers<'a>(ChildNodes<'a>);

impl<'a> Iterator for ObjectMembers<'a> {
    type Item = JsonNode<'a>;
    fn next(&mut self) -> Option<JsonNode<'a>> {
        self.0.next()
    }
}

/// An iterator over the elements of a list.
#[derive(Clone, Debug)]
pub struct ListElements<'a>(ChildNodes<'a>);

impl<'a> Iterator for ListElements<'a> {
    type Item = JsonNode<'a>;
    fn next(&mut self) -> Option<JsonNode<'a>> {
        self.0.next()
    }
}

#[cfg(test)]
mod tests {
    use crate::json::JsonTape;

    #[test]
    fn lookups_agree_with_serde_json() {
        let text = r#"{"a":{"b":[1,{"c":"x\ny"},[]],"d":{}},"e":1.5,"ev\u0065nt":"n","a2":null}"#;
        let mut tape = JsonTape::default();
        let root = tape.parse_text(text).unwrap();
        assert_eq!(root.to_value(), serde_json::from_str::<serde_json::Value>(text).unwrap());
        let c = root
            .get_path(&["a", "b"])
            .unwrap()
            .list_elements()
            .nth(1)
            .unwrap()
            .get_member("c")
            .unwrap();
        assert_eq!(c.as_str().unwrap(), "x\ny");
        assert_eq!(root.get_member("event").unwrap().as_str().unwrap(), "n");
        assert!(root.get_member("d").is_none());
    }

    #[test]
    fn the_last_of_two_members_with_one_name_is_returned() {
        let mut tape = JsonTape::default();
        let root = tape.parse_text(r#"{"a":1,"b":0,"a":2}"#).unwrap();
        assert_eq!(root.get_member("a").unwrap().raw_text(), "2");
    }

    #[test]
    fn numbers_out_of_range_lose_precision_and_do_not_fail() {
        let mut tape = JsonTape::default();
        let root = tape.parse_text("[9223372036854775808, 1e999, -9223372036854775808]").unwrap();
        assert_eq!(
            root.to_value(),
            serde_json::json!([9.223_372_036_854_776e18, "1e999", i64::MIN])
        );
    }
}
