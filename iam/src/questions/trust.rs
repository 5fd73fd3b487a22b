//! Whether the trust policy of a role lets identities of other tenants of a shared provider in.

use super::StatementAnswer;
use crate::answer::Answer;
use crate::callers::{CallerClass, CallerKind, NetworkPath};
use crate::inquiry::find_allowed_request;
use crate::model::document::{PolicyDocument, PrincipalName};
use crate::named::NamedValues;
use crate::providers::find_shared_provider;
use crate::request_domain::RequestTarget;
use crate::surroundings::Surroundings;

/// Returns the statements of a trust policy that trust an identity provider that many organizations
/// share, and whose conditions do not fix the organization. The witness is a token of another
/// organization.
///
/// ```
/// use evenkeel_iam::{PolicyDocument, Surroundings, open_trust_statements};
///
/// let trust = |subject: &str| PolicyDocument::parse_text(&format!(
///     r#"{{"Statement": {{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
///         "Principal": {{"Federated":
///             "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}},
///         "Condition": {{"StringLike":
///             {{"token.actions.githubusercontent.com:sub": "{subject}"}}}}}}}}"#
/// ));
/// let surroundings = Surroundings::default();
/// assert!(open_trust_statements(&trust("repo:example/*")?, &surroundings).is_empty());
/// assert_eq!(open_trust_statements(&trust("repo:example*")?, &surroundings).len(), 1);
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
pub fn open_trust_statements(
    document: &PolicyDocument,
    surroundings: &Surroundings,
) -> Vec<StatementAnswer> {
    let document = &surroundings.bound_document(&document.as_resource_policy());
    let named = NamedValues::from_documents(&[document], surroundings);
    let target = RequestTarget::new(&["sts:AssumeRoleWithWebIdentity"], &[]);
    let mut all = Vec::new();
    for (number, statement) in document.statements().iter().enumerate() {
        let Some(members) = statement.principals.as_ref().filter(|_| statement.allows) else {
            continue;
        };
        let trusts_shared = members.listed.iter().any(|name| {
            matches!(name, PrincipalName::Federated(name) if find_shared_provider(name).is_some())
        });
        if !trusts_shared {
            continue;
        }
        let domains = target.domains_for(document);
        let mut answer = Answer::No;
        for name in &members.listed {
            let PrincipalName::Federated(provider) = name else { continue };
            if find_shared_provider(provider).is_none() {
                continue;
            }
            let class = CallerClass {
                is_stranger: true,
                ..CallerClass::new(
                    CallerKind::Federated(provider.clone()),
                    NetworkPath::Any,
                    &named,
                    surroundings,
                )
            };
            answer = answer.or_else(|| {
                find_allowed_request(document, number, &class, &domains, &surroundings.steps)
            });
        }
        if !answer.is_no() {
            all.push(StatementAnswer { statement: number, answer });
        }
    }
    all
}
