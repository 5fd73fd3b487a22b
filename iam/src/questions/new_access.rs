//! Whether a change of a document grants something new.

use std::collections::BTreeSet;

use super::administrator::into_answer;
use super::grants::{Grantee, grantee_classes};
use super::public::{sample_services, stranger_classes};
use crate::answer::Answer;
use crate::callers::{CallerClass, CallerKind, NetworkPath, SERVICE_KEYS};
use crate::evaluate::principals::{account_of_root, is_account_id};
use crate::evaluate::{Decision, decide_request};
use crate::inquiry::Inquiry;
use crate::model::document::{PolicyDocument, PrincipalName, Statement};
use crate::model::request::Request;
use crate::named::{ACCOUNT_KEYS, NamedValues};
use crate::request_domain::RequestTarget;
use crate::surroundings::Surroundings;

/// Answers whether the document `after` allows a request that the document `before` does not allow.
///
/// ```
/// use evenkeel_iam::{PolicyDocument, Surroundings, grants_new_access};
///
/// let allow = |action| PolicyDocument::parse_text(&format!(
///     r#"{{"Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}}}"#
/// ));
/// let (wide, narrow) = (allow("s3:*")?, allow("s3:Get*")?);
/// let surroundings = Surroundings::default();
/// assert!(grants_new_access(&wide, &narrow, &surroundings).is_no());
/// assert!(grants_new_access(&narrow, &wide, &surroundings).is_yes());
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
pub fn grants_new_access(
    before: &PolicyDocument,
    after: &PolicyDocument,
    surroundings: &Surroundings,
) -> Answer {
    let has_principals = before.has_principals() || after.has_principals();
    let read = |document: &PolicyDocument| {
        if has_principals { document.as_resource_policy() } else { document.clone() }
    };
    let (before, after) = (&read(before), &read(after));
    let named = NamedValues::from_documents(&[before, after], surroundings);
    let classes = all_classes(&named, surroundings);
    let is_new = |request: &Request| {
        decide_request(after, request) == Decision::Allowed
            && matches!(
                decide_request(before, request),
                Decision::ExplicitlyDenied | Decision::ImplicitlyDenied
            )
    };
    let denials = |document: &'_ PolicyDocument| -> Vec<Statement> {
        document.statements().iter().filter(|one| !one.allows).cloned().collect()
    };
    let (denied_before, denied_after) = (denials(before), denials(after));
    let allowed_before: Vec<&Statement> =
        before.statements().iter().filter(|one| one.allows).collect();
    let target = RequestTarget::default();
    let mut answer = Answer::No;
    for allow in after.statements().iter().filter(|one| one.allows) {
        // The document `before` does not allow a request that none of its statements allows, and a
        // request that one of them denies.
        let mut alternatives = vec![(vec![allow], allowed_before.clone())];
        alternatives.extend(denied_before.iter().map(|denial| (vec![allow, denial], Vec::new())));
        for (applying, mut excluded) in alternatives {
            excluded.extend(&denied_after);
            for domain in target.domains_for(after) {
                for class in &classes {
                    answer = answer.or_else(|| {
                        let inquiry = Inquiry {
                            class,
                            applying: applying.clone(),
                            excluded: excluded.clone(),
                            domain: domain.clone(),
                            required: Vec::new(),
                        };
                        into_answer(inquiry.answer(&is_new, &surroundings.steps))
                    });
                }
            }
        }
    }
    named.limit_answer(answer)
}

/// Returns classes that together contain all callers that the documents distinguish.
pub(crate) fn all_classes<'d>(
    named: &'d NamedValues,
    surroundings: &'d Surroundings,
) -> Vec<CallerClass<'d>> {
    let mut classes = stranger_classes(named, surroundings);
    // A caller about whose organization and network nothing is known.
    let mut grantees: BTreeSet<String> = named.stranger_accounts().into_iter().collect();
    grantees.extend(surroundings.account.clone());
    let mut principals: Vec<Grantee> = Vec::new();
    for name in &named.principals {
        match name {
            PrincipalName::Aws(name) => match account_of_root(name) {
                Some(account) => {
                    grantees.insert(account.to_owned());
                }
                None => principals.push(Grantee::Principal(name.clone())),
            },
            PrincipalName::Service(name) => principals.push(Grantee::Service(name.clone())),
            PrincipalName::CanonicalUser(id) => principals.push(Grantee::CanonicalUser(id.clone())),
            PrincipalName::Federated(provider) => classes.push(CallerClass::new(
                CallerKind::Federated(provider.clone()),
                NetworkPath::Any,
                named,
                surroundings,
            )),
            PrincipalName::Everyone | PrincipalName::Other(_) => {}
        }
    }
    for key in ACCOUNT_KEYS {
        for value in named.written_values(key) {
            let is_principal = *key == "aws:principalarn" && !value.contains(['*', '?', '$']);
            match value.split(':').nth(4) {
                Some(_) if is_principal => principals.push(Grantee::Principal(value.to_owned())),
                part => {
                    let account = part.unwrap_or(value);
                    grantees.extend(is_account_id(account).then(|| account.to_owned()));
                }
            }
        }
    }
    let uses_source = SERVICE_KEYS.iter().any(|key| named.written_values(key).next().is_some());
    for account in grantees.iter().filter(|_| uses_source) {
        for name in sample_services(named) {
            classes.push(CallerClass::new(
                CallerKind::Service { name, for_account: Some(account.clone()) },
                NetworkPath::Any,
                named,
                surroundings,
            ));
        }
    }
    let accounts = grantees.into_iter().map(Grantee::Account);
    for grantee in accounts.chain(principals).chain([Grantee::Holder]) {
        classes.extend(grantee_classes(&grantee, named, surroundings));
    }
    classes
}
