//! Whether a document grants an action on a resource.

use super::public::is_cut_off;
use crate::answer::Answer;
use crate::callers::{CallerClass, CallerKind, IdentityKind, NetworkPath};
use crate::inquiry::find_allowed_request;
use crate::model::document::PolicyDocument;
use crate::named::NamedValues;
use crate::request_domain::RequestTarget;
use crate::surroundings::Surroundings;

/// Whose access a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantee {
    /// The identity to which an identity-based policy is attached.
    Holder,
    /// Every principal of an account, and services that act for it.
    Account(String),
    /// The user, role or session with this ARN.
    Principal(String),
    /// An account with this canonical user ID.
    CanonicalUser(String),
    /// A service, such as `s3.amazonaws.com`.
    Service(String),
    /// Strangers, as for [`public_statements`](crate::public_statements).
    Stranger,
}

/// Answers whether a document allows the grantee one of the actions on one of the resources. The
/// actions and resources can have the wildcards `*` and `?`.
///
/// ```
/// use evenkeel_iam::{Grantee, PolicyDocument, Surroundings, grants_access};
///
/// let document = PolicyDocument::parse_text(
///     r#"{"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}"#,
/// )?;
/// let surroundings = Surroundings::default();
/// let grants = |action| grants_access(&document, &Grantee::Holder, &[action], &["*"], &surroundings);
/// assert!(grants("kms:Decrypt").is_yes());
/// assert!(grants("iam:CreateUser").is_no());
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
pub fn grants_access(
    document: &PolicyDocument,
    grantee: &Grantee,
    actions: &[&str],
    resources: &[&str],
    surroundings: &Surroundings,
) -> Answer {
    let bounded = match grantee {
        Grantee::Holder => surroundings.bound_document(document),
        _ => surroundings.bound_document(&document.as_resource_policy()),
    };
    let account = match grantee {
        Grantee::Account(account) => Some(account.as_str()),
        Grantee::Principal(arn) => arn.split(':').nth(4),
        Grantee::Holder | Grantee::Service(_) | Grantee::CanonicalUser(_) | Grantee::Stranger => {
            None
        }
    };
    let is_outside = !matches!(grantee, Grantee::Holder | Grantee::Service(_))
        && (account.is_none() || account != surroundings.account.as_deref());
    if is_outside && is_cut_off(document, surroundings) {
        return Answer::No;
    }
    let named = NamedValues::from_documents(&[&bounded], surroundings);
    let target = RequestTarget::new(actions, resources);
    let classes = grantee_classes(grantee, &named, surroundings);
    let mut answer = Answer::No;
    for (number, statement) in bounded.statements().iter().enumerate() {
        if !statement.allows || !target.may_be_allowed_by(statement) {
            continue;
        }
        let domains = target.domains_for(&bounded);
        for class in &classes {
            answer = answer.or_else(|| {
                find_allowed_request(&bounded, number, class, &domains, &surroundings.steps)
            });
        }
    }
    if *grantee == Grantee::Stranger { named.limit_answer(answer) } else { answer }
}

/// Returns the classes of callers of a grantee.
pub(crate) fn grantee_classes<'d>(
    grantee: &Grantee,
    named: &'d NamedValues,
    surroundings: &'d Surroundings,
) -> Vec<CallerClass<'d>> {
    let kinds = match grantee {
        Grantee::Stranger => return super::public::stranger_classes(named, surroundings),
        Grantee::Holder => vec![CallerKind::Holder],
        Grantee::Account(account) => IdentityKind::ALL
            .map(|kind| CallerKind::Identity { kind, account: account.clone(), arn: None })
            .into_iter()
            .chain(named.principals_of(account).iter().map(|arn| principal_kind(arn)))
            .collect(),
        Grantee::Principal(arn) => vec![principal_kind(arn)],
        Grantee::CanonicalUser(id) => vec![CallerKind::CanonicalUser(id.clone())],
        Grantee::Service(name) => {
            vec![CallerKind::Service { name: name.clone(), for_account: None }]
        }
    };
    let mut classes = Vec::new();
    for kind in kinds {
        let uses_both = named.written_values("aws:sourceip").next().is_some()
            && ["aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"]
                .iter()
                .any(|key| named.written_values(key).next().is_some());
        let is_identity = matches!(kind, CallerKind::Identity { .. });
        let paths: &[NetworkPath] = if is_identity || uses_both {
            &[NetworkPath::Internet, NetworkPath::VpcEndpoint]
        } else {
            &[NetworkPath::Any]
        };
        for path in paths {
            classes.push(CallerClass::new(kind.clone(), *path, named, surroundings));
        }
    }
    classes
}

fn principal_kind(arn: &str) -> CallerKind {
    CallerKind::Identity {
        kind: IdentityKind::of_arn(arn),
        account: arn.split(':').nth(4).unwrap_or_default().to_owned(),
        arn: Some(arn.to_owned()),
    }
}
