//! What is deployed is what was checked: refusals, what changes, conflicts, the way back, and the same verdicts.

use std::path::{Path, PathBuf};

use evenkeel_ledger::Ledger;
use evenkeel_rules::{EventFilter, RecordEvaluator, RecordOutcome};
use serde_json::{Value, json};

use crate::support::{Folder, Run, evenkeel, violation, with};

const POLICY: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}
// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
// parameters:
//   prefix: {type: string, default: bucket}
// message: m {{request.bucketName}}
request.bucketName.startsWith(params.prefix)
";

const CASES: &str = "base:
  delete: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption, requestParameters: {bucketName: bucket}}
cases:
  - {name: wrong, expect: NON_COMPLIANT}
  - {name: right, merge: {requestParameters: {bucketName: x}}, expect: COMPLIANT}
";

/// A folder of one policy, and a ledger.
struct House {
    folder: Folder,
    ledger: Folder,
}

impl House {
    fn new() -> House {
        let (folder, ledger) = (Folder::new(), Folder::new());
        folder.write("s3/mine.cel", POLICY);
        folder.write("s3/mine.test.yaml", CASES);
        House { folder, ledger }
    }

    fn deploy(&self, flags: &[&str]) -> Run {
        let places = [self.folder.path().to_str().unwrap(), "--ledger"];
        let args = ["deploy-bundle"].into_iter().chain(places);
        evenkeel(args.chain([self.ledger.path().to_str().unwrap()]).chain(flags.iter().copied()))
    }

    fn changes(&self) -> Value {
        let run = self.deploy(&["--yes", "--format", "json"]);
        assert_eq!(run.code, 0, "{run:?}");
        serde_json::from_str(&run.out).unwrap()
    }

    fn manifest(&self) -> Value {
        let record = std::fs::read(self.manifest_path()).unwrap();
        serde_json::from_slice(&record).unwrap()
    }

    fn manifest_path(&self) -> PathBuf {
        self.ledger.path().join("bundle/manifest.json")
    }

    fn is_empty(&self) -> bool {
        std::fs::read_dir(self.ledger.path()).unwrap().next().is_none()
    }

    /// The version that `--history` says holds.
    fn holds(&self) -> String {
        let run = self.deploy(&["--history"]);
        let line = run.out.lines().find(|line| line.contains("  holds  ")).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    }

    /// The resources that the ledger's bundle finds wrong, and by which waiver they are accepted.
    fn verdicts(&self) -> Vec<(String, Option<String>)> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ledger = Ledger::open_folder(self.ledger.path()).unwrap();
        let bundle = runtime.block_on(ledger.load_bundle("")).unwrap().unwrap();
        let filter = EventFilter::default();
        let mut judge = RecordEvaluator::new(&bundle.set, &bundle.waivers, &filter);
        let mut verdicts = Vec::new();
        for number in 1..=3 {
            let judged = judge.evaluate_record(violation(number).to_string().as_bytes()).unwrap();
            let RecordOutcome::Evaluated(event) = judged else { continue };
            let verdict = |finding: &evenkeel_rules::Finding| {
                let waiver = finding.suppressed.as_ref().map(|one| one.waiver.clone());
                (finding.resource.id.clone(), waiver)
            };
            verdicts.extend(event.findings().map(verdict));
        }
        verdicts
    }
}

fn waiver(resource: &str, expires: &str) -> String {
    format!(
        "- {{id: w1, policies: [mine], resource: '{resource}', reason: r, approvedBy: me, \
         expires: {expires}}}\n"
    )
}

/// A change to the folder, and what must be told of it.
type Broken = (&'static str, fn(&Folder) -> PathBuf, &'static str);

