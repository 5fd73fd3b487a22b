//! One value of an event as a policy sees it: raw, or through a view's rules.

use super::View;
use crate::json::{Kind, Node};
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
    /// A whole view: `request` or `response`.
    View(&'a View<'a>),
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
            Part::View(view) => view.get(name),
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
            Part::View(view) => view.keys(),
            Part::Bool(_) => Vec::new(),
        }
    }

    /// The elements of a list.
    pub fn values(self) -> Vec<Part<'a>> {
        match self {
            Part::Raw(node) => node.values().map(Part::Raw).collect(),
            Part::State(node) => node.values().map(Part::State).collect(),
            Part::Smooth(node) => node.values().map(Part::smooth).collect(),
            Part::View(_) | Part::Bool(_) => Vec::new(),
        }
    }
}

/// Whether a field is the number that EC2 gives an element of a list, where the element has a `Tag` of its own.
fn is_number_of_list(node: Node<'_>, name: &str, found: Node<'_>) -> bool {
    name == "tag" && found.kind() == Kind::Number && node.get("Tag").is_some()
}

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
