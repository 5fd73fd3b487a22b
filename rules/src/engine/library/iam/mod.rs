//! IAM policy documents: what they say, and to whom.

mod document;
mod grants;
mod public;
mod statement;
mod transport;

use cel::common::types::{CelBool, CelList, DYN_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

use super::{Doc, fail, values};
use statement::Statement;

/// Every function here.
pub(super) const DOCS: &[Doc] = &[
    (
        "policy_statements(doc)",
        "the statements of a policy document, all in one form: `sid`, `effect`, \
                  `principals`, `notPrincipals`, `actions`, `notActions`, `resources`, \
                  `notResources`, and `conditions` with `operator`, `key` and `values`",
    ),
    ("public_statements(doc)", "the statements that allow everyone, as Amazon S3 defines public"),
    (
        "cross_account_principals(doc, account)",
        "who is allowed from outside `account`: account IDs, ARNs, `*`; no services",
    ),
    ("admin_statements(doc)", "the statements that allow `*` on `*` without conditions"),
    ("denies_plain_http(doc)", "whether everyone is denied everything over plain HTTP"),
];

/// Declares the functions.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    add_filter(env, "policy_statements", |args| filter("policy_statements", args, |_| true))?;
    add_filter(env, "public_statements", |args| {
        filter("public_statements", args, public::is_public)
    })?;
    add_filter(env, "admin_statements", |args| filter("admin_statements", args, grants::is_admin))?;
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

fn filter<'b, 'v>(
    function: &str,
    args: Vec<CowVal<'b, 'v>>,
    keep: fn(&Statement) -> bool,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let document = values::one(function, args)?;
    let statements = document::statements(function, &*document)?;
    let kept = statements.into_iter().filter(keep).map(Statement::into_value);
    Ok(CowVal::owned(CelList::from(kept.collect::<Vec<_>>())))
}

fn denies_plain_http<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "denies_plain_http";
    let document = values::one(NAME, args)?;
    let statements = document::statements(NAME, &*document)?;
    let denied = statements.iter().any(transport::denies_plain_http);
    Ok(CowVal::owned(CelBool::from(denied)))
}

/// Whether a policy document denies everyone everything over plain HTTP, as the function
/// `denies_plain_http` of policies says.
///
/// # Errors
/// When it is no policy document.
pub fn refuses_plain_http(document: &serde_json::Value) -> Result<bool, String> {
    let document = super::super::value::owned(document);
    let statements = document::statements("denies_plain_http", &*document);
    let statements = statements.map_err(|error| error.to_string())?;
    Ok(statements.iter().any(transport::denies_plain_http))
}

fn cross_account_principals<'b, 'v>(
    args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "cross_account_principals";
    let (document, account) = values::two(NAME, args)?;
    let account = values::text(&*account).ok_or_else(|| fail(NAME, "wants an account id"))?;
    let statements = document::statements(NAME, &*document)?;
    Ok(CowVal::owned(values::strings(grants::outside(&statements, account))))
}
