//! Tests waivers: they apply to the resources that they name, until they expire.

use crate::support::{Folder, ONE_POLICY, Run, evenkeel, violation};

fn run(waiver: &str) -> Run {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[violation(1), violation(2)]);
    let waiver = folder.write("waivers.yaml", waiver);
    let (log, waiver) = (log.to_str().unwrap(), waiver.to_str().unwrap());
    let args = ["replay", log, "--policies", ONE_POLICY, "--waivers", waiver];
    evenkeel(args.into_iter().chain(["--format", "jsonl", "--fail-on", "low"]))
}

fn waiver(what: &str, expires: &str) -> String {
    format!(
        "- id: w1\n  policies: [s3-bucket-encryption-removed]\n  {what}\n  reason: r\n  ticket: T-1\n  \
         approvedBy: me\n  expires: {expires}\n"
    )
}

fn waived(run: &Run) -> Vec<bool> {
    run.findings().iter().map(|finding| finding.get("waived").is_some()).collect()
}

#[test]
fn findings_that_a_waiver_names_are_marked_as_waived() {
    let by_name = run(&waiver("resource: bucket-1", "2026-12-31"));
    assert_eq!((waived(&by_name), by_name.code), (vec![true, false], 1), "{by_name:?}");
    let by_glob = run(&waiver("resource: 'bucket-*'", "2026-03-11"));
    assert_eq!((waived(&by_glob), by_glob.code), (vec![true, true], 0), "{by_glob:?}");
    let by_condition = run(&waiver("when: finding.resource.id.endsWith('2')", "2026-12-31"));
    assert_eq!(waived(&by_condition), [false, true], "{by_condition:?}");
}

#[test]
fn an_expired_waiver_does_not_apply() {
    assert_eq!(waived(&run(&waiver("resource: '*'", "2026-03-10"))), [false, false]);
}

#[test]
fn a_waiver_with_a_failing_condition_does_not_apply_and_is_reported() {
    let run = run(&waiver("when: finding.nothing == 1", "2026-12-31"));
    assert_eq!((waived(&run), run.code), (vec![false, false], 3), "{run:?}");
    assert!(run.err.contains("waiver `w1`: no such key: `nothing`"), "{}", run.err);
}

#[test]
fn an_invalid_waiver_stops_the_replay() {
    for (text, message) in [
        (waiver("resource: '*'", "soon"), "`soon` is not a valid date"),
        (waiver("accounts: ['1']", "2026-12-31"), "no `resource` and no `when`"),
        (waiver("resource: '*'", "2026-12-31").replace("removed", "remove"), "did you mean"),
        (waiver("resource: '*'\n  until: x", "2026-12-31"), "until"),
        (
            waiver("resource: '*'", "2026-12-31").replace("reason: r", "reason: ''"),
            "the `reason` of the waiver is empty",
        ),
    ] {
        let run = run(&text);
        assert!(run.code == 1 && run.err.contains(message), "{message}: {run:?}");
    }
}

#[test]
fn several_waiver_files_are_combined_and_the_applied_waiver_is_named() {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[violation(1), violation(2)]);
    let ended = waiver("resource: '*'", "2026-03-10").replace("w1", "ended");
    let ended = folder.write("ended.yaml", ended);
    let named = waiver("resource: bucket-1", "2026-12-31").replace("w1", "named");
    let named = folder.write("named.yaml", named);
    let other = waiver("accounts: ['9*']\n  resource: '*'", "2026-12-31").replace("w1", "other");
    let other = folder.write("other.yaml", other);
    let mut args =
        vec!["replay", log.to_str().unwrap(), "--policies", ONE_POLICY, "--format", "jsonl"];
    for file in [&ended, &named, &other] {
        args.extend(["--waivers", file.to_str().unwrap()]);
    }
    let run = evenkeel(args);
    assert_eq!(waived(&run), [true, false], "{run:?}");
    let applied = &run.findings()[0]["waived"];
    assert_eq!((&applied["waiver"], &applied["ticket"]), (&"named".into(), &"T-1".into()));
    assert!(run.err.contains("1 waived"), "{}", run.err);
}

#[test]
fn a_waiver_does_not_apply_to_an_event_with_an_unreadable_time() {
    let folder = Folder::new();
    let timeless = crate::support::with(violation(1), serde_json::json!({"eventTime": "someday"}));
    let log = folder.log("a.json.gz", &[timeless]);
    let waiver = folder.write("w.yaml", waiver("resource: '*'", "2099-12-31"));
    let args = ["replay", log.to_str().unwrap(), "--waivers", waiver.to_str().unwrap()];
    let run = evenkeel(args.into_iter().chain(["--policies", ONE_POLICY, "--format", "jsonl"]));
    assert_eq!(waived(&run), [false], "{run:?}");
}

#[test]
fn an_unreadable_waiver_file_stops_the_replay() {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[violation(1)]);
    for waivers in [folder.path().join("none.yaml"), folder.write("w.yaml", b"\xff\xfe")] {
        let run = evenkeel([
            "replay",
            log.to_str().unwrap(),
            "--policies",
            ONE_POLICY,
            "--waivers",
            waivers.to_str().unwrap(),
        ]);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{run:?}");
        assert!(run.err.contains(waivers.to_str().unwrap()), "{}", run.err);
    }
}
