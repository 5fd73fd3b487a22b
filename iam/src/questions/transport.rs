//! Whether a resource-based policy denies requests without TLS.

use super::administrator::into_answer;
use super::new_access::all_classes;
use crate::answer::Answer;
use crate::callers::CallerKind;
use crate::evaluate::denies_request;
use crate::inquiry::Inquiry;
use crate::model::document::{Condition, PolicyDocument};
use crate::model::operator::{Comparison, Operator};
use crate::model::request::Request;
use crate::model::template::Template;
use crate::named::NamedValues;
use crate::request_domain::{RequestTarget, common_service};
use crate::solver::problem::Literal;
use crate::surroundings::Surroundings;

/// Services with only one action that callers can send without TLS, and this action.
const ONLY_ACTION: &[(&str, &str)] =
    &[("sns", "sns:publish"), ("execute-api", "execute-api:invoke")];

/// Answers whether a request without TLS for one of the resources is denied by no statement: then the
/// policy does not deny insecure transport. The resources are patterns; without any, the question is
/// about every resource. Requests of services do not count, because services use TLS.
///
/// ```
/// use evenkeel_iam::{PolicyDocument, Surroundings, find_insecure_request};
///
/// let document = PolicyDocument::parse_text(
///     r#"{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*",
///         "Resource": "arn:aws:s3:::b/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}}"#,
/// )?;
/// let find = |resource| find_insecure_request(&document, &[resource], &Surroundings::default());
/// assert!(find("arn:aws:s3:::b/*").is_no());
/// assert!(find("arn:aws:s3:::b").is_yes());
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
pub fn find_insecure_request(
    document: &PolicyDocument,
    resources: &[&str],
    surroundings: &Surroundings,
) -> Answer {
    let insecure = Condition {
        operator: Some(Operator {
            quantifier: None,
            comparison: Comparison::Boolean,
            is_negated: false,
            if_exists: false,
        }),
        operator_name: "Bool".to_owned(),
        key: "aws:securetransport".to_owned(),
        values: vec![Template::parse_text("false", false)],
        written: vec!["false".to_owned()],
    };
    let bounded = surroundings.bound_document(&document.as_resource_policy());
    let named = NamedValues::from_documents(&[&bounded], surroundings);
    let mut target = RequestTarget::new(&[], resources);
    let service = target.service().or_else(|| common_service(document));
    let only = ONLY_ACTION.iter().find(|(name, _)| Some(*name) == service.as_deref());
    target.actions.extend(only.map(|(_, action)| (*action).to_owned()));
    let is_undenied = |request: &Request| denies_request(&bounded, request) == Some(false);
    let mut answer = Answer::No;
    for mut class in all_classes(&named, surroundings) {
        class.is_insecure = true;
        let is_caller = !matches!(
            class.kind,
            CallerKind::Service { .. } | CallerKind::Federated(_) | CallerKind::Holder
        );
        if !is_caller {
            continue;
        }
        for domain in target.domains_of_service(service.as_deref()) {
            answer = answer.or_else(|| {
                let inquiry = Inquiry {
                    class: &class,
                    applying: Vec::new(),
                    excluded: bounded.statements().iter().filter(|one| !one.allows).collect(),
                    domain,
                    required: vec![Literal::condition(&insecure, true)],
                };
                into_answer(inquiry.answer(&is_undenied, &surroundings.steps))
            });
        }
    }
    named.limit_answer(answer)
}
