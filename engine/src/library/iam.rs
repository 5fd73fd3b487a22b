//! IAM policy documents: what they say, and to whom.

mod caller;
mod conditions;
mod deny;
mod document;
mod grants;
mod logic;
mod patterns;
mod public;
mod services;
mod statement;
mod transport;

use cel::common::types::{CelBool, CelList, DYN_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

use super::function::{Doc, fail};
use super::values;
use crate::run::budget;
use crate::run::value::owned;
use caller::Caller;
use deny::is_open;
use statement::Statement;

#[cfg(test)]
mod tests;

/// Every function here.
pub(super) const DOCS: &[Doc] = &[
    (
        "policy_statements(doc)",
        "the statements of a policy document, all in one form: `sid`, `effect`, \
                  `principals`, `notPrincipals`, `actions`, `notActions`, `resources`, \
                  `notResources`, and `conditions` with `operator`, `key` and `values`",
    ),
    (
        "public_statements(doc)",
        "the statements that allow everyone, as Amazon S3 defines public, and that no `Deny` closes; \
                  where a `Deny` may close one and that cannot be told, a policy that finds nothing else says \
                  `INSUFFICIENT_DATA`",
    ),
    (
        "cross_account_principals(doc, account)",
        "who is allowed from outside `account`: account IDs, ARNs, `*`; no services. A `Deny` counts as it does \
                  in `public_statements`",
    ),
    (
        "admin_statements(doc)",
        "the statements that allow `*` on `*` without conditions, unless one denies all of that",
    ),
    ("denies_plain_http(doc)", "whether everyone is denied everything over plain HTTP"),
];

/// Declares the functions.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    add_filter(env, "policy_statements", policy_statements)?;
    add_filter(env, "public_statements", public_statements)?;
    add_filter(env, "admin_statements", admin_statements)?;
    add_filter(env, "denies_plain_http", denies_plain_http)?;
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

/// The statements of the function's only argument.
fn statements_of(
    function: &str,
    args: Vec<CowVal<'_, '_>>,
) -> Result<Vec<Statement>, ExecutionError> {
    patterns::start_document();
    let document = values::one(function, args)?;
    document::statements(function, &*document)
}

fn listed<'b, 'v>(statements: impl Iterator<Item = Statement>) -> CowVal<'b, 'v> {
    CowVal::owned(CelList::from(statements.map(Statement::into_value).collect::<Vec<_>>()))
}

fn policy_statements<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(listed(statements_of("policy_statements", args)?.into_iter()))
}

fn public_statements<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let statements = statements_of("public_statements", args)?;
    let mut open = Vec::new();
    for statement in statements.iter().filter(|statement| public::is_public(statement)) {
        if is_open(statement, &statements, Caller::Stranger)? {
            open.push(statement.clone());
        }
    }
    Ok(listed(open.into_iter()))
}

fn admin_statements<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let statements = statements_of("admin_statements", args)?;
    let denied = statements.iter().any(grants::denies_everything);
    let kept = statements.into_iter().filter(|one| !denied && grants::is_admin(one));
    Ok(listed(kept))
}

fn denies_plain_http<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "denies_plain_http";
    let statements = statements_of(NAME, args)?;
    let denied = statements.iter().any(transport::denies_plain_http);
    Ok(CowVal::owned(CelBool::from(denied)))
}

/// A JSON value is no policy document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyDocumentError(String);

/// Whether a policy document denies everyone everything over plain HTTP, as the function
/// `denies_plain_http` of policies says.
///
/// # Errors
/// When it is no policy document.
pub fn refuses_plain_http(document: &serde_json::Value) -> Result<bool, PolicyDocumentError> {
    budget::reset(1);
    let document = owned(document);
    let statements = document::statements("denies_plain_http", &*document);
    let statements = statements.map_err(|error| PolicyDocumentError(error.to_string()))?;
    Ok(statements.iter().any(transport::denies_plain_http))
}

fn cross_account_principals<'b, 'v>(
    args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "cross_account_principals";
    let (document, account) = values::two(NAME, args)?;
    let account = values::text(&*account).ok_or_else(|| fail(NAME, "wants an account id"))?;
    let statements = document::statements(NAME, &*document)?;
    Ok(CowVal::owned(values::strings(grants::outside(&statements, account)?)))
}
