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
mod export;
mod questions;
mod random;
mod reduce;
mod requests;
mod strangers;
mod vocabulary;

use std::collections::BTreeMap;

use documents::{DocumentKind, Sample, change_document, random_document};
use evenkeel_iam::{Caller, Grantee, Request, decide_request};
use export::Export;
use questions::{Question, Tally, parse};
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

/// Random documents, and what was found with them.
#[derive(Debug)]
struct Run {
    random: Random,
    export: Option<Export>,
    tally: Tally,
    faults: BTreeMap<String, Fault>,
}

impl Run {
    fn from_seed(seed: u64, export: Option<Export>) -> Self {
        let random = Random::from_seed(seed);
        Run { random, export, tally: Tally::default(), faults: BTreeMap::new() }
    }

    /// Checks the answers about a number of pairs.
    fn check_pairs(&mut self, pairs: usize) {
        for _ in 0..pairs.div_ceil(REQUESTS) {
            let sample = random_document(&mut self.random);
            let requests: Vec<Request> =
                (0..REQUESTS).map(|_| random_request(&sample, &mut self.random)).collect();
            let document = parse(&sample.json);
            for request in &requests {
                self.tally.count_decision(decide_request(&document, request));
            }
            if let Some(export) = &mut self.export {
                export.write_pairs(&sample.json, &document, &requests);
            }
            for question in list_questions(&sample, &requests, &mut self.random) {
                self.check_question(&sample, &question, &requests);
            }
        }
    }

    fn check_question(&mut self, sample: &Sample, question: &Question, requests: &[Request]) {
        let answer = question.ask(&sample.json);
        self.tally.count_answer(question, &answer);
        if let Some(export) = &mut self.export {
            export.write_question(&sample.json, question, &answer);
        }
        for request in requests {
            let Some(what) = question.find_fault(&sample.json, &answer, request) else { continue };
            let fault = |json: &Value| question.find_fault(json, &question.ask(json), request);
            // The reduced document shows the same kind of fault.
            let is_same =
                |json: &Value| fault(json).is_some_and(|one| fault_kind(&one) == fault_kind(&what));
            let document = reduce_document(&sample.json, &is_same);
            let what = fault(&document).unwrap();
            let name = format!("{} {document}", question.name());
            self.faults.insert(name, Fault { question: question.clone(), document, what });
            return;
        }
    }
}

/// Returns the part of a fault's text that does not depend on the document.
fn fault_kind(what: &str) -> &str {
    what.split_once(" {").map_or(what, |(kind, _)| kind)
}

#[test]
fn the_solver_agrees_with_the_evaluator_on_random_documents() {
    let pairs = read_number("ORACLE_PAIRS", PAIRS);
    let export = std::env::var("ORACLE_EXPORT").ok();
    let export = export.map(|name| Export::create_file(name.as_ref()));
    let seed = u64::try_from(read_number("ORACLE_SEED", 1)).unwrap();
    let mut run = Run::from_seed(seed, export);
    run.check_pairs(pairs);
    eprintln!("{pairs} pairs, {} faults", run.faults.len());
    for line in run.tally.lines() {
        eprintln!("{line}");
    }
    for Fault { question, document, what } in run.faults.values() {
        eprintln!("{question:?}\n  {document}\n  {what}");
    }
    assert!(run.faults.is_empty(), "the solver and the evaluator disagree");
}

/// Python with the packages of `iam/oracle/requirements.txt` must be named by `ORACLE_PYTHON`.
#[test]
#[ignore = "needs Python with Z3"]
fn a_second_opinion_agrees_on_a_sample() {
    let python = std::env::var("ORACLE_PYTHON").unwrap();
    let name = format!("evenkeel-oracle-{}.jsonl", std::process::id());
    let file = std::env::temp_dir().join(name);
    Run::from_seed(2, Some(Export::create_file(&file))).check_pairs(300);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/second_opinion.py");
    let status = std::process::Command::new(python)
        .args([script.as_ref(), file.as_os_str(), "--only".as_ref(), "pairs".as_ref()])
        .status();
    std::fs::remove_file(&file).unwrap();
    assert!(status.unwrap().success(), "the second opinion disagrees");
}
