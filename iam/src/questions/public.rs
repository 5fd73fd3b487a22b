//! Whether strangers have access.

use std::collections::BTreeSet;

use super::StatementAnswer;
use crate::answer::Answer;
use crate::callers::{
    CallerClass, CallerKind, IdentityKind, NetworkPath, PublicDefinition, ResourceOwner,
    SERVICE_KEYS,
};
use crate::inquiry::find_allowed_request;
use crate::model::document::{Condition, PolicyDocument, PrincipalName, Statement};
use crate::named::NamedValues;
use crate::request_domain::RequestTarget;
use crate::solver::steps::StepLimit;
use crate::surroundings::Surroundings;

/// Returns the `Allow` statements of a resource-based policy that let strangers in, each with a
/// witness, and those for which that is unknown.
///
/// A stranger is a principal of an account, an organization and a network that the document does not
/// name, an anonymous caller, or a service that acts for such an account.
///
/// ```
/// use evenkeel_iam::{PolicyDocument, Surroundings, join_answers, public_statements};
///
/// let document = PolicyDocument::parse_text(
///     r#"{"Statement": [
///         {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
///         {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
///          "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}]}"#,
/// )?;
/// assert!(join_answers(&public_statements(&document, &Surroundings::default())).is_no());
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
pub fn public_statements(
    document: &PolicyDocument,
    surroundings: &Surroundings,
) -> Vec<StatementAnswer> {
    public_statements_for(document, &[], surroundings)
}

/// Returns the statements that let strangers in for one of the actions, as [`public_statements`] does
/// for all actions. The actions can have wildcards.
pub fn public_statements_for(
    document: &PolicyDocument,
    actions: &[&str],
    surroundings: &Surroundings,
) -> Vec<StatementAnswer> {
    if is_cut_off(document, surroundings) {
        return Vec::new();
    }
    find_statements(document, actions, surroundings.definition, surroundings)
}

/// Returns the `Allow` statements of the policy of a VPC endpoint with which strangers reach their own
/// resources through the endpoint, each with a witness. Data can then leave through the endpoint: a
/// condition on the caller (`aws:PrincipalOrgID`) or on the resource (`aws:ResourceAccount`) prevents
/// it.
///
/// Source: Amazon VPC User Guide, "Control access to VPC endpoints using endpoint policies".
///
/// ```
/// use evenkeel_iam::{PolicyDocument, Surroundings, open_endpoint_statements};
///
/// let document = PolicyDocument::parse_text(
///     r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
///         "Condition": {"StringEquals": {"aws:ResourceAccount": "111122223333"}}}}"#,
/// )?;
/// assert!(open_endpoint_statements(&document, &Surroundings::default()).is_empty());
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
pub fn open_endpoint_statements(
    document: &PolicyDocument,
    surroundings: &Surroundings,
) -> Vec<StatementAnswer> {
    let document = document.as_resource_policy();
    let named = NamedValues::from_documents(&[&document], surroundings);
    let mut classes = stranger_classes(&named, surroundings);
    classes.retain(|class| match class.kind {
        CallerKind::Anonymous => true,
        CallerKind::Identity { .. } => class.path == NetworkPath::VpcEndpoint,
        _ => false,
    });
    for class in &mut classes {
        class.path = NetworkPath::VpcEndpoint;
        class.resource_owner = ResourceOwner::Caller;
    }
    let target = RequestTarget::new(&[], &[]);
    answer_statements(&document, &classes, &target, &surroundings.steps)
}

/// Returns whether Amazon S3 lets nobody outside the account in, because it regards the policy as
/// public and restricts public buckets.
pub(crate) fn is_cut_off(document: &PolicyDocument, surroundings: &Surroundings) -> bool {
    surroundings.restricts_public_buckets
        && find_statements(document, &[], PublicDefinition::AmazonS3, surroundings)
            .iter()
            .any(|one| one.answer.is_yes())
}

fn find_statements(
    document: &PolicyDocument,
    actions: &[&str],
    definition: PublicDefinition,
    surroundings: &Surroundings,
) -> Vec<StatementAnswer> {
    let bounded = surroundings.bound_document(&document.as_resource_policy());
    let named = NamedValues::from_documents(&[&bounded], surroundings);
    let mut classes = stranger_classes(&named, surroundings);
    for class in &mut classes {
        class.definition = definition;
    }
    let target = RequestTarget::new(actions, &[]);
    answer_statements(&bounded, &classes, &target, &surroundings.steps)
}

