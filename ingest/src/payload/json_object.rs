//! Reads one JSON object: the names of its members, and the unchanged texts of their values.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{PayloadErrorKind, displayable_name};

/// The maximum number of member names in an error message.
const MAX_SHOWN_NAMES: usize = 8;

/// One JSON object. The object borrows the names and values from its text. Only names that contain
/// escapes are copied.
#[derive(Debug)]
pub(crate) struct JsonObject<'a> {
    /// The text from the opening to the closing brace.
    pub(crate) text: &'a str,
    members: Vec<(MemberName<'a>, &'a RawValue)>,
}

impl<'a> JsonObject<'a> {
    /// Reads a text that consists of one object.
    pub(crate) fn from_text(text: &'a str) -> Result<Self, PayloadErrorKind> {
        let text = text.trim_matches([' ', '\n', '\r', '\t']);
        if !text.starts_with('{') {
            let other = serde_json::from_str::<IgnoredAny>(text);
            return Err(if other.is_ok() {
                PayloadErrorKind::NotAnObject
            } else {
                PayloadErrorKind::NotJson
            });
        }
        let RawMembers(members) =
            serde_json::from_str(text).map_err(|_| PayloadErrorKind::NotJson)?;
        Ok(Self { text, members })
    }

    /// Returns the text of a member's value, or `None` if the member is missing or its value is
    /// null. If two members have the same name, the function uses the last one.
    pub(crate) fn raw_member(&self, name: &str) -> Option<&'a str> {
        let found = self.members.iter().rev().find(|(MemberName(known), _)| known == name);
        found.map(|(_, value)| value.get()).filter(|value| *value != "null")
    }

    /// Returns whether the object has this member with a value that is not null.
    pub(crate) fn has_member(&self, name: &str) -> bool {
        self.raw_member(name).is_some()
    }

    /// Returns the value of a string member.
    pub(crate) fn string_member(&self, name: &str) -> Option<String> {
        parse_string(self.raw_member(name)?)
    }

    /// Returns the value of a string member, or [`PayloadErrorKind::Member`].
    pub(crate) fn required_string(&self, name: &'static str) -> Result<String, PayloadErrorKind> {
        self.string_member(name).ok_or(PayloadErrorKind::Member(name))
    }

    /// Returns the value of a string member. Returns an empty string if the member is missing, and
    /// [`PayloadErrorKind::Member`] if the member is not a string.
    pub(crate) fn string_or_empty(&self, name: &'static str) -> Result<String, PayloadErrorKind> {
        if self.has_member(name) { self.required_string(name) } else { Ok(String::new()) }
    }

    /// Returns the decoded value of a base64 member. Returns [`PayloadErrorKind::Member`] if the
    /// member is not a string, and [`PayloadErrorKind::NotBase64`] if the string is not base64.
    pub(crate) fn base64_member(&self, name: &'static str) -> Result<Vec<u8>, PayloadErrorKind> {
        STANDARD.decode(self.required_string(name)?).map_err(|_| PayloadErrorKind::NotBase64)
    }

    /// Returns the value of a string or number member as text, or an empty string for other values.
    pub(crate) fn scalar_text(&self, name: &str) -> String {
        let Some(value) = self.raw_member(name) else { return String::new() };
        let number = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if number { value.to_owned() } else { parse_string(value).unwrap_or_default() }
    }

    /// Returns whether a member is this string.
    pub(crate) fn member_equals(&self, name: &str, value: &str) -> bool {
        self.string_member(name).is_some_and(|text| text == value)
    }

    /// Returns a member that is an object.
    pub(crate) fn object_member(&self, name: &str) -> Option<JsonObject<'a>> {
        self.raw_member(name).and_then(|value| JsonObject::from_text(value).ok())
    }

    /// Returns the elements of a member that is a list.
    pub(crate) fn list_member(&self, name: &str) -> Option<Vec<&'a str>> {
        self.raw_member(name).and_then(parse_list)
    }

    /// Returns the names and the value texts of all members, in order.
    pub(crate) fn member_texts(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(MemberName(name), value)| (name.as_ref(), value.get()))
    }

    /// Returns the first [`MAX_SHOWN_NAMES`] member names. `...` replaces a name that is not safe
    /// to display.
    pub(crate) fn displayable_names(&self) -> Vec<String> {
        let shown = |(name, _)| displayable_name(name).unwrap_or("...").to_owned();
        self.member_texts().take(MAX_SHOWN_NAMES).map(shown).collect()
    }
}

/// Returns the elements of a text that is a JSON list.
pub(crate) fn parse_list(text: &str) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
}

/// Returns the value of a text that is a JSON string.
pub(crate) fn parse_string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

/// A member name without quotes and escapes.
#[derive(Debug, serde::Deserialize)]
struct MemberName<'a>(#[serde(borrow)] Cow<'a, str>);

struct RawMembers<'a>(Vec<(MemberName<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for RawMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_original_text() {
        let text =
            " {\"a\": 1.50 , \"\\u0062\":\"x\\ty\",\"c\":null,\"d\":[ 1,{}],\"a\":{ \"e\" : 2 }}\n";
        let object = JsonObject::from_text(text).unwrap();
        assert_eq!(object.text, text.trim());
        assert_eq!(object.raw_member("a"), Some("{ \"e\" : 2 }"));
        assert_eq!(object.object_member("a").unwrap().scalar_text("e"), "2");
        assert_eq!(object.string_member("b").as_deref(), Some("x\ty"));
        assert_eq!((object.has_member("c"), object.has_member("z")), (false, false));
        assert_eq!(object.list_member("d"), Some(vec!["1", "{}"]));
        assert_eq!(object.displayable_names(), ["a", "b", "c", "d", "a"]);
    }

    #[test]
    fn a_text_that_is_not_an_object_is_an_error() {
        let why = |text| JsonObject::from_text(text).unwrap_err();
        assert_eq!(why(""), PayloadErrorKind::NotJson);
        assert_eq!(why("{\"a\":}"), PayloadErrorKind::NotJson);
        assert_eq!(why("{} {}"), PayloadErrorKind::NotJson);
        assert_eq!(why("[]"), PayloadErrorKind::NotAnObject);
        let odd = JsonObject::from_text("{\"\\u202e<b>\":1}").unwrap().displayable_names();
        assert_eq!(odd, ["..."], "a name with unsafe characters is not displayed");
    }
}
