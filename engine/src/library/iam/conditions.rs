//! Evaluates the conditions of a policy statement for a request, with the semantics of AWS.
//!
//! Source: AWS IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with
//! multiple context keys or values".

use std::cmp::Ordering;
use std::net::IpAddr;

use super::super::address::parse_range;
use super::caller::{CallerClass, ContextValue};
use super::public_access;
use super::statement::PolicyCondition;
use super::three_valued_logic::{all_hold, any_holds};
use crate::glob;

/// The parts of a condition operator.
struct ConditionOperator {
    /// `foranyvalue`, `forallvalues`, or empty.
    set: String,
    /// The name of the operator in lower case, without the set prefix and without `IfExists`.
    base: String,
    if_exists: bool,
}

impl ConditionOperator {
    fn parse_operator(written: &str) -> Self {
        let lower = written.to_ascii_lowercase();
        let (set, rest) = lower.split_once(':').unwrap_or(("", &lower));
        let base = rest.strip_suffix("ifexists");
        ConditionOperator {
            set: set.to_owned(),
            base: base.unwrap_or(rest).to_owned(),
            if_exists: base.is_some(),
        }
    }

    /// Returns the operator that this operator negates, or `None` if it is not a negation.
    fn positive_form(&self) -> Option<&'static str> {
        Some(match self.base.as_str() {
            "stringnotequals" => "stringequals",
            "stringnotequalsignorecase" => "stringequalsignorecase",
            "stringnotlike" => "stringlike",
            "arnnotequals" => "arnequals",
            "arnnotlike" => "arnlike",
            "notipaddress" => "ipaddress",
            "numericnotequals" => "numericequals",
            _ => return None,
        })
    }
}

/// Returns whether a condition is true for a request in which its key has this value. The result is
/// `None` if the answer is unknown.
pub(super) fn condition_holds(condition: &PolicyCondition, given: &ContextValue) -> Option<bool> {
    let operator = ConditionOperator::parse_operator(&condition.operator);
    let text = match given {
        ContextValue::Unknown => return None,
        ContextValue::Absent if operator.base == "null" => return requires_absence(condition),
        ContextValue::Text(_) if operator.base == "null" => {
            return requires_absence(condition).map(|not| !not);
        }
        ContextValue::Absent => return holds_without_key(&operator),
        ContextValue::Text(text) => text,
    };
    if !matches!(operator.set.as_str(), "" | "foranyvalue" | "forallvalues") {
        return None;
    }
    let base = operator.positive_form().unwrap_or(&operator.base);
    let found = any_holds(condition.values.iter().map(|value| value_matches(base, value, text)))?;
    (!condition.values.is_empty()).then_some(found != operator.positive_form().is_some())
}

fn requires_absence(condition: &PolicyCondition) -> Option<bool> {
    match condition.values.as_slice() {
        [only] => only.parse().ok(),
        _ => None,
    }
}

/// Returns whether a condition is true for a request without its key. A missing key differs from
/// every value, and is equal to no value.
fn holds_without_key(operator: &ConditionOperator) -> Option<bool> {
    if operator.base.starts_with("date") {
        return None;
    }
    match operator.set.as_str() {
        "forallvalues" => Some(true),
        "foranyvalue" => Some(operator.if_exists),
        "" => Some(operator.if_exists || operator.positive_form().is_some()),
        _ => None,
    }
}

fn value_matches(base: &str, value: &str, text: &str) -> Option<bool> {
    if value.contains("${") {
        return None;
    }
    match base {
        "stringequals" => Some(value == text),
        "stringequalsignorecase" | "bool" => Some(value.eq_ignore_ascii_case(text)),
        "stringlike" => glob::match_within_limit(value, text),
        "arnequals" | "arnlike" => arn_matches(value, text),
        "ipaddress" => Some(parse_range(value)?.contains(&text.parse::<IpAddr>().ok()?)),
        "numericequals" => compare_numbers(value, text, Ordering::is_eq),
        "numericlessthan" => compare_numbers(value, text, Ordering::is_lt),
        "numericlessthanequals" => compare_numbers(value, text, Ordering::is_le),
        "numericgreaterthan" => compare_numbers(value, text, Ordering::is_gt),
        "numericgreaterthanequals" => compare_numbers(value, text, Ordering::is_ge),
        _ => None,
    }
}

/// Compares the number in the request with the number in the condition.
fn compare_numbers(value: &str, given: &str, holds: fn(Ordering) -> bool) -> Option<bool> {
    let (value, given): (f64, f64) = (value.parse().ok()?, given.parse().ok()?);
    given.partial_cmp(&value).map(holds)
}

/// Matches ARNs part by part: a wildcard does not match across the first five colons.
fn arn_matches(pattern: &str, text: &str) -> Option<bool> {
    let (wanted, parts) = (pattern.splitn(6, ':'), text.splitn(6, ':'));
    if wanted.clone().count() != parts.clone().count() {
        return None;
    }
    all_hold(wanted.zip(parts).map(|(wanted, part)| glob::match_within_limit(wanted, part)))
}

/// Returns whether a condition of a Deny statement is true for every request of a caller.
///
/// For a stranger, the function ignores requests that have one of the fixed values of the
/// condition, because such requests do not come from a stranger. Example: `StringNotEquals` on the
/// organization denies everyone outside the organization, including callers that belong to no
/// organization.
pub(super) fn always_holds(condition: &PolicyCondition, caller: CallerClass<'_>) -> bool {
    let operator = ConditionOperator::parse_operator(&condition.operator);
    let negated = operator.positive_form().is_some() && !condition.values.is_empty();
    match caller {
        CallerClass::Named(_) => {
            condition_holds(condition, &caller.known_value(&condition.key)) == Some(true)
        }
        CallerClass::Stranger => {
            let many = condition.key.ends_with("orgpaths");
            let set = if many { "forallvalues" } else { "" };
            negated
                && (operator.set == set || operator.set == "forallvalues")
                && public_access::is_pin(&condition.key, &condition.values)
                && keeps_accounts_apart(&operator, condition)
        }
        CallerClass::Outsider(own) => {
            let accounts = ["aws:principalaccount", "aws:principalarn", "kms:calleraccount"];
            negated
                && matches!(operator.set.as_str(), "" | "forallvalues")
                && accounts.contains(&condition.key.as_str())
                && public_access::is_pin(&condition.key, &condition.values)
                && keeps_accounts_apart(&operator, condition)
                && condition
                    .values
                    .iter()
                    .all(|value| super::caller::principal_account(value) == Some(own))
        }
    }
}

/// Returns whether the values of the condition match only the accounts that they name.
///
/// A wildcard of `StringNotLike` matches across colons, unlike a wildcard of `ArnNotLike`. If such
/// a wildcard precedes the account in an ARN, the value also matches ARNs of other accounts.
fn keeps_accounts_apart(operator: &ConditionOperator, condition: &PolicyCondition) -> bool {
    operator.base != "stringnotlike"
        || condition.values.iter().filter(|value| value.starts_with("arn:")).all(|value| {
            let fixed = value.split(['*', '?']).next().unwrap_or_default();
            fixed.matches(':').count() >= 5
        })
}
