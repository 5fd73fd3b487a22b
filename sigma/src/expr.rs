//! What a rule says of an event, as a tree, and what of it is known when little of the event is.

use crate::pattern::Pattern;
use serde_json::Value;

/// A condition of a rule.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    /// Every part holds.
    All(Vec<Expr>),
    /// Some part holds.
    Any(Vec<Expr>),
    /// The part does not hold.
    Not(Box<Expr>),
    /// A selection, by its name in the rule.
    Named(String, Box<Expr>),
    /// A field is looked at.
    Test(Test),
}

/// What is said of one field.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    /// The field's path.
    pub(crate) field: String,
    /// Of each group, some matcher must hold.
    pub(crate) groups: Vec<Vec<Matcher>>,
    /// Whether all that must not hold.
    pub(crate) negated: bool,
}

/// What is said of one value.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    /// It is like this, once it is text. What was written as a number or a boolean is kept for the cases.
    Text(Pattern, Option<Value>),
    /// The expression is found in it.
    Regex(String, Box<regex::Regex>),
    /// It is an address of this range.
    Cidr(String),
    /// There is such a field.
    Exists(bool),
    /// It is null, or there is none.
    Null,
    /// It is a number that compares so.
    Compare(Operator, f64),
    /// It compares so to another field's.
    Field(Likeness, String, bool),
}

/// How numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
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
pub(crate) enum Likeness {
    /// They are the same.
    Equal,
    /// The first contains the second.
    Contains,
    /// The first begins with the second.
    Starts,
    /// The first ends with the second.
    Ends,
}

/// What is known of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known<'a> {
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

impl Expr {
    /// Whether the condition holds, as far as that is known.
    pub(crate) fn truth<'k>(&self, known: &dyn Fn(&str) -> Known<'k>) -> Option<bool> {
        match self {
            Expr::All(parts) => all(parts.iter().map(|part| part.truth(known))),
            Expr::Any(parts) => any(parts.iter().map(|part| part.truth(known))),
            Expr::Not(part) => part.truth(known).map(|truth| !truth),
            Expr::Named(_, part) => part.truth(known),
            Expr::Test(test) => {
                let value = known(&test.field);
                let group =
                    |group: &Vec<Matcher>| any(group.iter().map(|matcher| matcher.truth(value)));
                all(test.groups.iter().map(group)).map(|truth| truth != test.negated)
            }
        }
    }

    /// Calls `visit` with every test.
    pub(crate) fn each<'e>(&'e self, visit: &mut dyn FnMut(&'e Test)) {
        match self {
            Expr::All(parts) | Expr::Any(parts) => {
                for part in parts {
                    part.each(visit);
                }
            }
            Expr::Not(part) | Expr::Named(_, part) => part.each(visit),
            Expr::Test(test) => visit(test),
        }
    }
}

impl Matcher {
    fn truth(&self, value: Known<'_>) -> Option<bool> {
        if value == Known::Nothing {
            return None;
        }
        let text = if let Known::Text(text) = value { Some(text) } else { None };
        match self {
            Matcher::Exists(wanted) => Some((value != Known::Absent) == *wanted),
            Matcher::Null => Some(matches!(value, Known::Absent | Known::Null)),
            Matcher::Field(..) => None,
            Matcher::Text(pattern, _) => Some(match text {
                Some(text) => pattern.fits(text),
                None => value == Known::Other && pattern.witness().is_empty() && pattern.fits("x"),
            }),
            Matcher::Regex(_, regex) => Some(text.is_some_and(|text| regex.is_match(text))),
            // What names an event is no address and no number.
            Matcher::Cidr(_) | Matcher::Compare(..) => Some(false),
        }
    }
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any(parts.map(|part| part.map(|truth| !truth))).map(|truth| !truth)
}

fn any(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
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
