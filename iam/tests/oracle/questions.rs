//! The questions, and what contradicts their answers.

use std::collections::BTreeMap;

use evenkeel_iam::{
    Answer, Caller, Decision, Grantee, OutsiderName, PolicyDocument, Request, Surroundings,
    decide_request, find_insecure_request, find_outsiders, grants_access, grants_new_access,
    is_administrator, join_answers, open_trust_statements, public_statements,
};
use serde_json::{Value, json};

use crate::strangers::is_stranger;
use crate::vocabulary::OWN;

/// A question about a document.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Public,
    Grants { grantee: Grantee, action: String, resource: String },
    NewAccess { before: Value },
    Insecure { resource: String },
    Outsider(String),
    Administrator,
    Trust,
}

/// Parses a document, which must be valid.
pub(crate) fn parse(json: &Value) -> PolicyDocument {
    PolicyDocument::from_json(json).unwrap()
}

fn surroundings() -> Surroundings {
    Surroundings { account: Some(OWN.to_owned()), ..Surroundings::default() }
}

impl Question {
    /// Returns a short name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Question::Public => "public_statements",
            Question::Grants { .. } => "grants_access",
            Question::NewAccess { .. } => "grants_new_access",
            Question::Insecure { .. } => "find_insecure_request",
            Question::Outsider(_) => "find_outsiders",
            Question::Administrator => "is_administrator",
            Question::Trust => "open_trust_statements",
        }
    }

    /// Asks the solver.
    pub(crate) fn ask(&self, json: &Value) -> Answer {
        let document = parse(json);
        let around = surroundings();
        match self {
            Question::Public => join_answers(&public_statements(&document, &around)),
            Question::Grants { grantee, action, resource } => {
                grants_access(&document, grantee, &[action], &[resource], &around)
            }
            Question::NewAccess { before } => grants_new_access(&parse(before), &document, &around),
            Question::Insecure { resource } => {
                find_insecure_request(&document, &[resource], &around)
            }
            Question::Outsider(account) => {
                let mut found = find_outsiders(&document, &[], &around);
                found.remove(&OutsiderName::Account(account.clone())).unwrap_or(Answer::No)
            }
            Question::Administrator => is_administrator(&document, &around),
            Question::Trust => join_answers(&open_trust_statements(&document, &around)),
        }
    }

    /// Returns what is wrong with an answer, if the request or the witness shows it.
    pub(crate) fn find_fault(
        &self,
        json: &Value,
        answer: &Answer,
        request: &Request,
    ) -> Option<String> {
        match answer {
            Answer::No if self.is_counterexample(json, request) => {
                Some(format!("the answer is no, but the evaluator allows {request:?}"))
            }
            Answer::Yes(witness) => self.find_witness_fault(json, &witness.request, request),
            _ => None,
        }
    }

    /// Returns whether a request shows that the answer is yes.
    fn is_counterexample(&self, json: &Value, request: &Request) -> bool {
        let decision = decide_request(&parse(json), request);
        match self {
            Question::Public => decision == Decision::Allowed && is_stranger(request, &[json]),
            Question::Grants { grantee, action, resource } => {
                decision == Decision::Allowed
                    && is_of_grantee(grantee, &request.caller)
                    && matches_glob(&action.to_lowercase(), &request.action.to_lowercase())
                    && matches_glob(resource, &request.resource)
            }
            Question::NewAccess { before } => {
                let old = decide_request(&parse(before), request);
                decision == Decision::Allowed
                    && matches!(old, Decision::ExplicitlyDenied | Decision::ImplicitlyDenied)
                    && !matches!(request.caller, Caller::Service(_))
            }
            Question::Insecure { resource } => {
                matches!(decision, Decision::Allowed | Decision::ImplicitlyDenied)
                    && is_insecure(request)
                    && is_sender(&request.caller)
                    && matches_glob(resource, &request.resource)
            }
            Question::Outsider(account) => {
                request.caller.account() == Some(account)
                    && names_and_allows(json, account, request)
            }
            Question::Administrator => false,
            Question::Trust => decision == Decision::Allowed && is_foreign_token(request, json),
        }
    }

    /// Returns what is wrong with the witness of a yes. `other` is another request of the document.
    fn find_witness_fault(
        &self,
        json: &Value,
        witness: &Request,
        other: &Request,
    ) -> Option<String> {
        let is_right = match self {
            Question::Administrator => {
                let denials_left_out = keep_statements(json, |one| one["Effect"] == "Allow");
                let allowed = decide_request(&parse(&denials_left_out), other);
                if matches!(other.caller, Caller::Identity { .. })
                    && matches!(allowed, Decision::ImplicitlyDenied)
                {
                    return Some(format!("the answer is yes, but {other:?} is not allowed"));
                }
                decide_request(&parse(json), witness) == Decision::Allowed
            }
            Question::Public | Question::Trust => {
                // The account of a stranger must not be in the document, either.
                let account = witness.caller.account();
                let is_named = account.is_some_and(|account| json.to_string().contains(account));
                decide_request(&parse(json), witness) == Decision::Allowed && !is_named
            }
            Question::Outsider(account) => {
                let source = witness.context.get("aws:sourceaccount").and_then(|all| all.first());
                let caller = witness.caller.account().or(source.map(String::as_str));
                decide_request(&parse(json), witness) == Decision::Allowed
                    && caller.is_none_or(|caller| caller == account)
            }
            question => {
                question.is_counterexample(json, witness) || {
                    let is_service = matches!(witness.caller, Caller::Service(_));
                    is_service && matches!(question, Question::NewAccess { .. })
                }
            }
        };
        let empty = if witness.action.is_empty() || witness.resource.is_empty() {
            "empty"
        } else {
            "wrong"
        };
        (!is_right).then(|| format!("the answer is yes, but the witness is {empty}: {witness:?}"))
    }
}

