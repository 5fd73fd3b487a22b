//! Tests `evenkeel frameworks`: covered and open controls of shipped and custom frameworks.

use crate::support::{Folder, evenkeel};
use serde_json::Value;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/frameworks.md");

fn coverage() -> Vec<Value> {
    let run = evenkeel(["frameworks", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

#[test]
fn the_frameworks_page_is_up_to_date() {
    let run = evenkeel(["frameworks", "--format", "markdown"]);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, &run.out).unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        page == run.out,
        "{PAGE} is out of date; run the tests with UPDATE=1 to write it again"
    );
}

const SOURCES_PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sources.md");

#[test]
fn the_sources_page_is_up_to_date() {
    let run = evenkeel(["frameworks", "--sources", "--format", "markdown"]);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(SOURCES_PAGE, &run.out).unwrap();
    }
    let page = std::fs::read_to_string(SOURCES_PAGE).unwrap_or_default();
    assert!(page == run.out, "{SOURCES_PAGE} is out of date; run the tests with UPDATE=1");
}

#[test]
fn each_policy_evaluates_both_sources_or_states_why_not() {
    let run = evenkeel(["frameworks", "--sources", "--format", "json"]);
    let sources: Vec<Value> = serde_json::from_str(&run.out).unwrap();
    let (mut unexplained, mut needless) = (Vec::new(), Vec::new());
    for one in &sources {
        let both = one["events"] == true && one["items"] == true;
        match (both, one["reason"] == "") {
            (false, true) => unexplained.push(&one["policy"]),
            (true, false) => needless.push(&one["policy"]),
            _ => {}
        }
    }
    assert!(unexplained.is_empty(), "no `match.onlySource`: {unexplained:?}");
    assert!(needless.is_empty(), "`match.onlySource` is not needed: {needless:?}");
}

#[test]
fn each_listed_control_is_covered_or_has_a_reason() {
    let mut listed = 0;
    for framework in coverage() {
        let rows = framework["controls"].as_array().unwrap();
        if framework["title"] != "" {
            listed += 1;
            let open = |row: &&Value| row["policies"].as_array().unwrap().is_empty();
            let unexplained: Vec<&Value> = rows
                .iter()
                .filter(open)
                .filter(|row| row["open"].is_null())
                .map(|row| &row["id"])
                .collect();
            assert!(
                unexplained.is_empty(),
                "{}: open controls without a reason: {unexplained:?}",
                framework["framework"]
            );
            let has_needless = |row: &&Value| row["kind"] == "state" && !row["open"].is_null();
            let needless: Vec<&Value> = rows.iter().filter(has_needless).collect();
            assert!(
                needless.is_empty(),
                "the state is covered, so no reason is needed: {needless:?}"
            );
        }
    }
    assert_eq!(listed, 3);
}

#[test]
fn a_custom_framework_is_listed_and_an_unknown_control_is_reported() {
    let folder = Folder::new();
    let policy = "// METADATA\n// title: t\n// description: d\n// severity: LOW\n// match: {eventSource: s3.amazonaws.com, \
                  eventName: DeleteBucket}\n// resource: {type: AWS::S3::Bucket, id: request.bucketName}\n// message: m\n// \
                  controls: {Ours: [B.1]}\n\nhas(request.bucketName)\n";
    folder.write("s3-a.cel", policy);
    let list = "title: Our <b>baseline</b>\nsource: https://example.com\nreasons: {people: people do that}\ncontrols:\n  - \
                {id: B.1, what: buckets stay}\n  - {id: B.2, what: access is reviewed, open: people}\n";
    folder.write("frameworks/Ours.yaml", list);
    let path = folder.path().to_str().unwrap();
    let run = evenkeel(["frameworks", "--policies", path]);
    assert!(
        run.out.contains("2 controls: 1 switched off, 1 open  Our <b>baseline</b>"),
        "{}",
        run.out
    );
    let run = evenkeel(["frameworks", "Ours", "--policies", path, "--open"]);
    assert!(run.out.contains("B.2  access is reviewed\n       people do that"), "{}", run.out);
    let run = evenkeel(["frameworks", "Ours", "--policies", path, "--format", "markdown"]);
    assert!(
        run.out.contains(r"Our \<b\>baseline\</b\>: 2 controls: 1 switched off, 1 open."),
        "{}",
        run.out
    );
    let run = evenkeel(["frameworks", "Our", "--policies", path]);
    assert!(run.code == 2 && run.err.contains("did you mean `Ours`?"), "{}", run.err);
    folder.write("s3-a.cel", policy.replace("B.1", "B.3"));
    let run = evenkeel(["check", path]);
    assert!(run.code == 1 && run.err.contains("has no control `B.3`"), "{}{}", run.out, run.err);
}

#[test]
fn a_list_of_controls_is_compared_with_the_one_of_aws() {
    let folder = Folder::new();
    let list = "title: t\nsource: s\ncontrols:\n  - {id: S3.1, severity: HIGH, what: one}\n  - {id: S3.2, what: two}\n  \
                - {id: S3.3, severity: LOW, what: three}\n  - {id: S3.4, what: four}\n";
    folder.write("list.yaml", list);
    let definition = |id: &str, severity: &str| serde_json::json!({"SecurityControlId": id, "SeverityRating": severity, "Title": "t"});
    let definitions = [
        definition("S3.1", "MEDIUM"),
        definition("S3.2", "LOW"),
        definition("S3.3", "LOW"),
        definition("S3.9", "HIGH"),
    ];
    let answer = serde_json::json!({"SecurityControlDefinitions": definitions});
    folder.write("answer.json", answer.to_string());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/frameworks/compare.py");
    let run = std::process::Command::new("python3")
        .current_dir(folder.path())
        .args([script, "list.yaml", "answer.json", "--write"])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1));
    let expected = "S3.1: severity HIGH, AWS has MEDIUM\nS3.2: severity not stated, AWS has LOW\nS3.4: AWS does not list \
                    it\nS3.9: missing: t\n";
    assert_eq!(String::from_utf8(run.stdout).unwrap(), expected);
    let written = std::fs::read_to_string(folder.path().join("list.yaml")).unwrap();
    assert!(written.contains("{id: S3.1, severity: MEDIUM, what: one}"), "{written}");
    assert!(written.contains("{id: S3.2, severity: LOW, what: two}"), "{written}");
}

#[test]
fn the_numbers_of_the_readme_follow_from_the_table() {
    let all = coverage();
    let listed = all.iter().find(|one| one["framework"] == "AWS-FSBP").unwrap();
    let rows = listed["controls"].as_array().unwrap();
    let count = |kinds: &[&str]| {
        rows.iter().filter(|row| kinds.iter().any(|kind| row["kind"] == *kind)).count()
    };
    let (state, changes) = (count(&["state"]), count(&["change", "switched-off"]));
    let readme = include_str!("../../README.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let claim = format!(
        "Of the {} AWS Foundational Security Best Practices, they see the state of {state}, also of \
         resources that existed before, and of {changes} others only changes.",
        rows.len()
    );
    assert!(readme.contains(&claim), "README.md must say: {claim}");
}
