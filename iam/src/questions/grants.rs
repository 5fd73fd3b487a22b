//! Whether a document grants an action on a resource.

use crate::answer::Answer;
use crate::callers::{CallerClass, CallerKind, NetworkPath};
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
    let named = NamedValues::from_documents(&[&bounded]);
    let target = RequestTarget::new(actions, resources);
    let classes = grantee_classes(grantee, &named, surroundings);
    let mut answer = Answer::No;
    for (number, statement) in bounded.statements().iter().enumerate() {
        if !statement.allows {
            continue;
        }
        let domains = target.domains_for(statement, &bounded);
        for class in &classes {
            answer = answer.or_else(|| {
                find_allowed_request(&bounded, number, class, &domains, &surroundings.steps)
            });
        }
    }
    answer
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
        Grantee::Account(account) => vec![
            CallerKind::Role { account: account.clone(), arn: None },
            CallerKind::User { account: account.clone(), arn: None },
        ],
        Grantee::Principal(arn) => vec![principal_kind(arn)],
        Grantee::CanonicalUser(id) => vec![CallerKind::CanonicalUser(id.clone())],
        Grantee::Service(name) => {
            vec![CallerKind::Service { name: name.clone(), for_account: None }]
        }
    };
    let mut classes = Vec::new();
    for kind in kinds {
        let paths: &[NetworkPath] = match kind {
            CallerKind::Role { .. } | CallerKind::User { .. } => {
                &[NetworkPath::Internet, NetworkPath::VpcEndpoint]
            }
            _ => &[NetworkPath::Any],
        };
        for path in paths {
            classes.push(CallerClass {
                kind: kind.clone(),
                path: *path,
                named,
                is_stranger: false,
                is_one_account: false,
                definition: surroundings.definition,
                resource_account: surroundings.account.as_deref(),
            });
        }
    }
    classes
}

fn principal_kind(arn: &str) -> CallerKind {
    let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
    let is_user = arn.splitn(6, ':').nth(5).is_some_and(|rest| rest.starts_with("user/"));
    let arn = Some(arn.to_owned());
    if is_user { CallerKind::User { account, arn } } else { CallerKind::Role { account, arn } }
}
