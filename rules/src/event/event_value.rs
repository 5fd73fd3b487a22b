//! The values of events and configurations, in the form in which expressions read them.

use super::call_parameters::{CallParameters, ParameterValue};
use super::field_name::{find_lowered_member, lower_first_letter};
use crate::json::{JsonKind, JsonNode};
use evenkeel_engine::{InputValue, ReadFlag, ValueKind};
use std::borrow::Cow;

/// A value of an event or of a configuration. The variant determines the rules by which expressions
/// read the value.
#[derive(Clone, Copy, Debug)]
pub enum EventValue<'a> {
    /// A value as it is recorded.
    Raw(JsonNode<'a>),
    /// A value of a configuration, without fields that are null. AWS Config writes null for
    /// properties that are not set, so that such a property is absent for an expression.
    Configuration(JsonNode<'a>),
    /// A value of a view. The rules of the view apply to it and to every value in it.
    Normalized(JsonNode<'a>),
    /// A whole view, `request` or `response`, and the flag that is set if an expression reads the
    /// view while its parameters are unknown.
    Parameters(&'a CallParameters<'a>, &'a ReadFlag),
    /// The `"true"` or `"false"` of a patch operation.
    Bool(bool),
}

impl<'a> EventValue<'a> {
    /// Applies the rules of a view to `node`: `{"items": [...]}` of EC2 and CloudFront becomes a
    /// list, and `{"tag": 1, "content": x}` of EC2 becomes `x`.
    pub fn from_parameter(node: JsonNode<'a>) -> Self {
        if node.value_kind() != JsonKind::Object {
            return EventValue::Normalized(node);
        }
        let (mut items, mut content, mut others) = (None, None, false);
        for member in node.object_members() {
            match &*member.member_name() {
                "items" if member.value_kind() == JsonKind::List => items = Some(member),
                "content" => content = Some(member),
                "quantity" | "tag" => {}
                _ => others = true,
            }
        }
        match (items, content) {
            (Some(list), None) if !others => EventValue::Normalized(list),
            (None, Some(content)) if !others && node.get_member("tag").is_some() => {
                EventValue::Normalized(content)
            }
            _ => EventValue::Normalized(node),
        }
    }

    /// Returns the field `name`. A normalized value has no fields that are null. It also finds a
    /// field whose recorded name begins with an upper-case letter, because S3 writes
    /// `PublicAccessBlockConfiguration` where other services write camel case.
    pub fn visible_field(self, name: &str) -> Option<EventValue<'a>> {
        match self {
            EventValue::Raw(node) => node.get_member(name).map(EventValue::Raw),
            EventValue::Configuration(node) => node
                .get_member(name)
                .filter(|found| !found.is_null())
                .map(EventValue::Configuration),
            EventValue::Normalized(node) => {
                let exact = node
                    .get_member(name)
                    .filter(|found| !is_ec2_element_number(node, name, *found));
                let found = exact.or_else(|| find_lowered_member(node, name));
                found.filter(|node| !node.is_null()).map(EventValue::from_parameter)
            }
            EventValue::Parameters(view, read) => match view.get_parameter(name, read)? {
                ParameterValue::Node(node) => Some(EventValue::from_parameter(node)),
                ParameterValue::Bool(truth) => Some(EventValue::Bool(truth)),
            },
            EventValue::Bool(_) => None,
        }
    }

    /// Returns the names of the fields of an object, or no names for another type.
    pub fn visible_field_names(self) -> Vec<Cow<'a, str>> {
        match self {
            EventValue::Raw(node) => node.object_members().map(JsonNode::member_name).collect(),
            EventValue::Configuration(node) => node
                .object_members()
                .filter(|member| !member.is_null())
                .map(JsonNode::member_name)
                .collect(),
            EventValue::Normalized(node) => {
                let known = node.object_members().filter(|member| {
                    !member.is_null()
                        && !is_ec2_element_number(node, &member.member_name(), *member)
                });
                known.map(|member| lower_first_letter(member.member_name())).collect()
            }
            EventValue::Parameters(view, read) => view.parameter_names(read),
            EventValue::Bool(_) => Vec::new(),
        }
    }

    /// Returns the elements of a list, or no elements for another type.
    pub fn visible_elements(self) -> Vec<EventValue<'a>> {
        match self {
            EventValue::Raw(node) => node.list_elements().map(EventValue::Raw).collect(),
            EventValue::Configuration(node) => {
                node.list_elements().map(EventValue::Configuration).collect()
            }
            EventValue::Normalized(node) => {
                node.list_elements().map(EventValue::from_parameter).collect()
            }
            EventValue::Parameters(..) | EventValue::Bool(_) => Vec::new(),
        }
    }
}

/// The names that expressions can use, bound to the values of an event.
pub type EventScope<'a> = evenkeel_engine::EvaluationScope<'a, EventValue<'a>>;

impl<'a> InputValue<'a> for EventValue<'a> {
    fn value_kind(self) -> ValueKind<'a> {
        let node = match self {
            EventValue::Raw(node)
            | EventValue::Configuration(node)
            | EventValue::Normalized(node) => node,
            EventValue::Bool(truth) => return ValueKind::Bool(truth),
            EventValue::Parameters(..) => return ValueKind::Map,
        };
        match node.value_kind() {
            JsonKind::Null => ValueKind::Null,
            JsonKind::True => ValueKind::Bool(true),
            JsonKind::False => ValueKind::Bool(false),
            JsonKind::Number => parse_number(node.raw_text()),
            JsonKind::Text => ValueKind::Text(Cow::Borrowed(node.raw_text())),
            JsonKind::EscapedText => ValueKind::Text(node.as_str().unwrap_or_default()),
            JsonKind::List => ValueKind::List,
            JsonKind::Object => ValueKind::Map,
        }
    }

    fn get_field(self, name: &str) -> Option<Self> {
        EventValue::visible_field(self, name)
    }

    fn field_names(self) -> Vec<Cow<'a, str>> {
        EventValue::visible_field_names(self)
    }

    fn list_elements(self) -> Vec<Self> {
        EventValue::visible_elements(self)
    }
}

/// Parses a number: a 64-bit integer, or else the nearest double.
fn parse_number(raw: &str) -> ValueKind<'static> {
    match raw.parse::<i64>() {
        Ok(int) => ValueKind::Int(int),
        Err(_) => ValueKind::Double(raw.parse().unwrap_or(f64::NAN)),
    }
}

/// Returns whether a field is the number that EC2 assigns to an element of a list, in an element
/// that also has a field `Tag`.
fn is_ec2_element_number(node: JsonNode<'_>, name: &str, found: JsonNode<'_>) -> bool {
    name == "tag" && found.value_kind() == JsonKind::Number && node.get_member("Tag").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::JsonTape;
    use evenkeel_engine::{ExpressionCompiler, ExpressionValue, FunctionSet};

    #[test]
    fn a_configuration_has_no_null_fields() {
        let functions = FunctionSet::default();
        let mut compiler = ExpressionCompiler::new(&functions);
        let text = "!has(x.a) && x.?b.?d.orValue(1) == 1 && size(x.b) == 1 && x.b.c[0] == null";
        let expression = compiler.compile_expression(text, &["x"]).unwrap();
        let mut tape = JsonTape::default();
        let state = tape.parse_text(r#"{"a": null, "b": {"c": [null], "d": null}}"#).unwrap();
        let mut scope: EventScope<'_> = EventScope::default();
        scope.bind_value("x", EventValue::Configuration(state));
        let sources = compiler.into_sources();
        assert_eq!(expression.evaluate_in(&scope, &sources), Ok(ExpressionValue::Bool(true)));
    }
}
