//! Checks that the JSON and JUnit reports of `evenkeel test` are well-formed for any test name.

use crate::support::{Folder, Run, evenkeel};
use serde_json::Value;

const POLICY: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}
// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
// message: m {{request.bucketName}}
request.bucketName.startsWith('bucket')
";

/// Two test cases, one of which fails. Names and texts contain markup and control characters.
const CASES: &str = r#"base:
  delete:
    eventSource: s3.amazonaws.com
    eventName: DeleteBucketEncryption
    requestParameters: {bucketName: "bucket<&\">]]>\u202e\e[31m\x9b\0"}
cases:
  - {name: "<&\"'>]]>\u202e\e[31m\x9b\u200b\x7f", expect: NON_COMPLIANT, message: "m <!-- \u202e --"}
  - {name: right, merge: {requestParameters: {bucketName: x}}, expect: COMPLIANT}
"#;

fn report(format: &str, more: &[&str]) -> Run {
    let folder = Folder::new();
    folder.write("mine.cel", POLICY);
    folder.write("mine.test.yaml", CASES);
    let args = ["test", folder.path().to_str().unwrap(), "--format", format];
    evenkeel(args.into_iter().chain(more.iter().copied()))
}

#[test]
fn the_json_report_contains_expected_and_actual_values() {
    let run = report("json", &[]);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &report["passed"], &report["failed"]), (1, &1.into(), &1.into()));
    let failed = &report["cases"][0];
    assert_eq!((&failed["policy"], &failed["line"]), (&"mine".into(), &7.into()));
    let difference = &failed["differences"][0];
    assert_eq!(difference["what"], "message");
    assert_eq!(difference["expected"], "m <!-- \u{202e} --");
    assert_eq!(difference["actual"], "m bucket<&\">]]>\u{202e}\u{1b}[31m\u{9b}\0");
}

/// Checks that an XML document is well-formed and returns the names of its elements.
fn elements(xml: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    for part in body.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        let escaped = |text: &str| {
            text.split('&').skip(1).all(|entity| {
                let name = entity.split_once(';').unwrap().0;
                matches!(name, "amp" | "lt" | "gt" | "quot" | "apos") || name.starts_with('#')
            })
        };
        assert!(escaped(tag) && escaped(text) && !text.contains('>'), "{part}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{part}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{xml}");
        } else {
            let name = tag.split([' ', '/']).next().unwrap();
            all.push(name.to_owned());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed: {xml}");
    all
}

#[test]
fn the_junit_report_is_well_formed() {
    let run = report("junit", &[]);
    assert_eq!(run.code, 1);
    let names = ["testsuites", "testsuite", "testcase", "failure", "testcase"];
    assert_eq!(elements(&run.out), names);
    let refused =
        |c: char| (c < ' ' && c != '\n' && c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}');
    assert!(
        !run.out.contains(refused),
        "the report contains a character that XML 1.0 forbids: {:?}",
        run.out
    );
    let all = evenkeel(["test", "--format", "junit"]);
    assert!(all.code == 0 && elements(&all.out).len() > 100, "{}", all.err);
}

#[test]
fn the_filter_option_selects_test_cases() {
    let run = report("json", &["--filter", "right"]);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, report["cases"].as_array().unwrap().len()), (0, 1), "{run:?}");
}
