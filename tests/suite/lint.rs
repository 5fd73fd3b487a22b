//! What `check` says of policies that compile and are wrong: each file in `tests/wrong`, word for word.

use std::path::{Path, PathBuf};

use crate::support::{Folder, evenkeel};
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn wrong() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new(ROOT).join("tests/wrong")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "cel"));
    files.sort();
    files
}

#[test]
fn each_wrong_policy_is_told_what_is_wrong() {
    for file in wrong() {
        let run = evenkeel(["check", file.to_str().unwrap()]);
        let said = run.err.replace(&format!("{ROOT}/"), "");
        let expected = file.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &said).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(said, expected, "{}: run with UPDATE=1 if this is better", file.display());
        assert_eq!(run.code, i32::from(expected.contains(" error")), "{}", file.display());
    }
}

#[test]
fn every_code_that_is_told_can_be_explained() {
    let all = evenkeel(["explain"]);
    assert_eq!(all.code, 0);
    for file in wrong() {
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
fn what_is_wrong_is_told_to_programs_too() {
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
    assert!(rules.iter().any(|rule| rule["id"] == "unknown-event"), "a result names its rule");

    let run = evenkeel(["check", "--format", "github", file]);
    let start =
        format!("::error file={file},line=7,endLine=7,col=17,endColumn=30,title=unknown-event::");
    assert!(run.out.starts_with(&start) && run.out.lines().count() == 1, "{}", run.out);
}

#[test]
fn hostile_names_do_not_command_a_workflow() {
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
fn warnings_fail_where_they_are_denied() {
    let file = Path::new(ROOT).join("tests/wrong/unguarded-field.cel");
    let file = file.to_str().unwrap();
    assert_eq!(evenkeel(["check", file]).code, 0);
    assert_eq!(evenkeel(["check", "--deny-warnings", file]).code, 1);
}

#[test]
fn what_no_case_reaches_is_told_and_counted() {
    let folder = Folder::new();
    let text =
        std::fs::read_to_string(Path::new(ROOT).join("tests/wrong/guarded-by-has.cel")).unwrap();
    folder.write(
        "mine.cel",
        text.replace("eventName: PutIntegration", "eventName: [PutIntegration, UpdateIntegration]"),
    );
    let base = "base:\n  put: {eventSource: apigateway.amazonaws.com, eventName: PutIntegration, requestParameters: {restApiId: a, uri: 'http://b'}}\ncases:\n";
    let wrong = "  - {name: plain, expect: NON_COMPLIANT}\n";
    let right = "  - {name: none, merge: {requestParameters: {uri: null}}, expect: COMPLIANT}\n";
    folder.write("mine.test.yaml", format!("{base}{wrong}{right}"));
    let path = folder.path().to_str().unwrap().to_owned();
    let run = evenkeel(["check", &path, "--min-coverage", "80"]);
    assert_eq!(run.code, 1, "{}", run.err);
    for said in
        ["no case makes this false", "no case is about UpdateIntegration", "cases reach 66.7 %"]
    {
        assert!(run.err.contains(said), "{said}: {}", run.err);
    }
    let https = "  - {name: safe, event: put, merge: {eventName: UpdateIntegration, requestParameters: {uri: 'https://b'}}, expect: COMPLIANT}\n";
    folder.write("mine.test.yaml", format!("{base}{wrong}{right}{https}"));
    let run = evenkeel(["check", &path, "--min-coverage", "100", "--deny-warnings"]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn a_waiver_whose_day_is_over_and_a_policy_that_is_there_twice_are_told() {
    let folder = Folder::new();
    let text =
        std::fs::read_to_string(Path::new(ROOT).join("tests/wrong/guarded-by-has.cel")).unwrap();
    folder.write("first.cel", &text);
    folder.write("second.cel", text.replace("request.uri.starts", "request.uri .starts"));
    let waiver = "- {id: old, policies: [first], resource: '*', reason: r, approvedBy: me, expires: 2024-01-31}\n";
    folder.write("waivers/mine.yaml", waiver);
    let run = evenkeel(["check", folder.path().to_str().unwrap()]);
    assert!(run.err.contains("`old` has waived nothing since 2024-01-31"), "{}", run.err);
    assert!(run.err.contains("`first` finds all that this finds"), "{}", run.err);
    assert!(!run.err.contains("`second` finds"), "{}", run.err);
}
