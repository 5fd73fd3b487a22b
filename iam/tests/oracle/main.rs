//! Checks the solver with random documents: its answers must agree with the evaluator, which decides
//! one request at a time and shares no code with it.
//!
//! `ORACLE_PAIRS` is the number of pairs of a document and a request, `ORACLE_SEED` the seed. With
//! `ORACLE_EXPORT`, the name of a file, the pairs are also written for `iam/oracle/second_opinion.py`.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot continue must fail"
)]

mod documents;
mod questions;
mod random;
mod reduce;
mod requests;
mod strangers;
mod vocabulary;

use std::collections::BTreeMap;

use documents::{DocumentKind, Sample, change_document, random_document};
use evenkeel_iam::{Caller, Grantee, Request};
use questions::{Question, Tally};
use random::Random;
use reduce::reduce_document;
use requests::random_request;
use serde_json::Value;
use vocabulary::OTHER;

/// The number of requests for each document.
const REQUESTS: usize = 5;
/// The number of pairs, unless `ORACLE_PAIRS` states another.
const PAIRS: usize = 2_000;

fn read_number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Returns the grantees of a document to which the caller of a request belongs.
fn grantees(kind: DocumentKind, caller: &Caller) -> Vec<Grantee> {
    match caller {
        Caller::Identity { .. } if kind == DocumentKind::Identity => vec![Grantee::Holder],
        Caller::Identity { arn } => {
            let account = caller.account().unwrap().to_owned();
            vec![Grantee::Account(account), Grantee::Principal(arn.clone())]
        }
        Caller::Service(name) => vec![Grantee::Service(name.clone())],
        Caller::CanonicalUser(id) => vec![Grantee::CanonicalUser(id.clone())],
        Caller::Anonymous | Caller::Federated(_) => Vec::new(),
    }
}

/// Returns questions about a document.
fn list_questions(sample: &Sample, requests: &[Request], random: &mut Random) -> Vec<Question> {
    let mut all = Vec::new();
    for request in requests {
        for grantee in grantees(sample.kind, &request.caller) {
            let service = request.action.split(':').next().unwrap();
            let (action, resource) = match random.below(4) {
                0 => (format!("{service}:*"), "*".to_owned()),
                1 => (request.action.clone(), "arn:*".to_owned()),
                _ => (request.action.clone(), request.resource.clone()),
            };
            all.push(Question::Grants { grantee, action, resource });
        }
    }
    match sample.kind {
        DocumentKind::Identity => all.push(Question::Administrator),
        DocumentKind::Trust => all.push(Question::Trust),
        DocumentKind::Resource => {
            all.push(Question::Public);
            all.push(Question::Outsider(OTHER.to_owned()));
            let resource = random.pick(requests).resource.clone();
            all.push(Question::Insecure { resource });
        }
    }
    all.push(Question::NewAccess { before: change_document(sample, random) });
    all
}

/// A fault of the solver, with the smallest document that shows it.
#[derive(Debug)]
struct Fault {
    question: Question,
    document: Value,
    what: String,
}

/// Checks the answers about a document.
fn check_document(
    sample: &Sample,
    requests: &[Request],
    random: &mut Random,
    tally: &mut Tally,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for question in list_questions(sample, requests, random) {
        let answer = question.ask(&sample.json);
        tally.count_answer(&question, &answer);
        for request in requests {
            let fault = |json: &Value| question.find_fault(json, &question.ask(json), request);
            if let Some(found) = question.find_fault(&sample.json, &answer, request) {
                // The reduced document shows the same kind of fault.
                let kind = fault_kind(&found);
                let is_same =
                    |json: &Value| fault(json).is_some_and(|one| fault_kind(&one) == kind);
                let document = reduce_document(&sample.json, &is_same);
                let what = fault(&document).unwrap();
                faults.push(Fault { question: question.clone(), document, what });
                break;
            }
        }
    }
    faults
}

/// Returns the part of a fault's text that does not depend on the document.
fn fault_kind(what: &str) -> &str {
    what.split_once(" {").map_or(what, |(kind, _)| kind)
}

#[test]
fn the_solver_agrees_with_the_evaluator_on_random_documents() {
    let pairs = read_number("ORACLE_PAIRS", PAIRS);
    let mut random = Random::from_seed(read_number("ORACLE_SEED", 1) as u64);
    let mut tally = Tally::default();
    let mut faults: BTreeMap<String, Fault> = BTreeMap::new();
    let mut count = 0;
    for _ in 0..pairs.div_ceil(REQUESTS) {
        let sample = random_document(&mut random);
        let requests: Vec<Request> =
            (0..REQUESTS).map(|_| random_request(&sample, &mut random)).collect();
        for fault in check_document(&sample, &requests, &mut random, &mut tally) {
            count += 1;
            faults.insert(format!("{} {}", fault.question.name(), fault.document), fault);
        }
    }
    for line in tally.lines() {
        eprintln!("{line}");
    }
    eprintln!("{pairs} pairs, {count} faults");
    for fault in faults.values() {
        eprintln!("{:?}\n  {}\n  {}", fault.question, fault.document, fault.what);
    }
    assert_eq!(count, 0, "the solver and the evaluator disagree");
}
