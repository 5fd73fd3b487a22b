//! One value of an event as a policy sees it: raw, or through a view's rules.

use super::field_name::{lower_first, lowered_member};
use super::view::{ParameterValue, View};
use crate::json::{Kind, Node};
use evenkeel_engine::{Data, ReadFlag, Shape};
use std::borrow::Cow;

/// A value of an event.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// As recorded.
    Raw(Node<'a>),
    /// As recorded, but without fields that are null: AWS Config writes those of what is not set.
    State(Node<'a>),
    /// Through the view's rules, which apply all the way down.
    Smooth(Node<'a>),
    /// A whole view, `request` or `response`, and where it is noted that it was read though nobody knows it.
    View(&'a View<'a>, &'a ReadFlag),
    /// A patch operation's `"true"` or `"false"`.
    Bool(bool),
}

impl<'a> Part<'a> {
    /// `node` through the view's rules: EC2's and CloudFront's `{"items": [...]}` is a list, EC2's
    /// `{"tag": 1, "content": x}` is `x`.
    pub fn smooth(node: Node<'a>) -> Self {
        if node.kind() != Kind::Object {
            return Part::Smooth(node);
        }
        let (mut items, mut content, mut others) = (None, None, false);
        for member in node.members() {
            match &*member.key() {
                "items" if member.kind() == Kind::List => items = Some(member),
                "content" => content = Some(member),
                "quantity" | "tag" => {}
                _ => others = true,
            }
        }
        match (items, content) {
            (Some(list), None) if !others => Part::Smooth(list),
            (None, Some(content)) if !others && node.get("tag").is_some() => Part::Smooth(content),
            _ => Part::Smooth(node),
        }
    }

    /// The field `name`. A smooth part has no field that is null, and also knows a field by its
    /// name with the first letter lowered: S3 writes `PublicAccessBlockConfiguration` where others
    /// write camel case.
    pub fn get(self, name: &str) -> Option<Part<'a>> {
        match self {
            Part::Raw(node) => node.get(name).map(Part::Raw),
            Part::State(node) => node.get(name).filter(|found| !found.is_null()).map(Part::State),
            Part::Smooth(node) => {
                let exact = node.get(name).filter(|found| !is_number_of_list(node, name, *found));
                let found = exact.or_else(|| lowered_member(node, name));
                found.filter(|node| !node.is_null()).map(Part::smooth)
            }
            Part::View(view, read) => match view.get(name, read)? {
                ParameterValue::Node(node) => Some(Part::smooth(node)),
                ParameterValue::Bool(truth) => Some(Part::Bool(truth)),
            },
            Part::Bool(_) => None,
        }
    }

    /// The names of an object's fields.
    pub fn keys(self) -> Vec<Cow<'a, str>> {
        match self {
            Part::Raw(node) => node.members().map(Node::key).collect(),
            Part::State(node) => {
                node.members().filter(|member| !member.is_null()).map(Node::key).collect()
            }
            Part::Smooth(node) => {
                let known = node.members().filter(|member| {
                    !member.is_null() && !is_number_of_list(node, &member.key(), *member)
                });
                known.map(|member| lower_first(member.key())).collect()
            }
            Part::View(view, read) => view.keys(read),
            Part::Bool(_) => Vec::new(),
        }
    }

    /// The elements of a list.
    pub fn values(self) -> Vec<Part<'a>> {
        match self {
            Part::Raw(node) => node.values().map(Part::Raw).collect(),
            Part::State(node) => node.values().map(Part::State).collect(),
            Part::Smooth(node) => node.values().map(Part::smooth).collect(),
            Part::View(..) | Part::Bool(_) => Vec::new(),
        }
    }
}

/// Names bound to an event's values.
pub type Scope<'a> = evenkeel_engine::Scope<'a, Part<'a>>;

impl<'a> Data<'a> for Part<'a> {
    fn shape(self) -> Shape<'a> {
        let node = match self {
            Part::Raw(node) | Part::State(node) | Part::Smooth(node) => node,
            Part::Bool(truth) => return Shape::Bool(truth),
            Part::View(..) => return Shape::Map,
        };
        match node.kind() {
            Kind::Null => Shape::Null,
            Kind::True => Shape::Bool(true),
            Kind::False => Shape::Bool(false),
            Kind::Number => number(node.raw()),
            Kind::Text => Shape::Text(Cow::Borrowed(node.raw())),
            Kind::EscapedText => Shape::Text(node.as_str().unwrap_or_default()),
            Kind::List => Shape::List,
            Kind::Object => Shape::Map,
        }
    }

    fn get(self, name: &str) -> Option<Self> {
        Part::get(self, name)
    }

    fn keys(self) -> Vec<Cow<'a, str>> {
        Part::keys(self)
    }

    fn values(self) -> Vec<Self> {
        Part::values(self)
    }
}

/// What does not fit 64 bits is the nearest double.
fn number(raw: &str) -> Shape<'static> {
    match raw.parse::<i64>() {
        Ok(int) => Shape::Int(int),
        Err(_) => Shape::Double(raw.parse().unwrap_or(f64::NAN)),
    }
}

/// Whether a field is the number that EC2 gives an element of a list, where the element has a `Tag` of its own.
fn is_number_of_list(node: Node<'_>, name: &str, found: Node<'_>) -> bool {
    name == "tag" && found.kind() == Kind::Number && node.get("Tag").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tape;
    use evenkeel_engine::{Answer, Compiler, Functions};

    #[test]
    fn a_state_has_no_fields_that_are_null() {
        let functions = Functions::default();
        let mut compiler = Compiler::new(&functions);
        let text = "!has(x.a) && x.?b.?d.orValue(1) == 1 && size(x.b) == 1 && x.b.c[0] == null";
        let expression = compiler.expression(text, &["x"]).unwrap();
        let mut tape = Tape::default();
        let state = tape.parse(r#"{"a": null, "b": {"c": [null], "d": null}}"#).unwrap();
        let mut scope: Scope<'_> = Scope::default();
        scope.bind("x", Part::State(state));
        let sources = compiler.into_sources();
        assert_eq!(expression.evaluate(&scope, &sources), Ok(Answer::Bool(true)));
    }
}
