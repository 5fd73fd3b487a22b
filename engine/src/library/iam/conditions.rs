//! Whether a condition holds of a request, as AWS evaluates it.
//! Source: AWS IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys
//! or values".

use std::cmp::Ordering;
use std::net::IpAddr;

use super::super::address::range_of;
use super::caller::{Caller, ContextValue};
use super::logic::{all, any};
use super::public;
use super::statement::Condition;
use crate::glob;

/// An operator, taken apart.
struct Operator {
    /// `foranyvalue` or `forallvalues`, or nothing.
    set: String,
    /// The name without what stands before and behind it.
    base: String,
    if_exists: bool,
}

impl Operator {
    fn read(written: &str) -> Self {
        let lower = written.to_ascii_lowercase();
        let (set, rest) = lower.split_once(':').unwrap_or(("", &lower));
        let base = rest.strip_suffix("ifexists");
        Operator {
            set: set.to_owned(),
            base: base.unwrap_or(rest).to_owned(),
            if_exists: base.is_some(),
        }
    }

    /// The operator that this one is the opposite of.
    fn positive(&self) -> Option<&'static str> {
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

/// Whether the condition holds of a request that says this by its key; `None` where that cannot be told.
pub(super) fn holds(condition: &Condition, said: &ContextValue) -> Option<bool> {
    let operator = Operator::read(&condition.operator);
    let text = match said {
        ContextValue::Unknown => return None,
        ContextValue::Absent if operator.base == "null" => return wants_absent(condition),
        ContextValue::Text(_) if operator.base == "null" => {
            return wants_absent(condition).map(|not| !not);
        }
        ContextValue::Absent => return holds_without_key(&operator),
        ContextValue::Text(text) => text,
    };
    if !matches!(operator.set.as_str(), "" | "foranyvalue" | "forallvalues") {
        return None;
    }
    let base = operator.positive().unwrap_or(&operator.base);
    let found = any(condition.values.iter().map(|value| fits(base, value, text)))?;
    (!condition.values.is_empty()).then_some(found != operator.positive().is_some())
}

fn wants_absent(condition: &Condition) -> Option<bool> {
    match condition.values.as_slice() {
        [only] => only.parse().ok(),
        _ => None,
    }
}

/// A key that is not there differs from every value, and is equal to none.
fn holds_without_key(operator: &Operator) -> Option<bool> {
    if operator.base.starts_with("date") {
        return None;
    }
    match operator.set.as_str() {
        "forallvalues" => Some(true),
        "foranyvalue" => Some(operator.if_exists),
        "" => Some(operator.if_exists || operator.positive().is_some()),
        _ => None,
    }
}

fn fits(base: &str, value: &str, text: &str) -> Option<bool> {
    if value.contains("${") {
        return None;
    }
    match base {
        "stringequals" => Some(value == text),
        "stringequalsignorecase" | "bool" => Some(value.eq_ignore_ascii_case(text)),
        "stringlike" => glob::fits(value, text),
        "arnequals" | "arnlike" => fits_arn(value, text),
        "ipaddress" => Some(range_of(value)?.contains(&text.parse::<IpAddr>().ok()?)),
        "numericequals" => compare(value, text, Ordering::is_eq),
        "numericlessthan" => compare(value, text, Ordering::is_lt),
        "numericlessthanequals" => compare(value, text, Ordering::is_le),
        "numericgreaterthan" => compare(value, text, Ordering::is_gt),
        "numericgreaterthanequals" => compare(value, text, Ordering::is_ge),
        _ => None,
    }
}

/// How the number that a request has stands to the one that the condition has.
fn compare(value: &str, said: &str, holds: fn(Ordering) -> bool) -> Option<bool> {
    let (value, said): (f64, f64) = (value.parse().ok()?, said.parse().ok()?);
    said.partial_cmp(&value).map(holds)
}

/// ARNs compare part by part: a wildcard does not cross a colon of the first five.
fn fits_arn(pattern: &str, text: &str) -> Option<bool> {
    let (wanted, parts) = (pattern.splitn(6, ':'), text.splitn(6, ':'));
    if wanted.clone().count() != parts.clone().count() {
        return None;
    }
    all(wanted.zip(parts).map(|(wanted, part)| glob::fits(wanted, part)))
}

/// Whether a condition of a Deny holds of every request of a caller: of each that is not itself pinned to fixed values.
/// `StringNotEquals` on the organization denies everyone outside, since a caller without one differs from it too.
pub(super) fn always_holds(condition: &Condition, caller: Caller<'_>) -> bool {
    let operator = Operator::read(&condition.operator);
    let negated = operator.positive().is_some() && !condition.values.is_empty();
    match caller {
        Caller::Named(_) => holds(condition, &caller.always_says(&condition.key)) == Some(true),
        Caller::Stranger => {
            let many = condition.key.ends_with("orgpaths");
            let set = if many { "forallvalues" } else { "" };
            negated
                && (operator.set == set || operator.set == "forallvalues")
                && public::is_pin(&condition.key, &condition.values)
                && keeps_accounts_apart(&operator, condition)
        }
        Caller::Outsider(own) => {
            let accounts = ["aws:principalaccount", "aws:principalarn", "kms:calleraccount"];
            negated
                && matches!(operator.set.as_str(), "" | "forallvalues")
                && accounts.contains(&condition.key.as_str())
                && public::is_pin(&condition.key, &condition.values)
                && keeps_accounts_apart(&operator, condition)
                && condition.values.iter().all(|value| super::caller::account(value) == Some(own))
        }
    }
}

/// A wildcard of `StringNotLike` crosses colons, unlike one of `ArnNotLike`: before the account it may take another one.
fn keeps_accounts_apart(operator: &Operator, condition: &Condition) -> bool {
    operator.base != "stringnotlike"
        || condition.values.iter().filter(|value| value.starts_with("arn:")).all(|value| {
            let fixed = value.split(['*', '?']).next().unwrap_or_default();
            fixed.matches(':').count() >= 5
        })
}
