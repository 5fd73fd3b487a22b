//! Finds values of a condition key that satisfy all conditions on the key.

use std::net::IpAddr;

use ipnet::IpNet;

use super::candidates::{candidate_addresses, candidate_dates, candidate_numbers};
use super::domain::{KeyDomain, ValueDomain};
use super::pattern::{Form, Pattern};
use super::problem::VariableValues;
use super::steps::{StepLimit, StepsExhausted};
use super::texts::{TextCondition, find_text};
use crate::evaluate::value_holds_alone;
use crate::keys::{is_multivalued, is_single_valued};
use crate::model::document::Condition;
use crate::model::operator::{Comparison, SetQuantifier};
use crate::model::values::parse_range;

/// A condition on a key that must be true, or false.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyLiteral<'d> {
    pub(crate) condition: &'d Condition,
    pub(crate) must_hold: bool,
}

/// The values of a key in a request: `None` if the request does not have the key.
pub(crate) type KeyValues = Option<Vec<String>>;

/// What a search for the values of a key finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyResult {
    /// These values satisfy all conditions.
    Found(KeyValues),
    /// No value satisfies all conditions.
    Impossible,
    /// The search cannot decide it.
    Undecided,
}

/// Finds values of a key.
pub(crate) fn find_key_values(
    key: &str,
    domain: &KeyDomain,
    literals: &[KeyLiteral<'_>],
    variables: VariableValues<'_>,
    steps: &StepLimit,
) -> Result<KeyResult, StepsExhausted> {
    if domain.may_be_absent && literals.iter().all(|literal| holds_when_absent(literal)) {
        return Ok(KeyResult::Found(None));
    }
    if matches!(domain.values, ValueDomain::Never) {
        return Ok(KeyResult::Impossible);
    }
    // Only set operators suggest that a key of a service can have several values.
    let has_quantifier =
        literals.iter().any(|one| one.condition.operator.is_some_and(|o| o.quantifier.is_some()));
    let has_several = is_multivalued(key) || has_quantifier && !is_single_valued(key);
    let mut for_all: Vec<KeyLiteral<'_>> = Vec::new();
    let mut for_some: Vec<KeyLiteral<'_>> = Vec::new();
    for literal in literals {
        let Some(operator) = literal.condition.operator else { return Ok(KeyResult::Undecided) };
        match (operator.comparison, operator.quantifier) {
            (Comparison::Absence, _) if holds_when_present(literal) => {}
            (Comparison::Absence, _) => return Ok(KeyResult::Impossible),
            (_, None) if has_several => return Ok(KeyResult::Undecided),
            // A condition that must be false for all values must be true for none.
            (_, Some(SetQuantifier::AnyValue)) if literal.must_hold => for_some.push(*literal),
            (_, Some(SetQuantifier::AllValues)) if !literal.must_hold => for_some.push(*literal),
            _ => for_all.push(*literal),
        }
    }
    let find = |literals: &[KeyLiteral<'_>]| find_value(domain, literals, variables, steps);
    if !has_several {
        return find(&[for_all, for_some].concat()).map(FoundValue::into_result);
    }
    if for_some.is_empty() {
        return find(&for_all).map(FoundValue::into_result);
    }
    let mut values = Vec::new();
    for literal in for_some {
        match find(&[for_all.as_slice(), &[literal]].concat())? {
            FoundValue::Value(value) => values.push(value),
            other => return Ok(other.into_result()),
        }
    }
    values.sort_unstable();
    values.dedup();
    Ok(KeyResult::Found(Some(values)))
}

/// Returns whether a literal is true for a request without the key.
fn holds_when_absent(literal: &KeyLiteral<'_>) -> bool {
    let Some(operator) = literal.condition.operator else { return false };
    let holds = if operator.comparison == Comparison::Absence {
        requires_absence(literal.condition, true)
    } else {
        operator.holds_without_key()
    };
    holds == literal.must_hold
}

fn holds_when_present(literal: &KeyLiteral<'_>) -> bool {
    requires_absence(literal.condition, false) == literal.must_hold
}

/// Returns whether a `Null` condition is true.
fn requires_absence(condition: &Condition, is_absent: bool) -> bool {
    condition.written.iter().any(|value| value.eq_ignore_ascii_case(&is_absent.to_string()))
}

enum FoundValue {
    Value(String),
    Impossible,
    Undecided,
}

impl FoundValue {
    fn into_result(self) -> KeyResult {
        match self {
            FoundValue::Value(value) => KeyResult::Found(Some(vec![value])),
            FoundValue::Impossible => KeyResult::Impossible,
            FoundValue::Undecided => KeyResult::Undecided,
        }
    }
}

/// Finds one value that satisfies all literals.
fn find_value(
    domain: &KeyDomain,
    literals: &[KeyLiteral<'_>],
    variables: VariableValues<'_>,
    steps: &StepLimit,
) -> Result<FoundValue, StepsExhausted> {
    let has_addresses = matches!(domain.values, ValueDomain::PublicAddresses { .. });
    let comparisons =
        || literals.iter().filter_map(|one| one.condition.operator).map(|o| o.comparison);
    if !has_addresses && comparisons().all(is_text) {
        return find_text_value(domain, literals, variables, steps);
    }
    let candidates = list_candidates(domain, literals);
    for value in candidates {
        steps.spend_steps(literals.len().saturating_add(1))?;
        let holds = |literal: &KeyLiteral<'_>| {
            value_holds_alone(literal.condition, &value, variables.chosen)
                == Some(literal.must_hold)
        };
        if domain.values.contains_value(&value) && literals.iter().all(holds) {
            return Ok(FoundValue::Value(value));
        }
    }
    // The candidates are complete if all conditions are of one kind.
    let are_numbers = comparisons().all(|one| matches!(one, Comparison::Number(_)));
    let are_dates = comparisons().all(|one| matches!(one, Comparison::Date(_)));
    let are_addresses = comparisons().all(|one| one == Comparison::Address);
    let is_finite = matches!(domain.values, ValueDomain::Listed(_));
    let is_valid = literals.iter().all(|literal| has_valid_values(literal.condition));
    let is_complete = is_valid && (are_numbers || are_dates || are_addresses || is_finite);
    Ok(if is_complete { FoundValue::Impossible } else { FoundValue::Undecided })
}

fn is_text(comparison: Comparison) -> bool {
    matches!(
        comparison,
        Comparison::Text
            | Comparison::TextIgnoringCase
            | Comparison::TextPattern
            | Comparison::Arn
            | Comparison::Boolean
    )
}

/// Returns whether the values of a condition have the type of its operator.
fn has_valid_values(condition: &Condition) -> bool {
    use crate::model::values::{parse_date, parse_number};
    condition.values.iter().all(|value| !value.has_variables())
        && match condition.operator.map(|operator| operator.comparison) {
            Some(Comparison::Number(_)) => {
                condition.written.iter().all(|value| parse_number(value).is_some())
            }
            Some(Comparison::Date(_)) => {
                condition.written.iter().all(|value| parse_date(value).is_some())
            }
            Some(Comparison::Address) => {
                condition.written.iter().all(|value| parse_range(value).is_some())
            }
            Some(_) => true,
            None => false,
        }
}

fn find_text_value(
    domain: &KeyDomain,
    literals: &[KeyLiteral<'_>],
    variables: VariableValues<'_>,
    steps: &StepLimit,
) -> Result<FoundValue, StepsExhausted> {
    let mut conditions = Vec::new();
    match &domain.values {
        ValueDomain::Listed(values) => {
            conditions.push(TextCondition::within(
                values.iter().map(|value| Pattern::exact(value)).collect(),
            ));
        }
        ValueDomain::Texts { within, except } => {
            if !within.is_empty() {
                conditions.push(TextCondition::within(within.clone()));
            }
            conditions.push(TextCondition::except(except.clone()));
        }
        ValueDomain::Any | ValueDomain::Never | ValueDomain::PublicAddresses { .. } => {}
    }
    for literal in literals {
        let Some(operator) = literal.condition.operator else { return Ok(FoundValue::Undecided) };
        let form = match operator.comparison {
            Comparison::Text => Form::Exact,
            Comparison::TextIgnoringCase | Comparison::Boolean => Form::IgnoringCase,
            Comparison::TextPattern => Form::Pattern,
            _ => Form::Arn,
        };
        let must_match = literal.must_hold != operator.is_negated;
        let patterns = variables.compile_patterns(&literal.condition.values, form, must_match);
        conditions.push(TextCondition { patterns, must_match });
    }
    Ok(match find_text(&conditions, &["x".to_owned()], steps)? {
        Some(value) => FoundValue::Value(value),
        None => FoundValue::Impossible,
    })
}

/// Returns the values that are tried for conditions that do not only compare texts.
fn list_candidates(domain: &KeyDomain, literals: &[KeyLiteral<'_>]) -> Vec<String> {
    let written: Vec<&str> = literals
        .iter()
        .flat_map(|literal| &literal.condition.written)
        .map(String::as_str)
        .collect();
    let mut ranges: Vec<IpNet> = written.iter().filter_map(|text| parse_range(text)).collect();
    let mut all = match &domain.values {
        ValueDomain::Listed(values) => values.clone(),
        ValueDomain::PublicAddresses { except } => {
            ranges.extend(except);
            Vec::new()
        }
        ValueDomain::Texts { within, .. } => {
            within.iter().map(|pattern| pattern.sample_text('x')).collect()
        }
        ValueDomain::Any | ValueDomain::Never => vec!["x".to_owned()],
    };
    let is_kind = |test: fn(Comparison) -> bool| {
        literals.iter().filter_map(|one| one.condition.operator).any(|o| test(o.comparison))
    };
    if is_kind(|one| matches!(one, Comparison::Number(_))) {
        all.extend(candidate_numbers(&written));
    }
    if is_kind(|one| matches!(one, Comparison::Date(_))) {
        all.extend(candidate_dates(&written));
    }
    if is_kind(|one| one == Comparison::Address)
        || matches!(domain.values, ValueDomain::PublicAddresses { .. })
    {
        // A well-known public address first, so that a witness is easy to read.
        let known: [IpAddr; 1] = [IpAddr::from([8, 8, 8, 8])];
        let addresses = known.into_iter().chain(candidate_addresses(&ranges));
        all.extend(addresses.map(|address| address.to_string()));
    }
    all.extend(written.iter().map(|text| (*text).to_owned()));
    all
}
