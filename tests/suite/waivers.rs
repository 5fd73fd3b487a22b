//! A waiver suppresses what it names, until it ends, and never by mistake.

use crate::support::{Folder, Run, evenkeel, violation};

fn run(waiver: &str) -> Run {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[violation(1), violation(2)]);
    let waiver = folder.write("waivers.yaml", waiver);
    let (log, waiver) = (log.to_str().unwrap(), waiver.to_str().unwrap());
    evenkeel(["replay", log, "--waivers", waiver, "--format", "jsonl", "--fail-on", "low"])
}

fn waiver(what: &str, expires: &str) -> String {
    format!(
        "- id: w1\n  policies: [s3-bucket-encryption-removed]\n  {what}\n  reason: r\n  ticket: T-1\n  \
         approvedBy: me\n  expires: {expires}\n"
    )
}

fn suppressed(run: &Run) -> Vec<bool> {
    run.findings().iter().map(|finding| finding.get("suppressed").is_some()).collect()
}

#[test]
fn what_it_names_is_written_as_suppressed() {
    let by_name = run(&waiver("resource: bucket-1", "2026-12-31"));
    assert_eq!((suppressed(&by_name), by_name.code), (vec![true, false], 1), "{by_name:?}");
    let by_glob = run(&waiver("resource: 'bucket-*'", "2026-03-11"));
    assert_eq!((suppressed(&by_glob), by_glob.code), (vec![true, true], 0), "{by_glob:?}");
    let by_condition = run(&waiver("when: finding.resource.id.endsWith('2')", "2026-12-31"));
    assert_eq!(suppressed(&by_condition), [false, true], "{by_condition:?}");
}

#[test]
fn one_that_has_ended_suppresses_nothing() {
    assert_eq!(suppressed(&run(&waiver("resource: '*'", "2026-03-10"))), [false, false]);
}

#[test]
fn one_whose_condition_fails_suppresses_nothing_and_is_named() {
    let run = run(&waiver("when: finding.nothing == 1", "2026-12-31"));
    assert_eq!((suppressed(&run), run.code), (vec![false, false], 3), "{run:?}");
    assert!(run.err.contains("waiver `w1`: no such key: `nothing`"), "{}", run.err);
}

#[test]
fn one_that_is_wrong_stops_the_replay() {
    for (text, message) in [
        (waiver("resource: '*'", "soon"), "`soon` is no day"),
        (waiver("accounts: ['1']", "2026-12-31"), "needs a `resource` or a `when`"),
        (waiver("resource: '*'", "2026-12-31").replace("removed", "remove"), "did you mean"),
        (waiver("resource: '*'\n  until: x", "2026-12-31"), "until"),
        (
            waiver("resource: '*'", "2026-12-31").replace("reason: r", "reason: ''"),
            "needs a reason",
        ),
    ] {
        let run = run(&text);
        assert!(run.code == 1 && run.err.contains(message), "{message}: {run:?}");
    }
}
