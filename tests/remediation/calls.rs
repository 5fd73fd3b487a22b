//! The table of AWS calls that remediators make in the tests of the catalog (`calls.txt`). Other
//! tests compare the roles with this table, so they do not depend on the tests of the catalog.
//!
//! The tests of the catalog check the table in both directions: each call that a test makes must be
//! in the table, and the test that an entry names must make the call of the entry. `UPDATE=1 cargo
//! test -p evenkeel-remediators --test remediation catalog::` writes the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

use evenkeel_testing::project;

/// A call of a remediator, without the names of resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) remediator: String,
    /// The indexes of the statement of the session policy that allows the call, and of its
    /// resource.
    pub(crate) part: (usize, usize),
    pub(crate) action: String,
    /// The ARN of the resource, with `ID` in place of each name.
    pub(crate) resource: String,
}

/// The number of the remediator's stage in a test (from 1), and the name of the test.
type Maker = (usize, String);

/// The calls, each with the stage and the test that makes it.
pub(crate) type Table = BTreeMap<Call, Maker>;

fn file() -> PathBuf {
    project("tests/remediation/calls.txt")
}

/// Returns the table of `calls.txt`.
pub(crate) fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let text = std::fs::read_to_string(file()).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| {
                read(line).unwrap_or_else(|| panic!("calls.txt contains an invalid entry: {line}"))
            })
            .collect()
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

/// Returns an ARN with `ID` in place of each name.
pub(crate) fn without_names(arn: &str) -> String {
    let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
    let Some(resource) = parts.get(5).copied() else { return arn.to_owned() };
    // The part before a name is the type of the resource. In a path of API Gateway, types and names
    // alternate.
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

/// Returns the name of the running test, which is the name of its thread.
fn running() -> String {
    std::thread::current().name().unwrap().to_owned()
}

/// Returns the number of a new stage of a remediator in the running test, from 1.
pub(crate) fn number_stage(remediator: &str) -> usize {
    static OPENED: Mutex<BTreeMap<(String, String), usize>> = Mutex::new(BTreeMap::new());
    let mut opened = OPENED.lock().unwrap();
    let number = opened.entry((running(), remediator.to_owned())).or_default();
    *number = number.saturating_add(1);
    *number
}

/// Compares the calls of a remediator on one stage with the table. With `UPDATE=1`, writes the
/// calls to the table.
pub(crate) fn check_calls(remediator: &str, made: &BTreeSet<Call>, stage: usize) {
    let maker = (stage, running());
    if std::env::var_os("UPDATE").is_some() {
        return write(made, &maker);
    }
    let update = "UPDATE=1 cargo test -p evenkeel-remediators --test remediation catalog::";
    for call in made {
        assert!(
            table().contains_key(call),
            "calls.txt does not contain {call:?}; write it with: {update}"
        );
    }
    let own = table().iter().filter(|(call, by)| **by == maker && call.remediator == remediator);
    for (call, _) in own {
        assert!(
            made.contains(call),
            "the test no longer makes {call:?}; write calls.txt with: {update}"
        );
    }
}

/// Writes the table with all calls since the start of this process.
fn write(made: &BTreeSet<Call>, maker: &Maker) {
    static SEEN: Mutex<BTreeMap<Call, BTreeSet<Maker>>> = Mutex::new(BTreeMap::new());
    let mut seen = SEEN.lock().unwrap();
    for call in made {
        seen.entry(call.clone()).or_default().insert(maker.clone());
    }
    let mut lines = "# See calls.rs: remediator, indexes of the session policy's statement and resource, action, ARN, stage, test\n".to_owned();
    for (Call { remediator, part, action, resource }, by) in &*seen {
        let (statement, place) = part;
        let (stage, test) = by.first().unwrap();
        writeln!(lines, "{remediator} {statement} {place} {action} {resource} {stage} {test}")
            .unwrap();
    }
    std::fs::write(file(), lines).unwrap();
}

#[test]
fn names_in_arns_are_replaced_and_types_are_kept() {
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
        assert_eq!(without_names(arn), without);
    }
}

/// The test that an entry names checks the entry, so it must exist.
#[test]
fn every_test_that_the_table_names_exists() {
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
    assert!(
        gone.is_empty(),
        "the tests {gone:?} do not exist; write calls.txt again as described in calls.rs"
    );
}
