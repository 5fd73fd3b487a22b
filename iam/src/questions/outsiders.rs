//! Which named principals outside the account have access.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::grants::{Grantee, grantee_classes};
use super::public::is_cut_off;
use crate::answer::Answer;
use crate::callers::{CallerClass, CallerKind, NetworkPath, SERVICE_KEYS};
use crate::evaluate::principals::{account_of_root, is_account_id};
use crate::inquiry::find_allowed_request;
use crate::model::document::{Condition, PolicyDocument, PrincipalName, Statement};
use crate::named::{ACCOUNT_KEYS, NamedValues};
use crate::request_domain::RequestTarget;
use crate::surroundings::Surroundings;

/// A principal outside the account that a document names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutsiderName {
    /// An account, by its ID.
    Account(String),
    /// A user, a role or a session, by its ARN.
    Principal(String),
    /// An account, by its canonical user ID.
    CanonicalUser(String),
    /// An organization, by its ID.
    Organization(String),
}

impl OutsiderName {
    /// Returns the account, if it is known.
    pub fn account(&self) -> Option<&str> {
        match self {
            OutsiderName::Account(account) => Some(account),
            OutsiderName::Principal(arn) => arn.split(':').nth(4),
            _ => None,
        }
    }
}

impl fmt::Display for OutsiderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutsiderName::Account(name)
            | OutsiderName::Principal(name)
            | OutsiderName::Organization(name) => f.write_str(name),
            OutsiderName::CanonicalUser(id) => write!(f, "canonical:{id}"),
        }
    }
}

/// Returns the principals outside the account that a document names and lets in, each with a witness
/// or an unknown answer. Strangers are the matter of [`public_statements`](crate::public_statements).
///
/// ```
/// use evenkeel_iam::{PolicyDocument, Surroundings, find_outsiders};
///
/// let document = PolicyDocument::parse_text(
///     r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": ["111122223333", "444455556666"]},
///         "Action": "sqs:SendMessage", "Resource": "*"}}"#,
/// )?;
/// let own = Surroundings { account: Some("111122223333".into()), ..Surroundings::default() };
/// let outsiders = find_outsiders(&document, &[], &own);
/// let names: Vec<String> = outsiders.keys().map(ToString::to_string).collect();
/// assert_eq!(names, ["444455556666"]);
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
pub fn find_outsiders(
    document: &PolicyDocument,
    actions: &[&str],
    surroundings: &Surroundings,
) -> BTreeMap<OutsiderName, Answer> {
    if is_cut_off(document, surroundings) {
        return BTreeMap::new();
    }
    let bounded = surroundings.bound_document(&document.as_resource_policy());
    let named = NamedValues::from_documents(&[&bounded], surroundings);
    let target = RequestTarget::new(actions, &[]);
    let mut found: BTreeMap<OutsiderName, Answer> = BTreeMap::new();
    for (number, statement) in bounded.statements().iter().enumerate() {
        if !statement.allows || !target.may_be_allowed_by(statement) {
            continue;
        }
        let outsiders = named_outsiders(statement, &bounded, surroundings);
        if outsiders.is_empty() {
            continue;
        }
        let domains = target.domains_for(&bounded);
        for name in outsiders {
            for class in outsider_classes(&name, statement, &named, surroundings) {
                let answer =
                    find_allowed_request(&bounded, number, &class, &domains, &surroundings.steps);
                let old = found.remove(&name).unwrap_or(Answer::No);
                found.insert(name.clone(), old.or_else(|| answer));
            }
        }
    }
    found.retain(|_, answer| !answer.is_no());
    found
}

