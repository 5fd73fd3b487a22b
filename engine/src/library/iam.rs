//! CEL functions for IAM policy documents.

mod caller;
mod conditions;
mod deny;
mod document;
mod grants;
mod patterns;
mod public_access;
mod services;
mod statement;
mod three_valued_logic;
mod transport;

use cel::common::types::{CelBool, CelList, DYN_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

use super::function::{FunctionDoc, function_error};
use super::values;
use crate::run::budget;
use crate::run::value::box_json;
use caller::CallerClass;
use deny::is_open;
use statement::PolicyStatement;

#[cfg(test)]
mod tests;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    (
        "policy_statements(doc)",
        "the statements of a policy document in a uniform format: `sid`, `effect`, `principals`, \
         `notPrincipals`, `actions`, `notActions`, `resources`, `notResources`, and `conditions` \
         with `operator`, `key` and `values`",
    ),
    (
        "public_statements(doc)",
        "the statements that allow public access, as Amazon S3 defines public, and that no `Deny` \
         statement blocks; if the effect of a `Deny` statement cannot be decided and the policy \
         finds nothing else, the status is `INSUFFICIENT_DATA`",
    ),
    (
        "cross_account_principals(doc, account)",
        "the allowed principals outside `account`: account IDs, ARNs and `*`, without services; \
         `Deny` statements count as in `public_statements`",
    ),
    (
        "admin_statements(doc)",
        "the statements that allow `*` on `*` without conditions, unless a statement denies all of \
         that",
    ),
    (
        "denies_unencrypted_http(doc)",
        "whether a statement denies every action to everyone over unencrypted connections",
    ),
];

/// Declares the functions of this file in the environment.
pub(super) fn declare_iam_functions(env: &mut Env) -> Result<(), DeclarationError> {
    add_filter(env, "policy_statements", policy_statements)?;
    add_filter(env, "public_statements", public_statements)?;
    add_filter(env, "admin_statements", admin_statements)?;
    add_filter(env, "denies_unencrypted_http", denies_unencrypted_http)?;
    let name = "cross_account_principals";
    let id = "cross_account_principals(dyn,string)";
    env.add_overload(name, id, vec![DYN_TYPE, STRING_TYPE], cross_account_principals)
}

fn add_filter(
    env: &mut Env,
    name: &str,
    run: cel::common::functions::Function,
) -> Result<(), DeclarationError> {
    env.add_overload(name, &format!("{name}(dyn)"), vec![DYN_TYPE], run)
}

/// Reads the statements of the only argument of a function.
fn read_statements_argument(
    function: &str,
    args: Vec<CowVal<'_, '_>>,
) -> Result<Vec<PolicyStatement>, ExecutionError> {
    let document = values::single_argument(function, args)?;
    document::read_statements(function, &*document)
}

fn statement_list<'b, 'v>(statements: impl Iterator<Item = PolicyStatement>) -> CowVal<'b, 'v> {
    CowVal::owned(CelList::from(statements.map(PolicyStatement::into_value).collect::<Vec<_>>()))
}

fn policy_statements<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(statement_list(read_statements_argument("policy_statements", args)?.into_iter()))
}

fn public_statements<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let statements = read_statements_argument("public_statements", args)?;
    let mut open = Vec::new();
    for statement in statements.iter().filter(|statement| public_access::is_public(statement)) {
        if is_open(statement, &statements, CallerClass::Stranger)? {
            open.push(statement.clone());
        }
    }
    Ok(statement_list(open.into_iter()))
}

fn admin_statements<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let statements = read_statements_argument("admin_statements", args)?;
    let denied = statements.iter().any(grants::denies_everything);
    let kept = statements.into_iter().filter(|one| !denied && grants::is_admin(one));
    Ok(statement_list(kept))
}

fn denies_unencrypted_http<'b, 'v>(
    args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "denies_unencrypted_http";
    let statements = read_statements_argument(NAME, args)?;
    let denied = statements.iter().any(transport::denies_unencrypted_requests);
    Ok(CowVal::owned(CelBool::from(denied)))
}

/// The error for a JSON value that is not a policy document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyDocumentError(String);

/// Returns whether a policy document denies every action to everyone over unencrypted connections.
/// The CEL function `denies_unencrypted_http` returns the same value.
///
/// # Errors
/// [`PolicyDocumentError`] if the value is not a policy document.
pub fn denies_unencrypted_transport(
    document: &serde_json::Value,
) -> Result<bool, PolicyDocumentError> {
    budget::end_event_budget();
    budget::reset_budget(1);
    let document = box_json(document);
    let statements = document::read_statements("denies_unencrypted_http", &*document);
    let statements = statements.map_err(|error| PolicyDocumentError(error.to_string()))?;
    Ok(statements.iter().any(transport::denies_unencrypted_requests))
}

fn cross_account_principals<'b, 'v>(
    args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "cross_account_principals";
    let (document, account) = values::two_arguments(NAME, args)?;
    let account =
        values::as_text(&*account).ok_or_else(|| function_error(NAME, "needs an account id"))?;
    let statements = document::read_statements(NAME, &*document)?;
    Ok(CowVal::owned(values::string_list(grants::outside_principals(&statements, account)?)))
}
