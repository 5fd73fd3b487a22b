//! One JSON object: the names of its members, and the texts of their values as they stand.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{Fault, shown};

/// So many names say what an unknown object is.
const SHOWN: usize = 8;

/// One JSON object. Nothing in it is copied but names that have escapes.
#[derive(Debug)]
pub(crate) struct JsonObject<'a> {
    /// From bracket to bracket.
    pub(crate) text: &'a str,
    members: Vec<(Name<'a>, &'a RawValue)>,
}

impl<'a> JsonObject<'a> {
    /// Reads the object that a text consists of.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Fault> {
        let text = text.trim_matches([' ', '\n', '\r', '\t']);
        if !text.starts_with('{') {
            let other = serde_json::from_str::<IgnoredAny>(text);
            return Err(if other.is_ok() { Fault::NotAnObject } else { Fault::NotJson });
        }
        let Members(members) = serde_json::from_str(text).map_err(|_| Fault::NotJson)?;
        Ok(Self { text, members })
    }

    /// The text of a member's value; none if it is null. The last of two equal names counts.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        let found = self.members.iter().rev().find(|(Name(known), _)| known == name);
        found.map(|(_, value)| value.get()).filter(|value| *value != "null")
    }

    /// Whether it has a member that is not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A member that is a string.
    pub(crate) fn string(&self, name: &str) -> Option<String> {
        string(self.raw(name)?)
    }

    /// A member that is a string, or a Fault.
    pub(crate) fn need(&self, name: &'static str) -> Result<String, Fault> {
        self.string(name).ok_or(Fault::Member(name))
    }

    /// A member that is a string, empty if it is absent, or a Fault.
    pub(crate) fn string_or_empty(&self, name: &'static str) -> Result<String, Fault> {
        if self.has(name) { self.need(name) } else { Ok(String::new()) }
    }

    /// A member that is a string in base64 as AWS writes it, decoded, or a Fault.
    pub(crate) fn base64(&self, name: &'static str) -> Result<Vec<u8>, Fault> {
        STANDARD.decode(self.need(name)?).map_err(|_| Fault::NotBase64)
    }

    /// A member that is a string or a number, as text; empty if it is neither.
    pub(crate) fn scalar(&self, name: &str) -> String {
        let Some(value) = self.raw(name) else { return String::new() };
        let number = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if number { value.to_owned() } else { string(value).unwrap_or_default() }
    }

    /// Whether a member is this string.
    pub(crate) fn is(&self, name: &str, value: &str) -> bool {
        self.string(name).is_some_and(|text| text == value)
    }

    /// A member that is an object.
    pub(crate) fn object(&self, name: &str) -> Option<JsonObject<'a>> {
        self.raw(name).and_then(|value| JsonObject::parse(value).ok())
    }

    /// The elements of a member that is a list.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&'a str>> {
        self.raw(name).and_then(list)
    }

    /// All members, in order.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(Name(name), value)| (name.as_ref(), value.get()))
    }

    /// The first names, as far as they may be shown.
    pub(crate) fn names(&self) -> Vec<String> {
        let shown = |(name, _)| shown(name).unwrap_or("...").to_owned();
        self.members().take(SHOWN).map(shown).collect()
    }
}

/// The elements of a text that is a list.
pub(crate) fn list(text: &str) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
}

/// What a text says that is a string.
pub(crate) fn string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

/// A name without its quotes and escapes.
#[derive(Debug, serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members<'a>(Vec<(Name<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_as_they_are_written() {
        let text =
            " {\"a\": 1.50 , \"\\u0062\":\"x\\ty\",\"c\":null,\"d\":[ 1,{}],\"a\":{ \"e\" : 2 }}\n";
        let object = JsonObject::parse(text).unwrap();
        assert_eq!(object.text, text.trim());
        assert_eq!(object.raw("a"), Some("{ \"e\" : 2 }"));
        assert_eq!(object.object("a").unwrap().scalar("e"), "2");
        assert_eq!(object.string("b").as_deref(), Some("x\ty"));
        assert_eq!((object.has("c"), object.has("z")), (false, false));
        assert_eq!(object.list("d"), Some(vec!["1", "{}"]));
        assert_eq!(object.names(), ["a", "b", "c", "d", "a"]);
    }

    #[test]
    fn what_is_no_object_is_named() {
        let why = |text| JsonObject::parse(text).unwrap_err();
        assert_eq!(why(""), Fault::NotJson);
        assert_eq!(why("{\"a\":}"), Fault::NotJson);
        assert_eq!(why("{} {}"), Fault::NotJson);
        assert_eq!(why("[]"), Fault::NotAnObject);
        let odd = JsonObject::parse("{\"\\u202e<b>\":1}").unwrap().names();
        assert_eq!(odd, ["..."], "text from the input is not shown unless it is plain");
    }
}