/// Returns the outsiders that a statement may let in: those that it names, and, if it is for everyone,
/// those that any condition or `NotPrincipal` of the document names. For example, a `Deny` statement
/// for everyone except an account lets this account in.
fn named_outsiders(
    statement: &Statement,
    document: &PolicyDocument,
    surroundings: &Surroundings,
) -> BTreeSet<OutsiderName> {
    let Some(members) = &statement.principals else { return BTreeSet::new() };
    let mut all = BTreeSet::new();
    if !members.is_complement {
        all.extend(members.listed.iter().filter_map(principal_outsider));
    }
    let is_for_everyone =
        members.is_complement || members.listed.contains(&PrincipalName::Everyone);
    let is_for_service =
        members.listed.iter().any(|name| matches!(name, PrincipalName::Service(_)));
    if is_for_service && !is_for_everyone {
        // A service can act for an account that a condition names.
        let sources = document.statements().iter().flat_map(|other| &other.conditions);
        let sources = sources.filter(|one| SERVICE_KEYS.contains(&one.key.as_str()));
        all.extend(sources.flat_map(|one| condition_outsiders(one, surroundings)));
    }
    if is_for_everyone {
        for other in document.statements() {
            all.extend(
                other.conditions.iter().flat_map(|one| condition_outsiders(one, surroundings)),
            );
            let except = other.principals.iter().filter(|members| members.is_complement);
            all.extend(except.flat_map(|members| &members.listed).filter_map(principal_outsider));
        }
    }
    all.retain(|name| !name.account().is_some_and(|account| surroundings.trusts_account(account)));
    all
}

/// Returns the accounts, and the organizations other than the own one, that a condition names.
fn condition_outsiders(condition: &Condition, surroundings: &Surroundings) -> Vec<OutsiderName> {
    let values = condition.written.iter();
    if ACCOUNT_KEYS.contains(&condition.key.as_str()) {
        return values.filter_map(|value| account_in(value)).map(OutsiderName::Account).collect();
    }
    let is_organization =
        matches!(condition.key.as_str(), "aws:principalorgid" | "aws:principalorgpaths");
    let Some(own) = surroundings.organization.as_ref().filter(|_| is_organization) else {
        return Vec::new();
    };
    let ids = values.filter_map(|value| value.split('/').next());
    ids.filter(|id| *id != own && !id.contains(['*', '?', '$']))
        .map(|id| OutsiderName::Organization(id.to_owned()))
        .collect()
}

fn principal_outsider(name: &PrincipalName) -> Option<OutsiderName> {
    match name {
        PrincipalName::Aws(name) => match account_of_root(name) {
            Some(account) => Some(OutsiderName::Account(account.to_owned())),
            // An ARN without an account ID, such as the one of a deleted principal, names nobody.
            None => account_in(name).map(|_| OutsiderName::Principal(name.clone())),
        },
        PrincipalName::CanonicalUser(id) => Some(OutsiderName::CanonicalUser(id.clone())),
        _ => None,
    }
}

/// Returns the account ID in a value: the value itself, the account of an ARN, or that of the user ID
/// of a federated user.
fn account_in(value: &str) -> Option<String> {
    let account = if value.starts_with("arn:") {
        value.split(':').nth(4)?
    } else {
        value.split(':').next()?
    };
    is_account_id(account).then(|| account.to_owned())
}

fn outsider_classes<'d>(
    name: &OutsiderName,
    statement: &Statement,
    named: &'d NamedValues,
    surroundings: &'d Surroundings,
) -> Vec<CallerClass<'d>> {
    let grantee = match name {
        OutsiderName::Account(account) => Grantee::Account(account.clone()),
        OutsiderName::Principal(arn) => Grantee::Principal(arn.clone()),
        OutsiderName::CanonicalUser(id) => Grantee::CanonicalUser(id.clone()),
        OutsiderName::Organization(_) => Grantee::Account(named.stranger_account()),
    };
    let mut classes = grantee_classes(&grantee, named, surroundings);
    for class in &mut classes {
        class.is_one_account = !matches!(name, OutsiderName::Organization(_));
    }
    let uses_source =
        statement.conditions.iter().any(|condition| condition.key.starts_with("aws:source"));
    if let OutsiderName::Account(account) = name
        && uses_source
    {
        let mut sources =
            named.written_values("aws:sourcearn").filter_map(|arn| arn.split(':').nth(2));
        let service = sources.find(|name| !name.is_empty() && !name.contains(['*', '?', '$']));
        let usual = format!("{}.amazonaws.com", service.unwrap_or("s3"));
        let listed = statement.principals.iter().flat_map(|members| &members.listed);
        let services = listed.filter_map(|name| match name {
            PrincipalName::Service(name) => Some(name.clone()),
            _ => None,
        });
        for name in services.chain([usual]) {
            classes.push(CallerClass::new(
                CallerKind::Service { name, for_account: Some(account.clone()) },
                NetworkPath::Any,
                named,
                surroundings,
            ));
        }
    }
    classes
}
