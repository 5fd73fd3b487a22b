//! Asks every question about each document of files, and reports the answers and their times.
//!
//! The arguments are files with one JSON value a line: a policy document, or an object with the
//! fields `name` and `document`. With `--changes`, it also compares each document with itself and with
//! the one before it. The benchmark asserts no times.
#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::error::Error;
use std::fs;
use std::time::{Duration, Instant};

use evenkeel_iam::{
    Answer, Grantee, PolicyDocument, Surroundings, find_insecure_request, find_outsiders,
    grants_access, grants_all, grants_new_access, is_administrator, join_answers,
    open_trust_statements, public_statements,
};
use serde_json::Value;

/// The number of runs for each answer. The fastest counts.
const RUNS: usize = 3;
/// The number of the slowest answers in the report.
const SLOWEST: usize = 10;

/// The actions for which the benchmark asks whether the holder of a policy has them.
const ACTIONS: &[&str] =
    &["iam:PassRole", "kms:Decrypt", "s3:GetObject", "sts:AssumeRole", "ec2:RunInstances"];

/// A document of a file.
struct Named {
    name: String,
    document: PolicyDocument,
}

/// An answer to a question, and how long it took.
struct Timed {
    question: String,
    name: String,
    answer: Answer,
    time: Duration,
}

type Question = Box<dyn Fn(&PolicyDocument) -> Answer>;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).filter(|one| !one.starts_with('-')).collect();
    if files.is_empty() {
        println!("No file is named: cargo bench -p evenkeel-iam --bench documents -- FILE...");
        return Ok(());
    }
    let mut all = Vec::new();
    for file in &files {
        all.extend(read_documents(file)?);
    }
    let mut timed = Vec::new();
    for (question, ask) in questions() {
        for one in &all {
            timed.push(time_answer(&question, &one.name, &|| ask(&one.document)));
        }
    }
    if std::env::args().any(|one| one == "--changes") {
        timed.extend(changes(&all));
    }
    print!("{}", report(&timed));
    Ok(())
}

fn read_documents(file: &str) -> Result<Vec<Named>, Box<dyn Error>> {
    let mut all = Vec::new();
    for (number, line) in fs::read_to_string(file)?.lines().enumerate() {
        let json: Value = serde_json::from_str(line)?;
        let name = json.get("name").and_then(Value::as_str).map(str::to_owned);
        let name = name.unwrap_or_else(|| format!("line {}", number.saturating_add(1)));
        match PolicyDocument::from_json(json.get("document").unwrap_or(&json)) {
            Ok(document) => all.push(Named { name, document }),
            Err(error) => println!("{name} is not read: {error}"),
        }
    }
    Ok(all)
}

/// Returns the questions about one document.
fn questions() -> Vec<(String, Question)> {
    let own = || Surroundings { account: Some("111122223333".to_owned()), ..Default::default() };
    let mut all: Vec<(String, Question)> = vec![
        ("is_administrator".to_owned(), Box::new(move |one| is_administrator(one, &own()))),
        (
            "grants_all iam:*".to_owned(),
            Box::new(move |one| grants_all(one, &["iam:*"], &["*"], &own())),
        ),
        (
            "public_statements".to_owned(),
            Box::new(move |one| join_answers(&public_statements(one, &own()))),
        ),
        ("find_outsiders".to_owned(), Box::new(move |one| outsiders(one, &own()))),
        (
            "find_insecure_request".to_owned(),
            Box::new(move |one| find_insecure_request(one, &[], &own())),
        ),
        (
            "open_trust_statements".to_owned(),
            Box::new(move |one| join_answers(&open_trust_statements(one, &own()))),
        ),
    ];
    for action in ACTIONS {
        let ask = move |one: &PolicyDocument| {
            grants_access(one, &Grantee::Holder, &[action], &["*"], &own())
        };
        all.push((format!("grants_access {action}"), Box::new(ask)));
    }
    all
}

fn outsiders(document: &PolicyDocument, surroundings: &Surroundings) -> Answer {
    let found = find_outsiders(document, &[], surroundings);
    found.into_values().fold(Answer::No, |all, one| all.or_else(|| one))
}

/// Asks whether a document grants more than itself, and more than the document before it.
fn changes(all: &[Named]) -> Vec<Timed> {
    let mut timed = Vec::new();
    for one in all {
        let ask = || grants_new_access(&one.document, &one.document, &Surroundings::default());
        timed.push(time_answer("grants_new_access same", &one.name, &ask));
    }
    for pair in all.windows(2) {
        let [before, after] = pair else { continue };
        let ask = || grants_new_access(&before.document, &after.document, &Surroundings::default());
        timed.push(time_answer("grants_new_access other", &after.name, &ask));
    }
    timed
}

fn time_answer(question: &str, name: &str, ask: &dyn Fn() -> Answer) -> Timed {
    let run = || {
        let start = Instant::now();
        let answer = ask();
        (start.elapsed(), answer)
    };
    let (mut time, answer) = run();
    for _ in 1..RUNS {
        time = time.min(run().0);
    }
    Timed { question: question.to_owned(), name: name.to_owned(), answer, time }
}

fn report(timed: &[Timed]) -> String {
    let mut text = String::from(
        "question                     documents    yes     no unknown  median us     p99 us     max us\n",
    );
    let mut questions: Vec<&str> = timed.iter().map(|one| one.question.as_str()).collect();
    questions.dedup();
    for question in questions {
        text.push_str(&row(question, timed.iter().filter(|one| one.question == question)));
    }
    text.push_str(&row("all", timed.iter()));
    text.push_str("\nSlowest:\n");
    let mut slowest: Vec<&Timed> = timed.iter().collect();
    slowest.sort_by_key(|one| std::cmp::Reverse(one.time));
    for one in slowest.iter().take(SLOWEST) {
        let time = one.time.as_micros();
        text.push_str(&format!("{time:>9} us  {} of {}\n", one.question, one.name));
    }
    text.push_str("\nUnknown:\n");
    for one in timed {
        if matches!(one.answer, Answer::Unknown(_)) {
            text.push_str(&format!("{} of {}: {}\n", one.question, one.name, one.answer));
        }
    }
    text
}

fn row<'t>(question: &str, answers: impl Iterator<Item = &'t Timed>) -> String {
    let (mut durations, mut yes, mut no, mut unknown) = (Vec::new(), 0_u32, 0_u32, 0_u32);
    for each in answers {
        durations.push(each.time.as_micros());
        let count = match each.answer {
            Answer::Yes(_) => &mut yes,
            Answer::No => &mut no,
            Answer::Unknown(_) => &mut unknown,
        };
        *count = count.saturating_add(1);
    }
    durations.sort_unstable();
    let at = |percent: usize| {
        let last = durations.len().saturating_sub(1);
        let place = last.saturating_mul(percent).div_ceil(100);
        durations.get(place).copied().unwrap_or_default()
    };
    let (middle, most, longest) = (at(50), at(99), at(100));
    format!(
        "{question:<28} {:>9} {yes:>6} {no:>6} {unknown:>7} {middle:>10} {most:>10} {longest:>10}\n",
        durations.len()
    )
}
