//! Tests `evenkeel deploy-bundle`: refusals, reported changes, rollback, and evaluation results.

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

/// A folder with one policy and its test file, and a ledger folder.
struct Project {
    folder: Folder,
    ledger: Folder,
}

impl Project {
    fn new() -> Project {
        let (folder, ledger) = (Folder::new(), Folder::new());
        folder.write("s3/mine.cel", POLICY);
        folder.write("s3/mine.test.yaml", CASES);
        Project { folder, ledger }
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

    /// Returns the version that `--history` marks as active.
    fn active_version(&self) -> String {
        let run = self.deploy(&["--history"]);
        let line = run.out.lines().find(|line| line.contains("  active  ")).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    }

    /// Returns the resources for which the ledger's bundle records a finding, each with the id of
    /// the waiver that applies.
    fn evaluations(&self) -> Vec<(String, Option<String>)> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ledger = Ledger::open_folder(self.ledger.path()).unwrap();
        let bundle = runtime.block_on(ledger.load_bundle("")).unwrap().unwrap();
        let filter = EventFilter::default();
        let mut evaluator = RecordEvaluator::new(&bundle.set, &bundle.waivers, &filter);
        let mut evaluations = Vec::new();
        for number in 1..=3 {
            let outcome =
                evaluator.evaluate_record(violation(number).to_string().as_bytes()).unwrap();
            let RecordOutcome::Evaluated(event) = outcome else { continue };
            let with_waiver = |finding: &evenkeel_rules::Finding| {
                let waiver = finding.waived.as_ref().map(|one| one.waiver.clone());
                (finding.resource.id.clone(), waiver)
            };
            evaluations.extend(event.findings().map(with_waiver));
        }
        evaluations
    }
}

fn waiver(resource: &str, expires: &str) -> String {
    format!(
        "- {{id: w1, policies: [mine], resource: '{resource}', reason: r, approvedBy: me, \
         expires: {expires}}}\n"
    )
}

/// A test case: its name, a change to the folder, and a text that the error message must contain.
type Broken = (&'static str, fn(&Folder) -> PathBuf, &'static str);

#[test]
fn invalid_failing_or_untested_policies_are_not_deployed() {
    let broken: [Broken; 6] = [
        ("compile", |f| f.write("s3/mine.cel", POLICY.replace("starts", "start")), "startsWith"),
        ("case", |f| f.write("s3/mine.test.yaml", CASES.replace("base", "bass")), "bass"),
        ("fails", |f| f.write("s3/mine.test.yaml", CASES.replace(": x", ": bucket")), "FAIL"),
        ("untested", |f| f.write("s3/other.cel", POLICY), "`other` has no cases"),
        ("waiver", |f| f.write("waivers/a.yaml", "- id: w"), "a.yaml"),
        (
            "setting",
            |f| f.write("settings.yaml", "parameters: {mine: {prefix: 1}}"),
            "is not of type `string`",
        ),
    ];
    for (what, breaks, message) in broken {
        let project = Project::new();
        breaks(&project.folder);
        let run = project.deploy(&["--yes"]);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{what}: {run:?}");
        assert!(run.err.contains(message), "{what}: {}", run.err);
        assert!(project.is_empty(), "{what}: the command wrote to the ledger");
        let run = project.deploy(&["--yes", "--untested"]);
        assert_eq!(run.code, i32::from(what != "untested"), "{what}: {run:?}");
    }
}

