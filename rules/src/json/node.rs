//! A value of a parsed text: a handle that is copied freely and looked up in place.

use super::entry::{Entry, Kind};
use super::text::decode;
use std::borrow::Cow;

/// One value of a text that a [`Tape`](super::Tape) parsed.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    text: &'a str,
    entries: &'a [Entry],
    entry: &'a Entry,
    at: u32,
}

/// Stands for a value where an empty tape has none.
static NOTHING: Entry =
    Entry { kind: Kind::Null, escaped_key: false, key: (0, 0), span: (0, 0), next: 0 };

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.raw())
    }
}

impl<'a> Node<'a> {
    pub(super) fn root(text: &'a str, entries: &'a [Entry]) -> Self {
        Node { text, entries, entry: entries.first().unwrap_or(&NOTHING), at: 0 }
    }

    /// A `null` that belongs to no text.
    pub fn null() -> Node<'static> {
        Node { text: "null", entries: &[], entry: &NOTHING, at: 0 }
    }

    /// What the value is.
    pub fn kind(self) -> Kind {
        self.entry.kind
    }

    /// Whether the value is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    fn slice(self, span: (u32, u32)) -> &'a str {
        self.text.get(span.0 as usize..span.1 as usize).unwrap_or_default()
    }

    /// The value as written; a string without its quotes.
    pub fn raw(self) -> &'a str {
        self.slice(self.entry.span)
    }

    /// A string's text.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::Text => Some(Cow::Borrowed(self.raw())),
            Kind::EscapedText => Some(decode(self.raw())),
            Kind::Null | Kind::True | Kind::False | Kind::Number | Kind::List | Kind::Object => {
                None
            }
        }
    }

    /// A boolean.
    pub fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            Kind::Null
            | Kind::Number
            | Kind::Text
            | Kind::EscapedText
            | Kind::List
            | Kind::Object => None,
        }
    }

    /// The member's name, where the value is a member of an object.
    pub fn key(self) -> Cow<'a, str> {
        let raw = self.slice(self.entry.key);
        if self.entry.escaped_key { decode(raw) } else { Cow::Borrowed(raw) }
    }

    /// The members of an object, in the text's order; none for any other value.
    pub fn members(self) -> Members<'a> {
        Members(self.children(Kind::Object))
    }

    /// The elements of a list; none for any other value.
    pub fn values(self) -> Values<'a> {
        Values(self.children(Kind::List))
    }

    fn children(self, kind: Kind) -> Children<'a> {
        let first = self.at.saturating_add(1);
        let end = if self.kind() == kind { self.entry.next } else { first };
        Children { of: self, at: first, end }
    }

    /// The member `name` of an object. Where a name is written twice the last one counts, as in
    /// most JSON parsers.
    pub fn get(self, name: &str) -> Option<Node<'a>> {
        self.members().filter(|member| member.is_called(name)).last()
    }

    /// Whether the value is a member of this name.
    pub fn is_called(self, name: &str) -> bool {
        if self.entry.escaped_key {
            return self.key() == name;
        }
        let (start, end) = (self.entry.key.0 as usize, self.entry.key.1 as usize);
        // Lengths differ for most names, and bytes need no check for character boundaries.
        end.checked_sub(start) == Some(name.len())
            && self.text.as_bytes().get(start..end) == Some(name.as_bytes())
    }

    /// The member at a path of names.
    pub fn at(self, path: &[&str]) -> Option<Node<'a>> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The value as a text that is the same however its members are ordered and its texts are escaped.
    pub fn canonical(self) -> String {
        let mut out = String::new();
        self.write_canonical(&mut out);
        out
    }

    fn write_canonical(self, out: &mut String) {
        match self.kind() {
            Kind::Null | Kind::True | Kind::False | Kind::Number => out.push_str(self.raw()),
            Kind::Text | Kind::EscapedText => quote(&self.as_str().unwrap_or_default(), out),
            Kind::List => {
                out.push('[');
                for value in self.values() {
                    value.write_canonical(out);
                    out.push(',');
                }
                out.push(']');
            }
            Kind::Object => {
                let mut members: Vec<_> = self.members().map(|it| (it.key(), it)).collect();
                members.sort_by(|one, other| one.0.cmp(&other.0));
                out.push('{');
                for (name, member) in members {
                    quote(&name, out);
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
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Number => number(self.raw()),
            Kind::Text | Kind::EscapedText => {
                Value::String(self.as_str().unwrap_or_default().into_owned())
            }
            Kind::List => Value::Array(self.values().map(Node::to_value).collect()),
            Kind::Object => Value::Object(
                self.members().map(|m| (m.key().into_owned(), m.to_value())).collect(),
            ),
        }
    }
}

/// A text between quotes that stand nowhere in it without a backslash before them.
fn quote(text: &str, out: &mut String) {
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
fn number(raw: &str) -> serde_json::Value {
    if let Ok(int) = raw.parse::<i64>() {
        return int.into();
    }
    let double = raw.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    double.map_or_else(|| raw.into(), Into::into)
}

#[derive(Clone, Debug)]
struct Children<'a> {
    of: Node<'a>,
    at: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;
    fn next(&mut self) -> Option<Node<'a>> {
        if self.at >= self.end {
            return None;
        }
        let entry = self.of.entries.get(self.at as usize)?;
        let node = Node { entry, at: self.at, ..self.of };
        self.at = entry.next;
        Some(node)
    }
}

/// The members of an object, each a value with a key.
#[derive(Clone, Debug)]
pub struct Members<'a>(Children<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = Node<'a>;
    fn next(&mut self) -> Option<Node<'a>> {
        self.0.next()
    }
}

/// The elements of a list.
#[derive(Clone, Debug)]
pub struct Values<'a>(Children<'a>);

impl<'a> Iterator for Values<'a> {
    type Item = Node<'a>;
    fn next(&mut self) -> Option<Node<'a>> {
        self.0.next()
    }
}

#[cfg(test)]
mod tests {
    use crate::json::Tape;

    #[test]
    fn looks_up_what_serde_json_would() {
        let text = r#"{"a":{"b":[1,{"c":"x\ny"},[]],"d":{}},"e":1.5,"ev\u0065nt":"n","a2":null}"#;
        let mut tape = Tape::default();
        let root = tape.parse(text).unwrap();
        assert_eq!(root.to_value(), serde_json::from_str::<serde_json::Value>(text).unwrap());
        let c = root.at(&["a", "b"]).unwrap().values().nth(1).unwrap().get("c").unwrap();
        assert_eq!(c.as_str().unwrap(), "x\ny");
        assert_eq!(root.get("event").unwrap().as_str().unwrap(), "n");
        assert!(root.get("d").is_none());
    }

    #[test]
    fn the_last_of_two_equal_names_counts() {
        let mut tape = Tape::default();
        let root = tape.parse(r#"{"a":1,"b":0,"a":2}"#).unwrap();
        assert_eq!(root.get("a").unwrap().raw(), "2");
    }

    #[test]
    fn numbers_past_the_range_lose_precision_but_not_the_record() {
        let mut tape = Tape::default();
        let root = tape.parse("[9223372036854775808, 1e999, -9223372036854775808]").unwrap();
        assert_eq!(
            root.to_value(),
            serde_json::json!([9.223_372_036_854_776e18, "1e999", i64::MIN])
        );
    }
}
