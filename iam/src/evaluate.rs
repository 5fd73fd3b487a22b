//! Decides one request by a policy document, as AWS does: an explicit `Deny` wins, then an `Allow`,
//! and otherwise the request is denied.
//!
//! The decision uses no code of the solver, so that it can check the solver's answers.
//!
//! Source: AWS IAM User Guide, "Policy evaluation logic".

mod conditions;
mod matching;
pub(crate) mod principals;

pub(crate) use conditions::value_holds_alone;

use crate::model::document::{Members, PolicyDocument, Statement};
use crate::model::request::Request;
use crate::model::template::Template;
use matching::{TextForm, template_matches};

/// What a document decides for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows the request, and no statement denies it.
    Allowed,
    /// A statement denies the request.
    ExplicitlyDenied,
    /// No statement allows the request, and no statement denies it.
    ImplicitlyDenied,
    /// The document contains something that this crate does not model, and it decides the request.
    Unknown,
}

/// Decides a request by a policy document.
///
/// ```
/// use evenkeel_iam::{Caller, Decision, PolicyDocument, Request, decide_request};
///
/// let document = PolicyDocument::parse_text(
///     r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "*"}}"#,
/// )?;
/// let request = Request {
///     caller: Caller::Anonymous,
///     action: "s3:GetObject".into(),
///     resource: "arn:aws:s3:::bucket/key".into(),
///     context: Default::default(),
/// };
/// assert_eq!(decide_request(&document, &request), Decision::Allowed);
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
pub fn decide_request(document: &PolicyDocument, request: &Request) -> Decision {
    let grants = document.statements().iter().filter(|statement| statement.allows);
    let is_granted = any_applies(grants.map(|statement| statement_applies(statement, request)));
    match (denies_request(document, request), is_granted) {
        (Some(true), _) => Decision::ExplicitlyDenied,
        (None | Some(false), Some(false)) => Decision::ImplicitlyDenied,
        (Some(false), Some(true)) => Decision::Allowed,
        _ => Decision::Unknown,
    }
}

/// Returns whether a statement of a document denies a request. The result is `None` if the answer is
/// unknown.
pub(crate) fn denies_request(document: &PolicyDocument, request: &Request) -> Option<bool> {
    let denials = document.statements().iter().filter(|statement| !statement.allows);
    any_applies(denials.map(|statement| statement_applies(statement, request)))
}

/// Returns whether any statement applies. The result is `None` if the answer is unknown.
fn any_applies(statements: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(false);
    for applies in statements {
        match applies {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = None,
        }
    }
    known
}

/// Returns whether a statement applies to a request. The result is `None` if the answer is unknown.
pub(crate) fn statement_applies(statement: &Statement, request: &Request) -> Option<bool> {
    let principal = statement
        .principals
        .as_ref()
        .map_or(Some(true), |members| principals::includes_caller(members, &request.caller));
    let action = request.action.to_ascii_lowercase();
    let actions = Some(includes_text(statement.actions.as_ref(), &action, request));
    let resources = Some(includes_text(statement.resources.as_ref(), &request.resource, request));
    let conditions =
        statement.conditions.iter().map(|one| conditions::condition_holds(one, request));
    let mut known = Some(true);
    for part in [principal, actions, resources].into_iter().chain(conditions) {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = None,
        }
    }
    known
}

/// Returns whether a list of actions or resources includes a text. A missing list includes all texts.
fn includes_text(members: Option<&Members<Template>>, text: &str, request: &Request) -> bool {
    let Some(members) = members else { return true };
    let variables = |key: &str| request.variable_value(key);
    let is_listed = members
        .listed
        .iter()
        .any(|template| template_matches(template, text, TextForm::Pattern, &variables));
    is_listed != members.is_complement
}