#[test]
fn nothing_is_deployed_without_confirmation() {
    let project = Project::new();
    let run = project.deploy(&["--dry-run"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("+ s3/mine.cel"), "{}", run.out);
    let run = project.deploy(&[]);
    assert!(run.code == 2 && run.err.contains("--yes"), "{run:?}");
    assert!(project.is_empty());
}

#[test]
fn a_bundle_evaluates_like_its_folder_and_a_second_deployment_changes_nothing() {
    let project = Project::new();
    project.folder.write("settings.yaml", "parameters: {mine: {prefix: bucket-}}\n");
    project.folder.write("waivers/a.yaml", waiver("bucket-2", "2099-12-31"));
    assert_eq!(project.deploy(&["--yes"]).code, 0);
    let expected = [("bucket-1", None), ("bucket-2", Some("w1")), ("bucket-3", None)];
    let expected = expected.map(|(id, waiver)| (id.to_owned(), waiver.map(str::to_owned)));
    assert_eq!(project.evaluations(), expected);
    let manifest = project.manifest();
    let names: Vec<&String> = manifest["files"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["s3/mine.cel", "settings.yaml", "waivers/a.yaml"]);
    assert_eq!(manifest["checked_by"], env!("CARGO_PKG_VERSION"));
    let before = std::fs::read(project.manifest_path()).unwrap();
    let run = project.deploy(&[]);
    assert!(run.code == 0 && run.out.contains("nothing has changed"), "{run:?}");
    assert_eq!(std::fs::read(project.manifest_path()).unwrap(), before);
}

#[test]
fn a_manifest_of_an_earlier_version_is_read_and_replaced() {
    let project = Project::new();
    assert_eq!(project.deploy(&["--yes"]).code, 0);
    let files = project.manifest()["files"].clone();
    project.ledger.write("bundle/manifest.json", json!({"files": files}).to_string());
    assert_eq!(project.evaluations().len(), 3);
    let run = project.deploy(&["--yes"]);
    assert!(run.code == 0 && run.out.contains("checked by none -> "), "{run:?}");
    assert_eq!(project.manifest()["files"], files);
}

#[test]
fn deploy_bundle_reports_every_change() {
    let project = Project::new();
    project.folder.write("waivers/a.yaml", waiver("bucket-2", "2099-12-31"));
    let first = project.changes();
    assert_eq!(first["from"], Value::Null);
    assert_eq!(first["watched"], json!(["s3.amazonaws.com DeleteBucketEncryption"]));
    let auto = POLICY.replace("DeleteBucketEncryption}", "PutBucketEncryption}").replace(
        "// message",
        "// remediation: {run: kms-enable-rotation, mode: auto}\n// message",
    );
    project.folder.write("s3/mine.cel", auto);
    project.folder.write("s3/mine.test.yaml", CASES.replace("Delete", "Put"));
    project.folder.write("settings.yaml", "parameters: {mine: {prefix: b}}\n");
    project.folder.write("waivers/a.yaml", waiver("*", "2020-01-01"));
    let shown = project.deploy(&["--dry-run"]);
    assert!(
        shown.out.contains("REMEDIATES AUTOMATICALLY: mine changes from none to auto"),
        "{}",
        shown.out
    );
    assert!(shown.out.contains("w1 ended on 2020-01-01"), "{}", shown.out);
    let changes = project.changes();
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
    std::fs::remove_file(project.folder.path().join("waivers/a.yaml")).unwrap();
    let gone = project.changes();
    assert_eq!(gone["files"], json!([{"name": "waivers/a.yaml", "what": "removed"}]));
    assert_eq!(gone["waivers"][0]["after"], Value::Null);
}

#[test]
fn rollback_restores_an_earlier_bundle_and_keeps_the_later_one() {
    let project = Project::new();
    let run = project.deploy(&["--rollback", "--yes"]);
    assert!(run.code == 2 && run.err.contains("no bundle was deployed before"), "{run:?}");
    assert_eq!(project.deploy(&["--yes"]).code, 0);
    let (first, record) =
        (project.active_version(), std::fs::read(project.manifest_path()).unwrap());
    project.folder.write("settings.yaml", "parameters: {mine: {prefix: other}}\n");
    assert_eq!(project.deploy(&["--yes"]).code, 0);
    let second = project.active_version();
    assert_eq!(project.evaluations(), []);
    let dry = project.deploy(&["--rollback", "--dry-run"]);
    assert!(dry.out.contains("mine.prefix: \"other\" -> \"bucket\""), "{}", dry.out);
    assert_eq!(project.deploy(&["--rollback", "--yes"]).code, 0);
    assert_eq!(std::fs::read(project.manifest_path()).unwrap(), record);
    assert_eq!((project.active_version(), project.evaluations().len()), (first.clone(), 3));
    assert_eq!(project.deploy(&["--yes", "--rollback", &second]).code, 0);
    assert_eq!((project.active_version(), project.evaluations().len()), (second.clone(), 0));
    let listed = project.deploy(&["--history"]).out;
    let versions: Vec<&str> =
        listed.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(versions, [second.as_str(), first.as_str()], "{listed}");
    for (version, message) in
        [("", "several bundles begin"), ("f00", "no earlier bundle begins with `f00`")]
    {
        let run = project.deploy(&["--yes", &format!("--rollback={version}")]);
        assert!(run.code == 2 && run.err.contains(message), "{version}: {run:?}");
    }
}

/// A bundle that the Lambda functions reject must not prevent the deployment of a valid one.
#[test]
fn a_broken_bundle_is_reported_and_replaced() {
    for manifest in ["{", r#"{"files": {"a.cel": "0"}}"#, r#"{"files": {}, "signed": true}"#] {
        let project = Project::new();
        project.ledger.write("bundle/manifest.json", manifest);
        let run = project.deploy(&["--yes"]);
        assert_eq!(run.code, 0, "{manifest}: {run:?}");
        assert!(run.out.contains("the active bundle is broken"), "{manifest}: {}", run.out);
        assert_eq!(project.evaluations().len(), 3);
        assert_eq!(project.deploy(&["--history"]).out.lines().count(), 2);
    }
}

#[test]
fn a_ledger_file_that_does_not_match_its_digest_stops_the_deployment() {
    let project = Project::new();
    assert_eq!(project.deploy(&["--yes"]).code, 0);
    let digest = project.manifest()["files"]["s3/mine.cel"].as_str().unwrap().to_owned();
    std::fs::remove_file(project.manifest_path()).unwrap();
    project.ledger.write(&format!("bundle/files/{digest}"), "true");
    let run = project.deploy(&["--yes"]);
    assert!(run.code == 1 && run.err.contains(&digest), "{run:?}");
    assert!(!project.manifest_path().exists());
}

/// `evenkeel` in `support.rs` rejects deceptive characters in the output. This test additionally
/// checks that the output contains the escaped texts, so that no text is lost.
#[test]
fn hostile_text_is_escaped_and_waiver_reasons_are_not_printed() {
    let project = Project::new();
    let hostile = |reason: &str| {
        waiver("a\u{202e}b", "2099-12-31").replace("reason: r", &format!("reason: '{reason}'"))
    };
    project.folder.write("waivers/a.yaml", hostile("the password is hunter2"));
    let policy = format!("{POLICY}// \u{9b}2J\u{202e}\n");
    project.folder.write("s3/mine.cel", &policy);
    let first = project.deploy(&["--yes"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.out.contains("resource a\\u{202e}b"), "{}", first.out);
    project.folder.write("waivers/a.yaml", hostile("the password was hunter2"));
    project.folder.write("s3/mine.cel", policy + "// \u{1b}]0;owned\u{7}\n");
    let second = project.deploy(&["--dry-run"]);
    assert!(second.out.contains("+// \\u{1b}]0;owned\\u{7}"), "{}", second.out);
    assert!(second.out.contains("~ waivers/a.yaml"), "{}", second.out);
    let json = project.deploy(&["--dry-run", "--format", "json"]);
    for run in [first, second, json] {
        assert!(!format!("{}{}", run.out, run.err).contains("hunter2"), "{run:?}");
    }
}

#[test]
fn waivers_from_another_folder_are_deployed_too() {
    let (project, other) = (Project::new(), Folder::new());
    other.write("team.yaml", waiver("bucket-1", "2099-12-31"));
    let flags = ["--yes", "--waivers", other.path().to_str().unwrap()];
    assert_eq!(project.deploy(&flags).code, 0);
    assert_eq!(project.evaluations()[0].1.as_deref(), Some("w1"));
    project.folder.write("waivers/team.yaml", waiver("bucket-1", "2099-12-31"));
    let run = project.deploy(&flags);
    assert!(run.code == 2 && run.err.contains("two files `waivers/team.yaml`"), "{run:?}");
}

#[test]
fn settings_apply_to_a_replay_and_not_to_test_cases() {
    let project = Project::new();
    let log = project.ledger.log("a.json.gz", &[violation(1), with(violation(2), named("other"))]);
    let found = || {
        let path: &Path = project.folder.path();
        let args = ["replay", log.to_str().unwrap(), "--format", "jsonl", "--policies"];
        evenkeel(args.into_iter().chain([path.to_str().unwrap()])).resources()
    };
    assert_eq!(found(), ["bucket-1"]);
    project.folder.write("settings.yaml", "parameters: {mine: {prefix: other}}\n");
    assert_eq!(found(), ["other"]);
    let folder = project.folder.path().to_str().unwrap();
    assert_eq!((evenkeel(["test", folder]).code, evenkeel(["check", folder]).code), (0, 0));
}

fn named(bucket: &str) -> Value {
    json!({"requestParameters": {"bucketName": bucket}})
}

#[test]
fn an_invalid_setting_is_reported_with_its_line_and_column() {
    for (settings, place, message) in [
        ("parameters:\n  mine: {prefix: 1}\n", "settings.yaml:2:10", "`1` is not of type `string`"),
        ("parameters:\n  mine: {prefx: x}\n", "settings.yaml:2:10", "did you mean `prefix`?"),
        ("parameters:\n  mime: {prefix: x}\n", "settings.yaml:2:3", "did you mean `mine`?"),
        ("parameter: {}\n", "settings.yaml:1:1", "unknown field `parameter`"),
        ("parameters: {mine: {prefix: a, prefix: b}}\n", "settings.yaml:1:32", "prefix"),
        ("parameters: [\n", "settings.yaml:", ""),
    ] {
        let project = Project::new();
        project.folder.write("settings.yaml", settings);
        let run = evenkeel(["check", project.folder.path().to_str().unwrap()]);
        assert_eq!(run.code, 1, "{settings}: {run:?}");
        assert!(run.err.contains(place) && run.err.contains(message), "{settings}: {}", run.err);
    }
    let project = Project::new();
    project.folder.write("settings.yaml", "# nothing is set\n");
    assert_eq!(evenkeel(["check", project.folder.path().to_str().unwrap()]).code, 0);
    project.folder.write("s3/settings.yaml", "parameters: {}\n");
    let run = evenkeel(["check", project.folder.path().to_str().unwrap()]);
    assert!(run.code == 1 && run.err.contains("there is another settings file"), "{run:?}");
}
