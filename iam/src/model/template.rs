//! Texts of a policy that can contain wildcards and policy variables.
//!
//! Source: AWS IAM User Guide, "IAM policy elements: Variables and tags".

use std::sync::OnceLock;

use crate::solver::pattern::{Form, Pattern};

/// A part of a text in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TemplatePart {
    /// A text that matches only itself.
    Text(String),
    /// `*`
    Star,
    /// `?`
    Question,
    /// A policy variable, such as `${aws:username}`.
    Variable {
        /// The condition key, in lower case.
        key: String,
        /// The text that replaces the variable if the request does not have the key.
        default: Option<String>,
    },
}

/// A text of a policy, split into its parts.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    parts: Vec<TemplatePart>,
    /// The text as a pattern with wildcards, compiled at the first use.
    pattern: OnceLock<Pattern>,
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Template {}

impl Template {
    fn new(parts: Vec<TemplatePart>) -> Self {
        Template { parts, pattern: OnceLock::new() }
    }

    /// Returns the text as a pattern with wildcards. A policy variable is a wildcard.
    pub(crate) fn pattern(&self) -> &Pattern {
        self.pattern.get_or_init(|| Pattern::from_template(self, Form::Pattern))
    }

    /// Splits a text. In a document of version `2008-10-17`, `has_variables` is false and `${` is an
    /// ordinary text.
    pub(crate) fn parse_text(text: &str, has_variables: bool) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let variable = if has_variables { split_variable(rest) } else { None };
            if let Some((inside, after)) = variable {
                parts.push(parse_variable(inside));
                rest = after;
                continue;
            }
            let mut characters = rest.chars();
            match characters.next() {
                Some('*') => parts.push(TemplatePart::Star),
                Some('?') => parts.push(TemplatePart::Question),
                Some(character) => push_text(&mut parts, character),
                None => {}
            }
            rest = characters.as_str();
        }
        Template::new(parts)
    }

    /// Returns the parts, in order.
    pub(crate) fn parts(&self) -> &[TemplatePart] {
        &self.parts
    }

    /// Returns the keys of the policy variables.
    pub(crate) fn variable_keys(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Variable { key, .. } => Some(key.as_str()),
            _ => None,
        })
    }

    /// Returns whether the text contains policy variables.
    pub(crate) fn has_variables(&self) -> bool {
        self.variable_keys().next().is_some()
    }

    /// Replaces each policy variable by the text that `value` returns for its key, or by its default.
    /// The result is `None` if a variable has neither.
    pub(crate) fn fill_variables(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let mut parts = Vec::new();
        for part in &self.parts {
            match part {
                TemplatePart::Variable { key, default } => {
                    parts.push(TemplatePart::Text(value(key).or_else(|| default.clone())?));
                }
                part => parts.push(part.clone()),
            }
        }
        Some(Template::new(parts))
    }

    /// Returns the text, if it has neither wildcards nor variables.
    pub(crate) fn only_text(&self) -> Option<String> {
        match self.parts.as_slice() {
            [TemplatePart::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// Returns the text before the policy variable of a key, and the text between it and the next
    /// wildcard. The result is `None` if the variable is not the first part that is not a text.
    pub(crate) fn around_variable(&self, wanted: &str) -> Option<(String, String)> {
        let (before, rest) = match self.parts.as_slice() {
            [TemplatePart::Text(before), rest @ ..] => (before.clone(), rest),
            rest => (String::new(), rest),
        };
        match rest {
            [TemplatePart::Variable { key, .. }, TemplatePart::Text(after), ..]
                if key == wanted =>
            {
                Some((before, after.clone()))
            }
            _ => None,
        }
    }
}

/// Returns the inside of `${...}` at the beginning of a text, and the text after it.
fn split_variable(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("${")?.split_once('}')
}

fn parse_variable(inside: &str) -> TemplatePart {
    if matches!(inside, "*" | "?" | "$") {
        return TemplatePart::Text(inside.to_owned());
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => {
            let default = default.trim();
            let quoted = default.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            (key, Some(quoted.unwrap_or(default).to_owned()))
        }
        None => (inside, None),
    };
    TemplatePart::Variable { key: key.trim().to_ascii_lowercase(), default }
}

fn push_text(parts: &mut Vec<TemplatePart>, character: char) {
    match parts.last_mut() {
        Some(TemplatePart::Text(text)) => text.push(character),
        _ => parts.push(TemplatePart::Text(character.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> TemplatePart {
        TemplatePart::Text(text.to_owned())
    }

    #[test]
    fn variables_wildcards_and_escapes_are_separate_parts() {
        let template = Template::parse_text("a${*}*${aws:UserName, 'x y'}?$", true);
        let user =
            TemplatePart::Variable { key: "aws:username".into(), default: Some("x y".into()) };
        let parts =
            [text("a"), text("*"), TemplatePart::Star, user, TemplatePart::Question, text("$")];
        assert_eq!(template.parts(), parts);
        assert_eq!(Template::parse_text("${a}", false).parts(), [text("${a}")]);
        assert_eq!(Template::parse_text("${a", true).parts(), [text("${a")]);
    }

    #[test]
    fn a_variable_without_value_and_default_has_no_text() {
        let template = Template::parse_text("x/${aws:username}", true);
        assert_eq!(template.fill_variables(&|_| None), None);
        let filled =
            template.fill_variables(&|key| (key == "aws:username").then(|| "*".to_owned()));
        assert_eq!(filled.unwrap().parts(), [text("x/"), text("*")]);
    }
}
