//! The questions, and what contradicts their answers.

use std::collections::BTreeMap;

use evenkeel_iam::{
    Answer, Caller, Decision, Grantee, OutsiderName, PolicyDocument, Request, Surroundings,
    decide_request, find_insecure_request, find_outsiders, grants_access, grants_new_access,
    is_administrator, join_answers, open_trust_statements, public_statements,
};
use serde_json::{Value, json};

use crate::strangers::{comes_from_named_range, is_stranger, list_texts};
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

    /// Returns whether a request shows that the answer is yes. The answer is no for callers that the
    /// question does not consider.
    fn is_counterexample(&self, json: &Value, request: &Request) -> bool {
        let is_considered = match self {
            Question::Public => is_stranger(request, &[json]),
            Question::NewAccess { before } => {
                is_identity_or_named(&request.caller, &[before, json])
            }
            Question::Insecure { .. } => is_identity_or_named(&request.caller, &[json]),
            Question::Outsider(account) => {
                request.caller.account() == Some(account) && names_account(json, account, request)
            }
            Question::Trust => is_foreign_token(request, json),
            Question::Grants { .. } => true,
            Question::Administrator => false,
        };
        is_considered && self.is_answer(json, request)
    }

    /// Returns whether the question is about a request, and the request is decided so that the answer
    /// is yes.
    fn is_answer(&self, json: &Value, request: &Request) -> bool {
        let decision = decide_request(&parse(json), request);
        match self {
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
            }
            Question::Insecure { resource } => {
                matches!(decision, Decision::Allowed | Decision::ImplicitlyDenied)
                    && is_insecure(request)
                    && !matches!(request.caller, Caller::Service(_) | Caller::Federated(_))
                    && matches_glob(resource, &request.resource)
            }
            // The question is about the statements that name a provider.
            Question::Trust => {
                let named_only = keep_statements(json, |one| {
                    one["Effect"] == "Deny" || one["Principal"].get("Federated").is_some()
                });
                decision == Decision::Allowed
                    && decide_request(&parse(&named_only), request) == Decision::Allowed
            }
            _ => decision == Decision::Allowed,
        }
    }

    /// Returns what is wrong with the witness of a yes. `other` is another request of the document.
    fn find_witness_fault(
        &self,
        json: &Value,
        witness: &Request,
        other: &Request,
    ) -> Option<String> {
        let caller = &witness.caller;
        let is_right = match self {
            Question::Administrator => {
                let grants = keep_statements(json, |one| one["Effect"] == "Allow");
                let is_granted = !matches!(other.caller, Caller::Identity { .. })
                    || decide_request(&parse(&grants), other) != Decision::ImplicitlyDenied;
                if !is_granted {
                    return Some(format!("the answer is yes, but {other:?} is not allowed"));
                }
                true
            }
            // The account of a stranger must not be in the document, either.
            Question::Public | Question::Trust => {
                !caller.account().is_some_and(|account| json.to_string().contains(account))
            }
            Question::Outsider(account) => {
                let source = witness.context.get("aws:sourceaccount").and_then(|all| all.first());
                caller.account().or(source.map(String::as_str)).is_none_or(|one| one == account)
            }
            _ => true,
        } && self.is_answer(json, witness);
        let empty = if witness.action.is_empty() || witness.resource.is_empty() {
            "empty"
        } else {
            "wrong"
        };
        (!is_right).then(|| format!("the answer is yes, but the witness is {empty}: {witness:?}"))
    }
}

/// Returns whether a request can be without TLS. Then it has no TLS version, and no service forwards it.
fn is_insecure(request: &Request) -> bool {
    let has = |key: &str, value: &str| request.context.get(key).is_some_and(|all| all == &[value]);
    has("aws:securetransport", "false")
        && !has("aws:viaawsservice", "true")
        && !request.context.contains_key("s3:tlsversion")
}

/// Returns whether a caller is an identity or anonymous, or whether one of the documents names it.
fn is_identity_or_named(caller: &Caller, documents: &[&Value]) -> bool {
    match caller {
        Caller::Anonymous | Caller::Identity { .. } => true,
        Caller::Federated(name) | Caller::CanonicalUser(name) => {
            documents.iter().any(|json| json.to_string().contains(name))
        }
        // The services for which a service acts are not all asked about.
        Caller::Service(_) => false,
    }
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
    matches!(request.caller, Caller::Federated(_))
        && request.action == "sts:AssumeRoleWithWebIdentity"
        && owner.is_some()
        && !is_named
        && !comes_from_named_range(request, &list_texts(json))
}

fn keep_statements(json: &Value, keep: impl Fn(&Value) -> bool) -> Value {
    let all = json["Statement"].as_array().unwrap();
    let kept: Vec<&Value> = all.iter().filter(|one| keep(one)).collect();
    json!({"Version": json["Version"], "Statement": kept})
}

/// Returns whether the statements that name an account allow a request, after all `Deny` statements.
fn names_account(json: &Value, account: &str, request: &Request) -> bool {
    let root = format!("arn:aws:iam::{account}:root");
    let names = |statement: &Value| {
        let texts = list_texts(&statement["Principal"]);
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

/// How often each answer was given, by question, and each decision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    answers: BTreeMap<&'static str, [usize; 3]>,
    decisions: BTreeMap<&'static str, usize>,
}

/// Returns the name of a decision in reports and exported files.
pub(crate) fn decision_name(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "allowed",
        Decision::ExplicitlyDenied => "explicitly denied",
        Decision::ImplicitlyDenied => "implicitly denied",
        Decision::Unknown => "unknown",
    }
}

impl Tally {
    /// Counts the decision about a pair.
    pub(crate) fn count_decision(&mut self, decision: Decision) {
        *self.decisions.entry(decision_name(decision)).or_default() += 1;
    }

    /// Counts an answer.
    pub(crate) fn count_answer(&mut self, question: &Question, answer: &Answer) {
        let place = match answer {
            Answer::Yes(_) => 0,
            Answer::No => 1,
            Answer::Unknown(_) => 2,
        };
        self.answers.entry(question.name()).or_default()[place] += 1;
    }

    /// Returns one line for each question.
    pub(crate) fn lines(&self) -> Vec<String> {
        let decisions = self.decisions.iter().map(|(name, count)| format!("{count} {name}"));
        let decisions: Vec<String> = decisions.collect();
        let line = |(name, [yes, no, unknown]): (&&str, &[usize; 3])| {
            format!("{name}: {yes} yes, {no} no, {unknown} unknown")
        };
        let mut all = vec![format!("pairs: {}", decisions.join(", "))];
        all.extend(self.answers.iter().map(line));
        all
    }
}
