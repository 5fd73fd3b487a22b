//! Decides the conditions of a statement for a request.

use std::collections::BTreeMap;

use super::matching::{TextForm, template_matches};
use crate::keys::is_multivalued;
use crate::model::document::Condition;
use crate::model::operator::{Comparison, Operator, SetQuantifier};
use crate::model::request::Request;
use crate::model::template::Template;
use crate::model::values::{parse_date, parse_number, parse_range};

/// Returns whether a condition is true for a request. The result is `None` if AWS does not document
/// the operator, if a value is not of the operator's type, or if the condition compares a multivalued
/// key without a set operator.
pub(super) fn condition_holds(condition: &Condition, request: &Request) -> Option<bool> {
    let operator = condition.operator?;
    let given = request.context.get(&condition.key);
    if operator.comparison == Comparison::Absence {
        return absence_holds(condition, given.is_none());
    }
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        return Some(operator.holds_without_key());
    };
    let variables = |key: &str| request.variable_value(key);
    let mut holds = given.iter().map(|value| value_holds(condition, operator, value, &variables));
    match operator.quantifier {
        Some(SetQuantifier::AnyValue) => {
            let all: Option<Vec<bool>> = holds.collect();
            all.map(|all| all.contains(&true))
        }
        Some(SetQuantifier::AllValues) => {
            let all: Option<Vec<bool>> = holds.collect();
            all.map(|all| !all.contains(&false))
        }
        None if is_multivalued(&condition.key) || given.len() > 1 => None,
        None => holds.next()?,
    }
}

fn absence_holds(condition: &Condition, is_absent: bool) -> Option<bool> {
    let wanted: Option<Vec<bool>> =
        condition.written.iter().map(|value| value.to_ascii_lowercase().parse().ok()).collect();
    wanted.map(|wanted| wanted.contains(&is_absent))
}

/// Returns whether one value satisfies a condition, with chosen values of the policy variables.
pub(crate) fn value_holds_alone(
    condition: &Condition,
    given: &str,
    chosen: &BTreeMap<String, Option<String>>,
) -> Option<bool> {
    let variables = |key: &str| chosen.get(key).cloned().flatten();
    value_holds(condition, condition.operator?, given, &variables)
}

/// Returns whether one value of the request satisfies the operator.
fn value_holds(
    condition: &Condition,
    operator: Operator,
    given: &str,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Option<bool> {
    let mut is_listed = false;
    for (template, written) in condition.values.iter().zip(&condition.written) {
        is_listed |= value_matches(operator.comparison, template, written, given, variables)?;
    }
    Some(is_listed != operator.is_negated)
}

fn value_matches(
    comparison: Comparison,
    template: &Template,
    written: &str,
    given: &str,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Option<bool> {
    let text = |form| Some(template_matches(template, given, form, variables));
    match comparison {
        Comparison::Text => text(TextForm::Exact),
        Comparison::TextIgnoringCase | Comparison::Boolean => text(TextForm::ExactIgnoringCase),
        Comparison::TextPattern => text(TextForm::Pattern),
        Comparison::Arn => text(TextForm::Arn),
        Comparison::Number(order) => {
            let (wanted, given) = (parse_number(written)?, parse_number(given)?);
            given.partial_cmp(&wanted).map(|found| order.accepts(found))
        }
        Comparison::Date(order) => {
            Some(order.accepts(parse_date(given)?.cmp(&parse_date(written)?)))
        }
        Comparison::Address => {
            Some(parse_range(written)?.contains(&given.parse::<std::net::IpAddr>().ok()?))
        }
        Comparison::Absence => None,
    }
}
