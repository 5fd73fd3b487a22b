//! The CEL functions that find ranges and firewall rules that cover the Internet. The crate
//! `evenkeel-iam` defines what the Internet is.

use cel::common::types::LIST_TYPE;
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};
use evenkeel_iam::{NetworkRule, find_internet_ranges, find_open_rules};
use serde_json::Value as Json;

use super::function::{FunctionDoc, function_error};
use super::json_conversion::{from_json, to_json};
use super::values;
use crate::run::budget;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    (
        "open_rules(rules, ports)",
        "the firewall rules whose `range` covers the Internet, alone or together with rules for the \
         same `ipProtocol` and the same port between `fromPort` and `toPort`; without `ports`, all \
         ports and protocols count",
    ),
    (
        "internet_ranges(list)",
        "the CIDR ranges of a list that cover the Internet, alone or together: wider than /8 (IPv4) \
     or /16 (IPv6), or one eighth of all public IPv4 addresses; private and reserved ranges do not \
     count",
    ),
];

/// The number of pairs of a rule and a port that cost one unit of the budget.
const PAIRS_PER_UNIT: usize = 32;

/// Declares the functions of this file in the environment.
pub(super) fn declare_internet_functions(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload("internet_ranges", "internet_ranges(list)", vec![LIST_TYPE], internet_ranges)?;
    let lists = vec![LIST_TYPE, LIST_TYPE];
    env.add_overload("open_rules", "open_rules(list,list)", lists, open_rules)
}

fn internet_ranges<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "internet_ranges";
    let list = values::single_argument(NAME, args)?;
    let items =
        values::list_elements(&*list).ok_or_else(|| function_error(NAME, "needs a list"))?;
    budget::charge_cost(items.len())?;
    let texts: Vec<&str> = items.iter().filter_map(|item| values::as_text(*item)).collect();
    let found = find_internet_ranges(&texts);
    Ok(CowVal::owned(values::string_list(found.into_iter().map(str::to_owned))))
}

fn open_rules<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "open_rules";
    let (rules, ports) = values::two_arguments(NAME, args)?;
    let Json::Array(rules) = to_json(NAME, &*rules)? else {
        return Err(function_error(NAME, "needs two lists"));
    };
    let ports = to_json(NAME, &*ports)?;
    let ports: Vec<i64> = ports.as_array().into_iter().flatten().filter_map(Json::as_i64).collect();
    let points = if ports.is_empty() { rules.len() } else { ports.len() };
    budget::charge_cost(rules.len().saturating_mul(points).saturating_div(PAIRS_PER_UNIT))?;
    let text = |rule: &'_ Json, field: &str| -> Option<String> {
        rule.get(field).and_then(Json::as_str).map(str::to_owned)
    };
    let port = |rule: &Json, field: &str| rule.get(field).and_then(Json::as_i64);
    let read: Option<Vec<(String, String, i64, i64)>> = rules
        .iter()
        .map(|rule| {
            let (protocol, range) = (text(rule, "ipProtocol")?, text(rule, "range")?);
            Some((protocol, range, port(rule, "fromPort")?, port(rule, "toPort")?))
        })
        .collect();
    let read = read.ok_or_else(|| function_error(NAME, "a rule lacks a field"))?;
    let read: Vec<NetworkRule<'_>> = read
        .iter()
        .map(|(protocol, range, from_port, to_port)| NetworkRule {
            protocol,
            range,
            from_port: *from_port,
            to_port: *to_port,
        })
        .collect();
    let open = find_open_rules(&read, &ports);
    let found = rules.into_iter().enumerate().filter(|(number, _)| open.contains(number));
    Ok(CowVal::Owned(from_json(found.map(|(_, rule)| rule).collect())))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds};

    #[test]
    fn only_ranges_that_cover_the_internet_are_returned() {
        assert_holds(&[
            "internet_ranges(['8.8.8.0/24', '0.0.0.0/1', '10.0.0.0/8', 'x', '::/0']) \
             == ['0.0.0.0/1', '::/0']",
            "internet_ranges(['198.51.100.7/32', '2000::/3', '10.0.0.0/8']) == ['2000::/3']",
            "internet_ranges([]) == [] && internet_ranges([1, null]) == []",
        ]);
        assert_fails("no matching overload", &["internet_ranges('0.0.0.0/0')"]);
    }
    #[test]
    fn rules_are_open_by_protocol_and_port() {
        let rule = |port: u16, range: &str| {
            format!(
                "{{'ipProtocol': 'tcp', 'fromPort': {port}, 'toPort': {port}, 'range': '{range}'}}"
            )
        };
        let rules = [rule(22, "16.0.0.0/8"), rule(22, "17.0.0.0/8"), rule(80, "::/0")].join(", ");
        assert_holds(&[
            &format!("open_rules([{rules}], [22]).map(r, r.range) == ['16.0.0.0/8', '17.0.0.0/8']"),
            &format!("size(open_rules([{rules}], [])) == 3 && open_rules([], [22]) == []"),
        ]);
        assert_fails("lacks a field", &["open_rules([{'range': '::/0'}], [])"]);
    }
}
