//! Whether strangers have access.

use super::StatementAnswer;
use crate::answer::Answer;
use crate::callers::{CallerClass, CallerKind, NetworkPath, PublicDefinition};
use crate::inquiry::find_allowed_request;
use crate::model::document::PolicyDocument;
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

/// Returns whether Amazon S3 lets nobody outside the account in, because it regards the policy as
/// public and restricts public buckets.
fn is_cut_off(document: &PolicyDocument, surroundings: &Surroundings) -> bool {
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
    let named = NamedValues::from_documents(&[&bounded]);
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
    for (number, statement) in document.statements().iter().enumerate() {
        if !statement.allows {
            continue;
        }
        let domains = target.domains_for(statement, document);
        let answer = classes.iter().fold(Answer::No, |answer, class| {
            answer.or_else(|| find_allowed_request(document, number, class, &domains, steps))
        });
        if !answer.is_no() {
            all.push(StatementAnswer { statement: number, answer });
        }
    }
    all
}

/// Returns the classes of strangers.
pub(crate) fn stranger_classes<'d>(
    named: &'d NamedValues,
    surroundings: &'d Surroundings,
) -> Vec<CallerClass<'d>> {
    let account = named.stranger_account();
    let role = || CallerKind::Role { account: account.clone(), arn: None };
    let user = || CallerKind::User { account: account.clone(), arn: None };
    let service =
        CallerKind::Service { name: sample_service(named), for_account: Some(account.clone()) };
    let kinds = [
        (role(), NetworkPath::Internet),
        (CallerKind::Anonymous, NetworkPath::Internet),
        (user(), NetworkPath::Internet),
        (role(), NetworkPath::VpcEndpoint),
        (user(), NetworkPath::VpcEndpoint),
        (service, NetworkPath::Any),
    ];
    let class = |(kind, path)| CallerClass {
        kind,
        path,
        named,
        is_stranger: true,
        is_one_account: false,
        definition: surroundings.definition,
        resource_account: surroundings.account.as_deref(),
    };
    kinds.into_iter().map(class).collect()
}

/// Returns the service of the sources that the document names, such as `sns.amazonaws.com`.
fn sample_service(named: &NamedValues) -> String {
    let mut services =
        named.written_values("aws:sourcearn").filter_map(|arn| arn.split(':').nth(2));
    let service =
        services.find(|service| !service.is_empty() && !service.contains(['*', '?', '$']));
    format!("{}.amazonaws.com", service.unwrap_or("s3"))
}
