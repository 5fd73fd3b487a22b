//! The CEL function that finds the ranges of a list that cover the Internet. The crate
//! `evenkeel-iam` defines what the Internet is.

use cel::common::types::LIST_TYPE;
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};
use evenkeel_iam::find_internet_ranges;

use super::function::{FunctionDoc, function_error};
use super::values;
use crate::run::budget;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[(
    "internet_ranges(list)",
    "the CIDR ranges of a list that cover the Internet, alone or together: wider than /8 (IPv4) \
     or /16 (IPv6), or one eighth of all public IPv4 addresses; private and reserved ranges do not \
     count",
)];

/// Declares the function of this file in the environment.
pub(super) fn declare_internet_functions(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload("internet_ranges", "internet_ranges(list)", vec![LIST_TYPE], internet_ranges)
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

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds};

    #[test]
    fn only_ranges_that_cover_the_internet_are_returned() {
        assert_holds(&[
            "internet_ranges(['8.8.8.0/24', '0.0.0.0/1', '10.0.0.0/8', 'x', '::/0']) \
             == ['8.8.8.0/24', '0.0.0.0/1', '::/0']",
            "internet_ranges(['198.51.100.7/32', '2000::/3', '10.0.0.0/8']) == ['2000::/3']",
            "internet_ranges([]) == [] && internet_ranges([1, null]) == []",
        ]);
        assert_fails("no matching overload", &["internet_ranges('0.0.0.0/0')"]);
    }
}
