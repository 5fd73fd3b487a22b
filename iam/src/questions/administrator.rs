//! Whether an identity-based policy grants everything.

use super::grants::{Grantee, grantee_classes, grants_access};
use crate::answer::{Answer, UnknownReason};
use crate::evaluate::{Decision, decide_request};
use crate::inquiry::Inquiry;
use crate::model::document::PolicyDocument;
use crate::model::request::Request;
use crate::named::NamedValues;
use crate::request_domain::RequestTarget;
use crate::surroundings::Surroundings;

/// Answers whether a policy makes its holder an administrator: it allows all actions on all
/// resources, and its `Deny` statements leave some of them.
///
/// A condition that every request satisfies changes nothing; any other condition, such as one on
/// multi-factor authentication, makes the answer no.
///
/// ```
/// use evenkeel_iam::{PolicyDocument, Surroundings, is_administrator};
///
/// let document = PolicyDocument::parse_text(
///     r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
///         "Condition": {"StringLike": {"aws:PrincipalArn": "*"}}}}"#,
/// )?;
/// assert!(is_administrator(&document, &Surroundings::default()).is_yes());
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
pub fn is_administrator(document: &PolicyDocument, surroundings: &Surroundings) -> Answer {
    grants_all(document, &["?*:?*"], &["*"], surroundings)
}

/// Answers whether a policy allows all actions that match one of the patterns, on all resources that
/// match one of the patterns, and its `Deny` statements leave some of them. The witness is a request
/// that remains.
///
/// ```
/// use evenkeel_iam::{PolicyDocument, Surroundings, grants_all};
///
/// let document = PolicyDocument::parse_text(
///     r#"{"Statement": {"Effect": "Allow", "Action": "iam:?*", "Resource": "*"}}"#,
/// )?;
/// assert!(grants_all(&document, &["iam:*"], &["*"], &Surroundings::default()).is_yes());
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
pub fn grants_all(
    document: &PolicyDocument,
    actions: &[&str],
    resources: &[&str],
    surroundings: &Surroundings,
) -> Answer {
    let grants = document.filter_statements(|statement| statement.allows);
    if grants.statements().is_empty() {
        return Answer::No;
    }
    match find_ungranted_request(&grants, actions, resources, surroundings) {
        Answer::Yes(_) => Answer::No,
        Answer::No => grants_access(document, &Grantee::Holder, actions, resources, surroundings),
        unknown @ Answer::Unknown(_) => unknown,
    }
}

/// Answers whether there is a request that no `Allow` statement allows.
fn find_ungranted_request(
    grants: &PolicyDocument,
    actions: &[&str],
    resources: &[&str],
    surroundings: &Surroundings,
) -> Answer {
    let named = NamedValues::from_documents(&[grants], surroundings);
    let target = RequestTarget::new(actions, resources);
    let is_ungranted =
        |request: &Request| decide_request(grants, request) == Decision::ImplicitlyDenied;
    let mut answer = Answer::No;
    for class in grantee_classes(&Grantee::Holder, &named, surroundings) {
        for domain in target.domains_of_service(None) {
            answer = answer.or_else(|| {
                let inquiry = Inquiry {
                    class: &class,
                    applying: Vec::new(),
                    excluded: grants.statements().iter().collect(),
                    domain,
                    required: Vec::new(),
                };
                into_answer(inquiry.answer(&is_ungranted, &surroundings.steps))
            });
        }
    }
    answer
}

/// Converts the result of an inquiry to an answer without a statement.
pub(crate) fn into_answer(
    result: Result<Option<Request>, std::collections::BTreeSet<UnknownReason>>,
) -> Answer {
    match result {
        Ok(None) => Answer::No,
        Ok(Some(request)) => {
            Answer::Yes(Box::new(crate::answer::Witness { request, statement: None, sid: None }))
        }
        Err(reasons) => Answer::Unknown(reasons),
    }
}
