//! The CEL function `insufficient_data`, with which a policy states that it cannot decide.

use cel::common::types::CelBool;
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

use super::function::FunctionDoc;
use crate::run::undecided::note_undecided;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[(
    "insufficient_data()",
    "false; if the policy then finds no violation, the status is `INSUFFICIENT_DATA` and not \
     `COMPLIANT`",
)];

/// The reason in the message of the finding.
const REASON: &str = "the policy needs data about the resource that is not known";

/// Declares the functions of this file in the environment.
pub(super) fn declare_unknown_functions(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload("insufficient_data", "insufficient_data()", Vec::new(), insufficient_data)
}

#[expect(clippy::unnecessary_wraps, reason = "declared functions return a `Result`")]
fn insufficient_data<'b, 'v>(_: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    note_undecided(REASON);
    Ok(CowVal::owned(CelBool::from(false)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_holds;
    use crate::run::undecided::take_undecided;

    #[test]
    fn a_condition_that_is_not_reached_does_not_make_the_data_insufficient() {
        take_undecided();
        assert_holds(&["true || insufficient_data()", "false ? insufficient_data() : true"]);
        assert_eq!(take_undecided(), None);
        assert_holds(&["!(false || insufficient_data())"]);
        assert!(take_undecided().is_some());
    }
}