#[test]
fn what_is_wrong_fails_or_is_untested_is_refused() {
    let broken: [Broken; 6] = [
        ("compile", |f| f.write("s3/mine.cel", POLICY.replace("starts", "start")), "startsWith"),
        ("case", |f| f.write("s3/mine.test.yaml", CASES.replace("base", "bass")), "bass"),
        ("fails", |f| f.write("s3/mine.test.yaml", CASES.replace(": x", ": bucket")), "FAIL"),
        ("untested", |f| f.write("s3/other.cel", POLICY), "`other` has no cases"),
        ("waiver", |f| f.write("waivers/a.yaml", "- id: w"), "a.yaml"),
        ("setting", |f| f.write("settings.yaml", "parameters: {mine: {prefix: 1}}"), "no string"),
    ];
    for (what, breaks, told) in broken {
        let house = House::new();
        breaks(&house.folder);
        let run = house.deploy(&["--yes"]);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{what}: {run:?}");
        assert!(run.err.contains(told), "{what}: {}", run.err);
        assert!(house.is_empty(), "{what}: something was written");
        let run = house.deploy(&["--yes", "--untested"]);
        assert_eq!(run.code, i32::from(what != "untested"), "{what}: {run:?}");
    }
}

#[test]
fn nothing_is_written_without_a_yes() {
    let house = House::new();
    let run = house.deploy(&["--dry-run"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("+ s3/mine.cel"), "{}", run.out);
    let run = house.deploy(&[]);
    assert!(run.code == 2 && run.err.contains("--yes"), "{run:?}");
    assert!(house.is_empty());
}

#[test]
fn the_first_bundle_judges_as_the_folder_does_and_a_second_one_changes_nothing() {
    let house = House::new();
    house.folder.write("settings.yaml", "parameters: {mine: {prefix: bucket-}}\n");
    house.folder.write("waivers/a.yaml", waiver("bucket-2", "2099-12-31"));
    assert_eq!(house.deploy(&["--yes"]).code, 0);
    let expected = [("bucket-1", None), ("bucket-2", Some("w1")), ("bucket-3", None)];
    let expected = expected.map(|(id, waiver)| (id.to_owned(), waiver.map(str::to_owned)));
    assert_eq!(house.verdicts(), expected);
    let manifest = house.manifest();
    let names: Vec<&String> = manifest["files"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["s3/mine.cel", "settings.yaml", "waivers/a.yaml"]);
    assert_eq!(manifest["checked_by"], env!("CARGO_PKG_VERSION"));
    let before = std::fs::read(house.manifest_path()).unwrap();
    let run = house.deploy(&[]);
    assert!(run.code == 0 && run.out.contains("nothing has changed"), "{run:?}");
    assert_eq!(std::fs::read(house.manifest_path()).unwrap(), before);
}

#[test]
fn a_manifest_of_before_is_read_and_replaced() {
    let house = House::new();
    assert_eq!(house.deploy(&["--yes"]).code, 0);
    let files = house.manifest()["files"].clone();
    house.ledger.write("bundle/manifest.json", json!({"files": files}).to_string());
    assert_eq!(house.verdicts().len(), 3);
    let run = house.deploy(&["--yes"]);
    assert!(run.code == 0 && run.out.contains("checked by nobody -> "), "{run:?}");
    assert_eq!(house.manifest()["files"], files);
}

#[test]
fn what_changes_is_told() {
    let house = House::new();
    house.folder.write("waivers/a.yaml", waiver("bucket-2", "2099-12-31"));
    let first = house.changes();
    assert_eq!(first["from"], Value::Null);
    assert_eq!(first["watched"], json!(["s3.amazonaws.com DeleteBucketEncryption"]));
    let auto = POLICY.replace("DeleteBucketEncryption}", "PutBucketEncryption}").replace(
        "// message",
        "// remediation: {run: kms-enable-rotation, mode: auto}\n// message",
    );
    house.folder.write("s3/mine.cel", auto);
    house.folder.write("s3/mine.test.yaml", CASES.replace("Delete", "Put"));
    house.folder.write("settings.yaml", "parameters: {mine: {prefix: b}}\n");
    house.folder.write("waivers/a.yaml", waiver("*", "2020-01-01"));
    let shown = house.deploy(&["--dry-run"]);
    assert!(shown.out.contains("REPAIRS BY ITSELF: mine goes from none to auto"), "{}", shown.out);
    assert!(shown.out.contains("w1 has ended on 2020-01-01"), "{}", shown.out);
    let changes = house.changes();
    assert_eq!(changes["watched"], json!(["s3.amazonaws.com PutBucketEncryption"]));
    assert_eq!(changes["unwatched"], json!(["s3.amazonaws.com DeleteBucketEncryption"]));
    let mode = json!([{"policy": "mine", "before": null, "after": "auto"}]);
    assert_eq!(changes["modes"], mode);
    let setting =
        json!([{"policy": "mine", "parameter": "prefix", "before": "bucket", "after": "b"}]);
    assert_eq!(changes["settings"], setting);
    assert_eq!(changes["waivers"][0]["before"]["resource"], "bucket-2");
    assert_eq!(changes["waivers"][0]["after"]["resource"], "*");
    assert_eq!(changes["files"][0]["name"], "s3/mine.cel");
    let diff = changes["files"][0]["diff"].as_str().unwrap();
    assert!(diff.contains("\n+// remediation: {run"), "{diff}");
    std::fs::remove_file(house.folder.path().join("waivers/a.yaml")).unwrap();
    let gone = house.changes();
    assert_eq!(gone["files"], json!([{"name": "waivers/a.yaml", "what": "removed"}]));
    assert_eq!(gone["waivers"][0]["after"], Value::Null);
}

#[test]
fn an_earlier_bundle_comes_back_and_the_later_one_is_kept() {
    let house = House::new();
    let run = house.deploy(&["--rollback", "--yes"]);
    assert!(run.code == 2 && run.err.contains("no bundle was deployed before"), "{run:?}");
    assert_eq!(house.deploy(&["--yes"]).code, 0);
    let (first, record) = (house.holds(), std::fs::read(house.manifest_path()).unwrap());
    house.folder.write("settings.yaml", "parameters: {mine: {prefix: other}}\n");
    assert_eq!(house.deploy(&["--yes"]).code, 0);
    let second = house.holds();
    assert_eq!(house.verdicts(), []);
    let dry = house.deploy(&["--rollback", "--dry-run"]);
    assert!(dry.out.contains("mine.prefix: \"other\" -> \"bucket\""), "{}", dry.out);
    assert_eq!(house.deploy(&["--rollback", "--yes"]).code, 0);
    assert_eq!(std::fs::read(house.manifest_path()).unwrap(), record);
    assert_eq!((house.holds(), house.verdicts().len()), (first.clone(), 3));
    assert_eq!(house.deploy(&["--yes", "--rollback", &second]).code, 0);
    assert_eq!((house.holds(), house.verdicts().len()), (second.clone(), 0));
    let listed = house.deploy(&["--history"]).out;
    let versions: Vec<&str> =
        listed.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(versions, [second.as_str(), first.as_str()], "{listed}");
    for (version, told) in [("", "begins several"), ("f00", "no bundle `f00` was replaced")] {
        let run = house.deploy(&["--yes", &format!("--rollback={version}")]);
        assert!(run.code == 2 && run.err.contains(told), "{version}: {run:?}");
    }
}

/// A bundle that the functions refuse must not stand in the way of a good one.
#[test]
fn a_broken_bundle_is_named_and_replaced() {
    for manifest in ["{", r#"{"files": {"a.cel": "0"}}"#, r#"{"files": {}, "signed": true}"#] {
        let house = House::new();
        house.ledger.write("bundle/manifest.json", manifest);
        let run = house.deploy(&["--yes"]);
        assert_eq!(run.code, 0, "{manifest}: {run:?}");
        assert!(run.out.contains("the bundle that holds is broken"), "{manifest}: {}", run.out);
        assert_eq!(house.verdicts().len(), 3);
        assert_eq!(house.deploy(&["--history"]).out.lines().count(), 2);
    }
}

#[test]
fn a_file_in_the_ledger_that_is_not_what_its_name_says_stops_it() {
    let house = House::new();
    assert_eq!(house.deploy(&["--yes"]).code, 0);
    let digest = house.manifest()["files"]["s3/mine.cel"].as_str().unwrap().to_owned();
    std::fs::remove_file(house.manifest_path()).unwrap();
    house.ledger.write(&format!("bundle/files/{digest}"), "true");
    let run = house.deploy(&["--yes"]);
    assert!(run.code == 1 && run.err.contains(&digest), "{run:?}");
    assert!(!house.manifest_path().exists());
}

/// The support's own check finds characters that deceive; here, that the words come at all.
#[test]
fn hostile_text_is_shown_escaped_and_reasons_are_not_shown() {
    let house = House::new();
    let hostile = |reason: &str| {
        waiver("a\u{202e}b", "2099-12-31").replace("reason: r", &format!("reason: '{reason}'"))
    };
    house.folder.write("waivers/a.yaml", hostile("the password is hunter2"));
    let policy = format!("{POLICY}// \u{9b}2J\u{202e}\n");
    house.folder.write("s3/mine.cel", &policy);
    let first = house.deploy(&["--yes"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.out.contains("resource a\\u{202e}b"), "{}", first.out);
    house.folder.write("waivers/a.yaml", hostile("the password was hunter2"));
    house.folder.write("s3/mine.cel", policy + "// \u{1b}]0;owned\u{7}\n");
    let second = house.deploy(&["--dry-run"]);
    assert!(second.out.contains("+// \\u{1b}]0;owned\\u{7}"), "{}", second.out);
    assert!(second.out.contains("~ waivers/a.yaml"), "{}", second.out);
    let json = house.deploy(&["--dry-run", "--format", "json"]);
    for run in [first, second, json] {
        assert!(!format!("{}{}", run.out, run.err).contains("hunter2"), "{run:?}");
    }
}

#[test]
fn waivers_of_another_folder_go_along() {
    let (house, other) = (House::new(), Folder::new());
    other.write("team.yaml", waiver("bucket-1", "2099-12-31"));
    let flags = ["--yes", "--waivers", other.path().to_str().unwrap()];
    assert_eq!(house.deploy(&flags).code, 0);
    assert_eq!(house.verdicts()[0].1.as_deref(), Some("w1"));
    house.folder.write("waivers/team.yaml", waiver("bucket-1", "2099-12-31"));
    let run = house.deploy(&flags);
    assert!(run.code == 2 && run.err.contains("two files `waivers/team.yaml`"), "{run:?}");
}

#[test]
fn a_setting_holds_in_a_replay_and_not_in_cases() {
    let house = House::new();
    let log = house.ledger.log("a.json.gz", &[violation(1), with(violation(2), named("other"))]);
    let found = || {
        let path: &Path = house.folder.path();
        let args = ["replay", log.to_str().unwrap(), "--format", "jsonl", "--policies"];
        evenkeel(args.into_iter().chain([path.to_str().unwrap()])).resources()
    };
    assert_eq!(found(), ["bucket-1"]);
    house.folder.write("settings.yaml", "parameters: {mine: {prefix: other}}\n");
    assert_eq!(found(), ["other"]);
    let folder = house.folder.path().to_str().unwrap();
    assert_eq!((evenkeel(["test", folder]).code, evenkeel(["check", folder]).code), (0, 0));
}

fn named(bucket: &str) -> Value {
    json!({"requestParameters": {"bucketName": bucket}})
}

#[test]
fn a_wrong_setting_is_shown_where_it_stands() {
    for (settings, place, told) in [
        ("parameters:\n  mine: {prefix: 1}\n", "settings.yaml:2:10", "1 is no string"),
        ("parameters:\n  mine: {prefx: x}\n", "settings.yaml:2:10", "did you mean `prefix`?"),
        ("parameters:\n  mime: {prefix: x}\n", "settings.yaml:2:3", "did you mean `mine`?"),
        ("parameter: {}\n", "settings.yaml:1:1", "unknown field `parameter`"),
        ("parameters: {mine: {prefix: a, prefix: b}}\n", "settings.yaml:1:32", "prefix"),
        ("parameters: [\n", "settings.yaml:", ""),
    ] {
        let house = House::new();
        house.folder.write("settings.yaml", settings);
        let run = evenkeel(["check", house.folder.path().to_str().unwrap()]);
        assert_eq!(run.code, 1, "{settings}: {run:?}");
        assert!(run.err.contains(place) && run.err.contains(told), "{settings}: {}", run.err);
    }
    let house = House::new();
    house.folder.write("settings.yaml", "# nothing is set\n");
    assert_eq!(evenkeel(["check", house.folder.path().to_str().unwrap()]).code, 0);
    house.folder.write("s3/settings.yaml", "parameters: {}\n");
    let run = evenkeel(["check", house.folder.path().to_str().unwrap()]);
    assert!(run.code == 1 && run.err.contains("the settings are in"), "{run:?}");
}
