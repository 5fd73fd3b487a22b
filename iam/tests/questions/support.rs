//! Tables of cases, and what is expected of an answer.

use evenkeel_iam::{
    Answer, Caller, Decision, PolicyDocument, Request, StepLimit, Surroundings, decide_request,
    join_answers, public_statements,
};
use serde_json::{Value, json};

/// The account of the resource in the tests.
pub(crate) const OWN: &str = "111122223333";
/// Another account.
pub(crate) const OTHER: &str = "444455556666";

/// What a test expects of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    No,
    /// A yes whose witness has such a caller, action and resource.
    Yes(Seen),
    /// An unknown with this reason.
    Unknown(&'static str),
}

/// What a reader expects to see in a witness. Texts are patterns with `*`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) caller: Who,
    pub(crate) action: &'static str,
    pub(crate) resource: &'static str,
    /// Condition keys, each with a pattern of its value, or with none if it must be absent.
    pub(crate) keys: &'static [(&'static str, Option<&'static str>)],
}

/// What a reader expects of the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    /// A request without a signature.
    Anyone,
    /// A user or a role of an account that the document does not name.
    Stranger,
    /// One of both.
    Somebody,
    /// A user or a role of this account.
    Account(&'static str),
    /// An identity whose ARN matches.
    Arn(&'static str),
    /// A service whose name matches.
    Service(&'static str),
    /// An identity of a provider.
    Token,
    /// An account with a canonical user ID.
    Canonical(&'static str),
}

pub(crate) const NO: Expected = Expected::No;

pub(crate) const fn yes(caller: Who, action: &'static str, resource: &'static str) -> Expected {
    Expected::Yes(Seen { caller, action, resource, keys: &[] })
}

/// A yes whose witness also has these condition keys.
pub(crate) const fn yes_with(
    caller: Who,
    action: &'static str,
    resource: &'static str,
    keys: &'static [(&'static str, Option<&'static str>)],
) -> Expected {
    Expected::Yes(Seen { caller, action, resource, keys })
}

/// Reads a document with the current version from its statements.
pub(crate) fn document(statements: &Value) -> PolicyDocument {
    PolicyDocument::from_json(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
}

pub(crate) fn own() -> Surroundings {
    Surroundings { account: Some(OWN.to_owned()), ..Surroundings::default() }
}

/// A case: its name, the statements, and what is expected.
pub(crate) type Case = (&'static str, Value, Expected);

/// Asks a question about each case, and fails with a list of all wrong answers.
pub(crate) fn check(cases: &[Case], ask: impl Fn(&PolicyDocument) -> Answer) {
    let mut wrong = Vec::new();
    for (name, statements, expected) in cases {
        let document = document(statements);
        let answer = ask(&document);
        if let Some(problem) = find_problem(&document, &statements.to_string(), &answer, *expected)
        {
            wrong.push(format!("{name}: {problem}\n    {statements}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}

/// Checks who is public: the statements that let strangers in.
pub(crate) fn check_public(cases: &[Case]) {
    check_public_with(cases, &Surroundings::default());
}

pub(crate) fn check_public_with(cases: &[Case], surroundings: &Surroundings) {
    check(cases, |document| {
        // Each question has its own limit of steps.
        let surroundings = Surroundings { steps: StepLimit::default(), ..surroundings.clone() };
        join_answers(&public_statements(document, &surroundings))
    });
}

/// Returns what is wrong with an answer about access.
fn find_problem(
    document: &PolicyDocument,
    text: &str,
    answer: &Answer,
    expected: Expected,
) -> Option<String> {
    if let Some(witness) = answer.witness()
        && decide_request(document, &witness.request) != Decision::Allowed
    {
        return Some(format!("the document does not allow the witness: {answer}"));
    }
    differs(text, answer, expected)
}

/// Returns how an answer differs from what is expected.
pub(crate) fn differs(text: &str, answer: &Answer, expected: Expected) -> Option<String> {
    let fits = match (expected, answer) {
        (Expected::No, Answer::No) => true,
        (Expected::Unknown(code), Answer::Unknown(reasons)) => {
            reasons.iter().any(|reason| reason.code() == code)
        }
        (Expected::Yes(seen), Answer::Yes(witness)) => seen.fits(&witness.request, text),
        _ => false,
    };
    (!fits).then(|| format!("expected {expected:?}, but the answer is {answer}"))
}

impl Seen {
    fn fits(&self, request: &Request, text: &str) -> bool {
        let has_key =
            |(key, pattern): &(&str, Option<&str>)| match (request.context.get(*key), pattern) {
                (None, None) => true,
                (Some(values), Some(pattern)) => values.iter().any(|value| matches(pattern, value)),
                _ => false,
            };
        self.caller.fits(&request.caller, text)
            && matches(self.action, &request.action)
            && matches(self.resource, &request.resource)
            && self.keys.iter().all(has_key)
    }
}

impl Who {
    fn fits(self, caller: &Caller, text: &str) -> bool {
        let is_stranger = caller.account().is_some_and(|account| !text.contains(account));
        match (self, caller) {
            (Who::Anyone | Who::Somebody, Caller::Anonymous)
            | (Who::Token, Caller::Federated(_)) => true,
            (Who::Stranger | Who::Somebody, _) => is_stranger,
            (Who::Account(account), caller) => caller.account() == Some(account),
            (Who::Arn(pattern), Caller::Identity { arn }) => matches(pattern, arn),
            (Who::Service(pattern), Caller::Service(name)) => matches(pattern, name),
            (Who::Canonical(id), Caller::CanonicalUser(own)) => id == own,
            _ => false,
        }
    }
}

/// Returns whether a text matches a pattern in which `*` is any text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    (0..=text.len()).filter_map(|at| text.get(at..)).any(|text| matches(rest, text))
}
