//! A value of a parsed text: a handle that is copied freely and looked up in place.

use super::json_string::decode_string;
use super::tape_entry::{JsonKind, TapeEntry};
use std::borrow::Cow;

/// One value of a text that a [`JsonTape`](super::JsonTape) parsed.
#[derive(Clone, Copy)]
pub struct JsonNode<'a> {
    text: &'a str,
    entries: &'a [TapeEntry],
    entry: &'a TapeEntry,
    index: u32,
}

/// Stands for a value where an empty tape has none.
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

    /// A `null` that belongs to no text.
    pub fn null_node() -> JsonNode<'static> {
        JsonNode { text: "null", entries: &[], entry: &NULL_ENTRY, index: 0 }
    }

    /// What the value is.
    pub fn value_kind(self) -> JsonKind {
        self.entry.kind
    }

    /// Whether the value is `null`.
    pub fn is_null(self) -> bool {
        self.value_kind() == JsonKind::Null
    }

    fn text_slice(self, span: (u32, u32)) -> &'a str {
        self.text.get(span.0 as usize..span.1 as usize).unwrap_or_default()
    }

    /// The value as written; a string without its quotes.
    pub fn raw_text(self) -> &'a str {
        self.text_slice(self.entry.span)
    }

    /// A string's text.
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

    /// A boolean.
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

    /// The member's name, where the value is a member of an object.
    pub fn member_name(self) -> Cow<'a, str> {
        let raw = self.text_slice(self.entry.key);
        if self.entry.escaped_key { decode_string(raw) } else { Cow::Borrowed(raw) }
    }

    /// The members of an object, in the text's order; none for any other value.
    pub fn object_members(self) -> ObjectMembers<'a> {
        ObjectMembers(self.child_nodes(JsonKind::Object))
    }

    /// The elements of a list; none for any other value.
    pub fn list_elements(self) -> ListElements<'a> {
        ListElements(self.child_nodes(JsonKind::List))
    }

    fn child_nodes(self, kind: JsonKind) -> ChildNodes<'a> {
        let first = self.index.saturating_add(1);
        let end = if self.value_kind() == kind { self.entry.next } else { first };
        ChildNodes { parent: self, next_index: first, end }
    }

    /// The member `name` of an object. Where a name is written twice the last one counts, as in
    /// most JSON parsers.
    pub fn get_member(self, name: &str) -> Option<JsonNode<'a>> {
        self.object_members().filter(|member| member.has_name(name)).last()
    }

    /// Whether the value is a member of this name.
    pub fn has_name(self, name: &str) -> bool {
        if self.entry.escaped_key {
            return self.member_name() == name;
        }
        let (start, end) = (self.entry.key.0 as usize, self.entry.key.1 as usize);
        // Lengths differ for most names, and bytes need no check for character boundaries.
        end.checked_sub(start) == Some(name.len())
            && self.text.as_bytes().get(start..end) == Some(name.as_bytes())
    }

    /// The member at a path of names.
    pub fn get_path(self, path: &[&str]) -> Option<JsonNode<'a>> {
        path.iter().try_fold(self, |node, name| node.get_member(name))
    }

    /// The value as a text that is the same however its members are ordered and its texts are escaped.
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

    /// The value as a tree of its own.
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

/// A text between quotes that stand nowhere in it without a backslash before them.
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

/// A number's value; beyond 64 bits it is the nearest double, beyond that it stays text.
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

/// The members of an object, each a value with a key.
#[derive(Clone, Debug)]
pub struct ObjectMembers<'a>(ChildNodes<'a>);

impl<'a> Iterator for ObjectMembers<'a> {
    type Item = JsonNode<'a>;
    fn next(&mut self) -> Option<JsonNode<'a>> {
        self.0.next()
    }
}

/// The elements of a list.
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
    fn looks_up_what_serde_json_would() {
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
    fn the_last_of_two_equal_names_counts() {
        let mut tape = JsonTape::default();
        let root = tape.parse_text(r#"{"a":1,"b":0,"a":2}"#).unwrap();
        assert_eq!(root.get_member("a").unwrap().raw_text(), "2");
    }

    #[test]
    fn numbers_past_the_range_lose_precision_but_not_the_record() {
        let mut tape = JsonTape::default();
        let root = tape.parse_text("[9223372036854775808, 1e999, -9223372036854775808]").unwrap();
        assert_eq!(
            root.to_value(),
            serde_json::json!([9.223_372_036_854_776e18, "1e999", i64::MIN])
        );
    }
}