/// Returns the answers for all `Allow` statements, without those for which the answer is no.
pub(crate) fn answer_statements(
    document: &PolicyDocument,
    classes: &[CallerClass<'_>],
    target: &RequestTarget,
    steps: &StepLimit,
) -> Vec<StatementAnswer> {
    let mut all = Vec::new();
    // A document without a condition on the source trusts services.
    let limits_services =
        document.statements().iter().flat_map(|one| &one.conditions).any(limits_source);
    for (number, statement) in document.statements().iter().enumerate() {
        let is_for_somebody =
            statement.principals.as_ref().is_some_and(|members| !members.is_empty());
        if !statement.allows || !is_for_somebody {
            continue;
        }
        let domains = target.domains_for(document);
        let own = named_service_classes(statement, classes);
        let is_asked = |class: &&CallerClass<'_>| {
            limits_services || !matches!(class.kind, CallerKind::Service { .. })
        };
        let answer =
            classes.iter().filter(is_asked).chain(&own).fold(Answer::No, |answer, class| {
                answer.or_else(|| find_allowed_request(document, number, class, &domains, steps))
            });
        let may_be_stranger = statement.principals.as_ref().is_some_and(|members| {
            members.is_complement || members.listed.contains(&PrincipalName::Everyone)
        });
        let answer = match classes.first() {
            Some(class) if may_be_stranger => class.named.limit_answer(answer),
            _ => answer,
        };
        if !answer.is_no() {
            all.push(StatementAnswer { statement: number, answer });
        }
    }
    all
}

/// Returns whether a condition is about the resource for which a service calls.
fn limits_source(condition: &Condition) -> bool {
    SERVICE_KEYS.contains(&condition.key.as_str())
}

/// Returns the classes of the services that a statement names and limits by a condition on the source.
/// If a stranger's resource satisfies the condition, it is no limit. A statement that names a service
/// without such a condition trusts the service, and is not public.
fn named_service_classes<'d>(
    statement: &Statement,
    classes: &[CallerClass<'d>],
) -> Vec<CallerClass<'d>> {
    if !statement.conditions.iter().any(limits_source) {
        return Vec::new();
    }
    let names = statement.principals.iter().flat_map(|members| &members.listed);
    let names = names.filter_map(|name| match name {
        PrincipalName::Service(name) => Some(name),
        _ => None,
    });
    let mut all = Vec::new();
    for name in names.take(MAX_SERVICES) {
        for class in classes {
            if let CallerKind::Service { for_account, .. } = &class.kind {
                let kind =
                    CallerKind::Service { name: name.clone(), for_account: for_account.clone() };
                all.push(CallerClass { kind, ..class.clone() });
            }
        }
    }
    all
}

/// The maximum number of services that are tried.
const MAX_SERVICES: usize = 3;

/// Returns the classes of strangers.
pub(crate) fn stranger_classes<'d>(
    named: &'d NamedValues,
    surroundings: &'d Surroundings,
) -> Vec<CallerClass<'d>> {
    let mut kinds = vec![(CallerKind::Anonymous, NetworkPath::Internet)];
    for account in named.stranger_accounts() {
        for kind in IdentityKind::ALL {
            for path in [NetworkPath::Internet, NetworkPath::VpcEndpoint] {
                let account = account.clone();
                kinds.push((CallerKind::Identity { kind, account, arn: None }, path));
            }
        }
        for name in sample_services(named) {
            let for_account = Some(account.clone());
            kinds.push((CallerKind::Service { name, for_account }, NetworkPath::Any));
        }
    }
    // A role is the most usual witness.
    kinds.sort_by_key(|(kind, path)| match kind {
        CallerKind::Identity { kind: IdentityKind::Role, .. } if *path == NetworkPath::Internet => {
            0
        }
        CallerKind::Anonymous => 1,
        _ => 2,
    });
    let class = |(kind, path)| CallerClass {
        is_stranger: true,
        ..CallerClass::new(kind, path, named, surroundings)
    };
    kinds.into_iter().map(class).collect()
}

/// Returns services that the statements do not name as principals: those of the sources and the
/// service names in conditions, or one that exists.
pub(crate) fn sample_services(named: &NamedValues) -> BTreeSet<String> {
    let of_sources = named.written_values("aws:sourcearn").filter_map(|arn| arn.split(':').nth(2));
    let of_sources = of_sources.map(|service| format!("{service}.amazonaws.com"));
    let by_name = named.written_values("aws:principalservicename").map(str::to_owned);
    let usual = ["s3", "sns", "events", "cloudtrail"].map(|name| format!("{name}.amazonaws.com"));
    let is_free = |name: &String| {
        !name.contains(['*', '?', '$'])
            && !name.starts_with('.')
            && !named.principals.contains(&PrincipalName::Service(name.clone()))
    };
    let found: BTreeSet<String> =
        of_sources.chain(by_name).filter(is_free).take(MAX_SERVICES).collect();
    if found.is_empty() { usual.into_iter().find(is_free).into_iter().collect() } else { found }
}
