//! Compares the output of `evenkeel check` for each policy in `tests/wrong` with the expected
//! output, which is in the `.txt` file of the same name.

use std::path::{Path, PathBuf};

use crate::support::{Folder, evenkeel};
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn wrong_policies() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new(ROOT).join("tests/wrong")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "cel"));
    files.sort();
    files
}

#[test]
fn each_faulty_policy_gets_the_expected_diagnostics() {
    for file in wrong_policies() {
        let run = evenkeel(["check", file.to_str().unwrap()]);
        let said = run.err.replace(&format!("{ROOT}/"), "");
        let expected = file.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &said).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(
            said,
            expected,
            "{}: the output differs; run with UPDATE=1 to accept it",
            file.display()
        );
        assert_eq!(run.code, i32::from(expected.contains(" error")), "{}", file.display());
    }
}

#[test]
fn every_diagnostic_code_can_be_explained() {
    let all = evenkeel(["explain"]);
    assert_eq!(all.code, 0);
    for file in wrong_policies() {
        let run = evenkeel(["check", "--format", "json", file.to_str().unwrap()]);
        let document: Value = serde_json::from_str(&run.out).unwrap();
        for finding in document["findings"].as_array().unwrap() {
            let code = finding["code"].as_str().unwrap();
            let explained = evenkeel(["explain", code]);
            assert_eq!(explained.code, 0, "{code}: {}", explained.err);
            assert!(all.out.contains(code), "{code}");
        }
    }
    let unknown = evenkeel(["explain", "unknown-evnt"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("unknown-event"), "{}", unknown.err);
}

#[test]
fn diagnostics_are_written_as_sarif_and_as_github_annotations() {
    let file = Path::new(ROOT).join("tests/wrong/misspelt-event.cel");
    let file = file.to_str().unwrap();
    let run = evenkeel(["check", "--format", "sarif", file]);
    let sarif: Value = serde_json::from_str(&run.out).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((run.code, &sarif["version"]), (1, &"2.1.0".into()));
    assert_eq!((&result["ruleId"], &result["level"]), (&"unknown-event".into(), &"error".into()));
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&7.into(), &17.into()));
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(
        rules.iter().any(|rule| rule["id"] == "unknown-event"),
        "the rule of a result is missing in the list of rules"
    );

    let run = evenkeel(["check", "--format", "github", file]);
    let start =
        format!("::error file={file},line=7,endLine=7,col=17,endColumn=30,title=unknown-event::");
    assert!(run.out.starts_with(&start) && run.out.lines().count() == 1, "{}", run.out);
}

#[test]
fn hostile_names_are_escaped_in_github_annotations() {
    let folder = Folder::new();
    let text =
        std::fs::read_to_string(Path::new(ROOT).join("tests/wrong/unused-variable.cel")).unwrap();
    let file = folder.write(
        "a,b::c/mine.cel",
        text.replace("eventName: PutIntegration", "eventName: \"Put%0A::error::x\""),
    );
    let run = evenkeel(["check", "--format", "github", file.to_str().unwrap()]);
    assert!(run.out.lines().all(|line| line.contains("a%2Cb%3A%3Ac/mine.cel")), "{}", run.out);
    assert!(run.out.contains("`Put%250A::error::x`"), "{}", run.out);
}

#[test]
fn warnings_fail_with_deny_warnings() {
    let file = Path::new(ROOT).join("tests/wrong/unguarded-field.cel");
    let file = file.to_str().unwrap();
    assert_eq!(evenkeel(["check", file]).code, 0);
    assert_eq!(evenkeel(["check", "--deny-warnings", file]).code, 1);
}

#[test]
fn conditions_without_a_test_case_are_reported_and_counted() {
    let folder = Folder::new();
    let text =
        std::fs::read_to_string(Path::new(ROOT).join("tests/wrong/guarded-by-has.cel")).unwrap();
    folder.write(
        "mine.cel",
        text.replace("eventName: PutIntegration", "eventName: [PutIntegration, UpdateIntegration]"),
    );
    let base = "base:\n  put: {eventSource: apigateway.amazonaws.com, eventName: PutIntegration, requestParameters: {restApiId: a, uri: 'http://b'}}\ncases:\n";
    let violating = "  - {name: plain, expect: NON_COMPLIANT}\n";
    let compliant =
        "  - {name: none, merge: {requestParameters: {uri: null}}, expect: COMPLIANT}\n";
    folder.write("mine.test.yaml", format!("{base}{violating}{compliant}"));
    let path = folder.path().to_str().unwrap().to_owned();
    let run = evenkeel(["check", &path, "--min-coverage", "80"]);
    assert_eq!(run.code, 1, "{}", run.err);
    for said in [
        "no case makes this condition false",
        "no case uses the event UpdateIntegration",
        "cases cover 66.7 %",
    ] {
        assert!(run.err.contains(said), "{said}: {}", run.err);
    }
    let https = "  - {name: safe, event: put, merge: {eventName: UpdateIntegration, requestParameters: {uri: 'https://b'}}, expect: COMPLIANT}\n";
    folder.write("mine.test.yaml", format!("{base}{violating}{compliant}{https}"));
    let run = evenkeel(["check", &path, "--min-coverage", "100", "--deny-warnings"]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn an_expired_waiver_and_a_duplicate_policy_are_reported() {
    let folder = Folder::new();
    let text =
        std::fs::read_to_string(Path::new(ROOT).join("tests/wrong/guarded-by-has.cel")).unwrap();
    folder.write("first.cel", &text);
    folder.write("second.cel", text.replace("request.uri.starts", "request.uri .starts"));
    let waiver = "- {id: old, policies: [first], resource: '*', reason: r, approvedBy: me, expires: 2024-01-31}\n";
    folder.write("waivers/mine.yaml", waiver);
    let run = evenkeel(["check", folder.path().to_str().unwrap()]);
    assert!(run.err.contains("waiver `old` expired on 2024-01-31"), "{}", run.err);
    let duplicate = "policy `first` reports everything that this policy reports";
    assert!(run.err.contains(duplicate), "{}", run.err);
    assert!(!run.err.contains("policy `second` reports"), "{}", run.err);
}
