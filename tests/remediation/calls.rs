//! What the catalog's tests have remediators ask of AWS, as a table that is checked in: roles are held against it by other
//! tests, which so need not run after those.
//!
//! It is held both ways: each call that a test sees must be in the table; and each entry names a test, and which of its stages
//! of that remediator must make that call. `UPDATE=1 cargo test -p evenkeel-remediators --test remediation catalog::` writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

use evenkeel_testing::project;

/// A kind of call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) remediator: String,
    /// Which statement of the session's policy allowed it, and which resource of that.
    pub(crate) part: (usize, usize),
    pub(crate) action: String,
    /// The ARN of what it was on, with `ID` in the place of each name.
    pub(crate) resource: String,
}

/// Which of a remediator's stages in which test.
type Maker = (usize, String);

/// The calls, each with who makes it.
pub(crate) type Table = BTreeMap<Call, Maker>;

fn file() -> PathBuf {
    project("tests/remediation/calls.txt")
}

/// The table as it is checked in.
pub(crate) fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let text = std::fs::read_to_string(file()).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| read(line).unwrap_or_else(|| panic!("no entry: {line}"))).collect()
    });
    &TABLE
}

fn read(line: &str) -> Option<(Call, Maker)> {
    let mut words = line.split(' ').map(str::to_owned);
    let (remediator, statement, place) = (words.next()?, words.next()?, words.next()?);
    let part = (statement.parse().ok()?, place.parse().ok()?);
    let call = Call { remediator, part, action: words.next()?, resource: words.next()? };
    Some((call, (words.next()?.parse().ok()?, words.next()?)))
}

/// An ARN with `ID` in the place of each name.
pub(crate) fn nameless(arn: &str) -> String {
    let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
    let Some(resource) = parts.get(5).copied() else { return arn.to_owned() };
    // What stands before a name says of what kind it is; a path of API Gateway has names of kinds and of things in turn.
    let separator = if resource.contains('/') { '/' } else { ':' };
    let mut words: Vec<&str> = resource.split(separator).collect();
    let paths = resource.starts_with('/');
    let kind = paths || words.len() > 1;
    for (place, word) in words.iter_mut().enumerate() {
        let is_name = if paths { place > 0 && place % 2 == 0 } else { place > 0 || !kind };
        if is_name {
            *word = "ID";
        }
    }
    let resource = words.join(&separator.to_string());
    parts[5] = &resource;
    parts.join(":")
}

/// The test that runs: its thread has its name.
fn running() -> String {
    std::thread::current().name().unwrap().to_owned()
}

/// Counts the stages of a remediator in the test that runs.
pub(crate) fn number_stage(remediator: &str) -> usize {
    static OPENED: Mutex<BTreeMap<(String, String), usize>> = Mutex::new(BTreeMap::new());
    let mut opened = OPENED.lock().unwrap();
    let number = opened.entry((running(), remediator.to_owned())).or_default();
    *number = number.saturating_add(1);
    *number
}

/// Holds the calls of a remediator on one stage against the table, or writes them into it.
pub(crate) fn hold(remediator: &str, made: &BTreeSet<Call>, stage: usize) {
    let maker = (stage, running());
    if std::env::var_os("UPDATE").is_some() {
        return write(made, &maker);
    }
    let update = "UPDATE=1 cargo test -p evenkeel-remediators --test remediation catalog::";
    for call in made {
        assert!(table().contains_key(call), "calls.txt has no {call:?}; write it with: {update}");
    }
    let own = table().iter().filter(|(call, by)| **by == maker && call.remediator == remediator);
    for (call, _) in own {
        assert!(
            made.contains(call),
            "{call:?} is not made any more; write calls.txt with: {update}"
        );
    }
}

/// Writes the table anew, with what was seen since this process began.
fn write(made: &BTreeSet<Call>, maker: &Maker) {
    static SEEN: Mutex<BTreeMap<Call, BTreeSet<Maker>>> = Mutex::new(BTreeMap::new());
    let mut seen = SEEN.lock().unwrap();
    for call in made {
        seen.entry(call.clone()).or_default().insert(maker.clone());
    }
    let mut lines = "# See calls.rs: remediator, which statement and resource of its session's policy, action, ARN, stage, test\n".to_owned();
    for (Call { remediator, part, action, resource }, by) in &*seen {
        let (statement, place) = part;
        let (stage, test) = by.first().unwrap();
        writeln!(lines, "{remediator} {statement} {place} {action} {resource} {stage} {test}")
            .unwrap();
    }
    std::fs::write(file(), lines).unwrap();
}

#[test]
fn names_are_left_out_of_arns_and_kinds_are_not() {
    for (arn, without) in [
        ("*", "*"),
        ("arn:aws:s3:::b-1", "arn:aws:s3:::ID"),
        ("arn:aws:kms:eu-central-1:1:key/x-1", "arn:aws:kms:eu-central-1:1:key/ID"),
        ("arn:aws:lambda:r:1:function:f:live", "arn:aws:lambda:r:1:function:ID:ID"),
        ("arn:aws:sqs:r:1:q", "arn:aws:sqs:r:1:ID"),
        (
            "arn:aws:apigateway:r::/restapis/a1/stages/live",
            "arn:aws:apigateway:r::/restapis/ID/stages/ID",
        ),
        ("arn:aws:apigateway:r::/domainnames", "arn:aws:apigateway:r::/domainnames"),
    ] {
        assert_eq!(nameless(arn), without);
    }
}

/// What an entry says is held by the test that it names: so each is there.
#[test]
fn every_test_that_the_table_names_is_there() {
    let list = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--list", "--format", "terse"])
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let tests: BTreeSet<&str> =
        list.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let named = table().values().map(|by| &by.1);
    let gone = named.filter(|test| !tests.contains(test.as_str()));
    let gone: BTreeSet<&String> = gone.collect();
    assert!(gone.is_empty(), "{gone:?} are gone: write calls.txt again, as calls.rs says");
}
