//! The condition of a rule as a tree, and its evaluation for an event of which only some fields are
//! known.

use crate::pattern::SigmaPattern;
use serde_json::Value;

/// A condition of a rule.
#[derive(Clone, Debug)]
pub(crate) enum RuleCondition {
    /// All parts are true.
    All(Vec<RuleCondition>),
    /// At least one part is true.
    Any(Vec<RuleCondition>),
    /// The part is false.
    Not(Box<RuleCondition>),
    /// A selection, with its name in the rule.
    Named(String, Box<RuleCondition>),
    /// A test of a field.
    Test(FieldTest),
}

/// A test of a field.
#[derive(Clone, Debug)]
pub(crate) struct FieldTest {
    /// The path of the field.
    pub(crate) field: String,
    /// The groups of matchers. In each group, at least one matcher must be true.
    pub(crate) groups: Vec<Vec<ValueMatcher>>,
    /// `true` if the result of the groups is negated.
    pub(crate) negated: bool,
}

/// A test of a value.
#[derive(Clone, Debug)]
pub(crate) enum ValueMatcher {
    /// The value, converted to text, matches the pattern. If the rule contains a number or a
    /// boolean, the matcher keeps it for the test cases.
    Text(SigmaPattern, Option<Value>),
    /// The regular expression matches a part of the value.
    Regex(String, Box<regex::Regex>),
    /// The value is an address in this range.
    Cidr(String),
    /// The field exists (`true`), or does not exist (`false`).
    Exists(bool),
    /// The value is null, or the field does not exist.
    Null,
    /// The value is a number for which this comparison is true.
    Compare(NumberOperator, f64),
    /// The comparison with the field of this path is true. The comparison is case-sensitive if the
    /// last value is `true`.
    Field(TextComparison, String, bool),
}

/// A comparison of numbers.
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

/// A comparison of the texts of two fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextComparison {
    /// The texts are equal.
    Equal,
    /// The first text contains the second.
    Contains,
    /// The first text starts with the second.
    StartsWith,
    /// The first text ends with the second.
    EndsWith,
}

/// The knowledge about the value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownValue<'a> {
    /// The value is unknown.
    Nothing,
    /// The field does not exist.
    Absent,
    /// The value is null.
    Null,
    /// The value is this text.
    Text(&'a str),
    /// The value is a text that matches no pattern of the rule, except `*`.
    Other,
}

impl RuleCondition {
    /// Returns whether the condition is true, or `None` if the known values are not sufficient.
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
            // Only `eventSource`, `eventName` and `errorCode` are known. Their values are names and
            // never addresses or numbers.
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
