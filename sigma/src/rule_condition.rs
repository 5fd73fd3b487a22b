//! What a rule says of an event, as a tree, and what of it is known when little of the event is.

use crate::pattern::SigmaPattern;
use serde_json::Value;

/// A condition of a rule.
#[derive(Clone, Debug)]
pub(crate) enum RuleCondition {
    /// Every part holds.
    All(Vec<RuleCondition>),
    /// Some part holds.
    Any(Vec<RuleCondition>),
    /// The part does not hold.
    Not(Box<RuleCondition>),
    /// A selection, by its name in the rule.
    Named(String, Box<RuleCondition>),
    /// A field is looked at.
    Test(FieldTest),
}

/// What is said of one field.
#[derive(Clone, Debug)]
pub(crate) struct FieldTest {
    /// The field's path.
    pub(crate) field: String,
    /// Of each group, some matcher must hold.
    pub(crate) groups: Vec<Vec<ValueMatcher>>,
    /// Whether all that must not hold.
    pub(crate) negated: bool,
}

/// What is said of one value.
#[derive(Clone, Debug)]
pub(crate) enum ValueMatcher {
    /// It is like this, once it is text. What was written as a number or a boolean is kept for the cases.
    Text(SigmaPattern, Option<Value>),
    /// The expression is found in it.
    Regex(String, Box<regex::Regex>),
    /// It is an address of this range.
    Cidr(String),
    /// There is such a field.
    Exists(bool),
    /// It is null, or there is none.
    Null,
    /// It is a number that compares so.
    Compare(NumberOperator, f64),
    /// It compares so to another field's.
    Field(TextComparison, String, bool),
}

/// How numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberOperator {
    /// Less than.
    Less,
    /// Less than or equal to.
    AtMost,
    /// Greater than.
    Greater,
    /// Greater than or equal to.
    AtLeast,
}

/// How the texts of two fields compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextComparison {
    /// They are the same.
    Equal,
    /// The first contains the second.
    Contains,
    /// The first begins with the second.
    StartsWith,
    /// The first ends with the second.
    EndsWith,
}

/// What is known of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownValue<'a> {
    /// Nothing.
    Nothing,
    /// It is absent.
    Absent,
    /// It is null.
    Null,
    /// It is this text.
    Text(&'a str),
    /// It is a text that no pattern was written for.
    Other,
}

impl RuleCondition {
    /// Whether the condition holds, as far as that is known.
    pub(crate) fn partial_truth<'k>(&self, known: &dyn Fn(&str) -> KnownValue<'k>) -> Option<bool> {
        match self {
            RuleCondition::All(parts) => {
                all_true(parts.iter().map(|part| part.partial_truth(known)))
            }
            RuleCondition::Any(parts) => {
                any_true(parts.iter().map(|part| part.partial_truth(known)))
            }
            RuleCondition::Not(part) => part.partial_truth(known).map(|truth| !truth),
            RuleCondition::Named(_, part) => part.partial_truth(known),
            RuleCondition::Test(test) => {
                let value = known(&test.field);
                let group = |group: &Vec<ValueMatcher>| {
                    any_true(group.iter().map(|matcher| matcher.value_truth(value)))
                };
                all_true(test.groups.iter().map(group)).map(|truth| truth != test.negated)
            }
        }
    }

    /// Calls `visit` with every test.
    pub(crate) fn visit_tests<'e>(&'e self, visit: &mut dyn FnMut(&'e FieldTest)) {
        match self {
            RuleCondition::All(parts) | RuleCondition::Any(parts) => {
                for part in parts {
                    part.visit_tests(visit);
                }
            }
            RuleCondition::Not(part) | RuleCondition::Named(_, part) => part.visit_tests(visit),
            RuleCondition::Test(test) => visit(test),
        }
    }
}

impl ValueMatcher {
    fn value_truth(&self, value: KnownValue<'_>) -> Option<bool> {
        if value == KnownValue::Nothing {
            return None;
        }
        let text = if let KnownValue::Text(text) = value { Some(text) } else { None };
        match self {
            ValueMatcher::Exists(wanted) => Some((value != KnownValue::Absent) == *wanted),
            ValueMatcher::Null => Some(matches!(value, KnownValue::Absent | KnownValue::Null)),
            ValueMatcher::Field(..) => None,
            ValueMatcher::Text(pattern, _) => Some(match text {
                Some(text) => pattern.matches_text(text),
                None => {
                    value == KnownValue::Other
                        && pattern.sample_text().is_empty()
                        && pattern.matches_text("x")
                }
            }),
            ValueMatcher::Regex(_, regex) => Some(text.is_some_and(|text| regex.is_match(text))),
            // What names an event is no address and no number.
            ValueMatcher::Cidr(_) | ValueMatcher::Compare(..) => Some(false),
        }
    }
}

fn all_true(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any_true(parts.map(|part| part.map(|truth| !truth))).map(|truth| !truth)
}

fn any_true(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = false,
        }
    }
    known.then_some(false)
}
