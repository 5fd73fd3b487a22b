//! The conditions that a request must satisfy, in the form that the search needs.

use std::collections::BTreeMap;

use super::domain::KeyDomain;
use super::key::KeyLiteral;
use super::pattern::{Form, Pattern};
use super::texts::TextCondition;
use crate::model::document::{Condition, Members};
use crate::model::template::Template;

/// A condition on one part of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Literal<'d> {
    /// It does not depend on the rest of the request. `None` if it is not known.
    Fixed(Option<bool>),
    /// The action must, or must not, be one of these.
    Action(&'d Members<Template>, bool),
    /// The resource must, or must not, be one of these.
    Resource(&'d Members<Template>, bool),
    /// A condition must be true, or false.
    Key(KeyLiteral<'d>),
}

impl<'d> Literal<'d> {
    /// A condition that must be true, or false.
    pub(crate) fn condition(condition: &'d Condition, must_hold: bool) -> Self {
        Literal::Key(KeyLiteral { condition, must_hold })
    }
}

/// The values of the policy variables in a search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VariableValues<'v> {
    /// The chosen values.
    pub(crate) chosen: &'v BTreeMap<String, Option<String>>,
    /// True if a variable without a chosen value can have every value. The search then finds a
    /// superset of the requests.
    pub(crate) is_superset: bool,
}

impl VariableValues<'_> {
    /// Compiles texts of a policy. Without chosen values, a text with variables becomes a pattern
    /// that matches more, or, if the text must not match, is left out.
    pub(crate) fn compile_patterns(
        self,
        templates: &[Template],
        form: Form,
        must_match: bool,
    ) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for template in templates {
            if !template.has_variables() {
                patterns.push(match form {
                    Form::Pattern => template.pattern().clone(),
                    form => Pattern::from_template(template, form),
                });
                continue;
            }
            let is_chosen = template.variable_keys().all(|key| self.chosen.contains_key(key));
            if is_chosen || !self.is_superset {
                let value = |key: &str| self.chosen.get(key).cloned().flatten();
                let filled = template.fill_variables(&value);
                patterns.extend(filled.map(|filled| Pattern::from_template(&filled, form)));
            } else if must_match {
                patterns.push(widen_pattern(template, form));
            }
        }
        patterns
    }

    /// Returns the condition that the action or the resource is one of `members`, or is not.
    pub(crate) fn compile_members(
        self,
        members: &Members<Template>,
        is_included: bool,
    ) -> TextCondition {
        let must_match = is_included != members.is_complement;
        let patterns = self.compile_patterns(&members.listed, Form::Pattern, must_match);
        TextCondition { patterns, must_match }
    }
}

/// Compiles a text with variables to a pattern that matches every text that it can match.
fn widen_pattern(template: &Template, form: Form) -> Pattern {
    match form {
        // The value of a variable can contain colons, so the parts of an ARN are not kept apart.
        Form::Arn | Form::Pattern => template.pattern().clone(),
        Form::Exact | Form::IgnoringCase | Form::PatternIgnoringCase => Pattern::like("*"),
    }
}

/// What a request must satisfy.
#[derive(Clone, Debug)]
pub(crate) struct Problem<'d> {
    /// The conditions of the domain on the action.
    pub(crate) action_domain: Vec<TextCondition>,
    /// Actions that the search tries first.
    pub(crate) preferred_actions: &'static [String],
    /// The conditions of the domain on the resource.
    pub(crate) resource_domain: Vec<TextCondition>,
    /// Resources that the search tries first.
    pub(crate) preferred_resources: Vec<String>,
    /// Literals that must all be true.
    pub(crate) required: Vec<Literal<'d>>,
    /// In each clause, one literal must be true.
    pub(crate) clauses: Vec<Vec<Literal<'d>>>,
}

/// The values that condition keys can have in the requests of a caller.
pub(crate) trait KeyDomains {
    /// Returns the values that a key can have. The key is in lower case.
    fn key_domain(&self, key: &str) -> KeyDomain;
}