fn is_insecure(request: &Request) -> bool {
    request.context.get("aws:securetransport").is_some_and(|all| all == &["false"])
}

/// Returns whether a caller can send requests without TLS, as the question defines it.
fn is_sender(caller: &Caller) -> bool {
    matches!(caller, Caller::Anonymous | Caller::Identity { .. } | Caller::CanonicalUser(_))
}

/// Returns whether a caller belongs to a grantee.
fn is_of_grantee(grantee: &Grantee, caller: &Caller) -> bool {
    match (grantee, caller) {
        (Grantee::Holder, Caller::Identity { .. }) => true,
        (Grantee::Account(account), caller) => caller.account() == Some(account),
        (Grantee::Principal(arn), Caller::Identity { arn: own }) => arn == own,
        (Grantee::Service(name), Caller::Service(own)) => name == own,
        (Grantee::CanonicalUser(id), Caller::CanonicalUser(own)) => id == own,
        _ => false,
    }
}

/// Returns whether a token belongs to an organization that the document does not name.
fn is_foreign_token(request: &Request, json: &Value) -> bool {
    let subject = request.context.get("token.actions.githubusercontent.com:sub");
    let owner = subject.and_then(|all| all.first()).and_then(|text| text.split('/').next());
    // `repo:example-2` is another organization than `repo:example`.
    let is_named = owner.is_some_and(|owner| json.to_string().contains(&format!("{owner}/")));
    matches!(request.caller, Caller::Federated(_)) && owner.is_some() && !is_named
}

fn keep_statements(json: &Value, keep: impl Fn(&Value) -> bool) -> Value {
    let all = json["Statement"].as_array().unwrap();
    let kept: Vec<&Value> = all.iter().filter(|one| keep(one)).collect();
    json!({"Version": json["Version"], "Statement": kept})
}

/// Returns whether an `Allow` statement that names an account allows a request, after all `Deny`
/// statements.
fn names_and_allows(json: &Value, account: &str, request: &Request) -> bool {
    let root = format!("arn:aws:iam::{account}:root");
    let names = |statement: &Value| {
        let texts = crate::strangers::list_texts(&statement["Principal"]);
        texts.iter().any(|text| text == account || *text == root)
    };
    let bounded = keep_statements(json, |one| one["Effect"] == "Deny" || names(one));
    decide_request(&parse(&bounded), request) == Decision::Allowed
}

/// Returns whether a text matches a pattern with the wildcards `*` and `?`.
pub(crate) fn matches_glob(pattern: &str, text: &str) -> bool {
    let mut reached: Vec<bool> = vec![true];
    reached.resize(text.chars().count() + 1, false);
    for wanted in pattern.chars() {
        let mut next = vec![false; reached.len()];
        if wanted == '*' {
            let first = reached.iter().position(|at| *at).unwrap_or(next.len());
            next[first..].fill(true);
        } else {
            for (place, found) in text.chars().enumerate() {
                next[place + 1] = reached[place] && (wanted == '?' || wanted == found);
            }
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

/// How often each answer was given, by question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(BTreeMap<&'static str, [usize; 3]>);

impl Tally {
    /// Counts an answer.
    pub(crate) fn count_answer(&mut self, question: &Question, answer: &Answer) {
        let place = match answer {
            Answer::Yes(_) => 0,
            Answer::No => 1,
            Answer::Unknown(_) => 2,
        };
        self.0.entry(question.name()).or_default()[place] += 1;
    }

    /// Returns one line for each question.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |(name, [yes, no, unknown]): (&&str, &[usize; 3])| {
            format!("{name}: {yes} yes, {no} no, {unknown} unknown")
        };
        self.0.iter().map(line).collect()
    }
}
