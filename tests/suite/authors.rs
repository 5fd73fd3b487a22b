//! Tests the error messages for policies and test cases: place, cause, and suggestion.

use crate::support::{Folder, Run, evenkeel};

const POLICY: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}
// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
// message: m {{request.bucketName}}
request.bucketName.startsWith('bucket')
";

const CASES: &str = "base:
  delete: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption, requestParameters: {bucketName: bucket}}
cases:
  - {name: wrong, expect: NON_COMPLIANT}
  - {name: right, merge: {requestParameters: {bucketName: x}}, expect: COMPLIANT}
";

fn run(command: &str, policy: &str, cases: &str) -> Run {
    let folder = Folder::new();
    folder.write("mine.cel", policy);
    folder.write("mine.test.yaml", cases);
    evenkeel([command, folder.path().to_str().unwrap()])
}

#[test]
fn an_error_in_a_policy_is_reported_with_its_line_and_column() {
    assert_eq!(run("check", POLICY, CASES).code, 0);
    for (from, to, place, message) in [
        ("// METADATA\n", "", "mine.cel:1:1", "line 1 must be `// METADATA`"),
        ("// severity", "// severty", "mine.cel:4:4", "unknown field `severty`"),
        ("eventName:", "eventNames:", "mine.cel:5:43", "unknown field `eventNames`"),
        ("LOW", "AWFUL", "mine.cel:4:14", "unknown variant `AWFUL`"),
        ("s3.amazonaws.com", "s3", "mine.cel:5:", "`s3` is not a valid event source"),
        ("id: request", "id: requst", "mine.cel:6:44", "undeclared name `requst`"),
        ("{{request", "{{requst", "mine.cel:7:13", "undeclared name `requst`"),
        ("\nrequest.bucketName", "\nrequst.bucketName", "mine.cel:8:1", "undeclared name `requst`"),
        ("startsWith('bucket')", "startsWith(", "mine.cel:", "mismatched input"),
        ("startsWith('bucket')", "matches('(')", "mine.cel:8:1", "not a regular expression"),
        ("// severity: LOW", "// severity: LOW\n// severity: LOW", "mine.cel:5:4", "severity"),
    ] {
        let policy = POLICY.replacen(from, to, 1);
        let run = run("check", &policy, CASES);
        assert_eq!(run.code, 1, "{to}: {run:?}");
        assert!(run.err.contains(place) && run.err.contains(message), "{to}: {}", run.err);
    }
}

#[test]
fn a_misspelled_name_gets_a_suggestion() {
    for (from, to, meant) in [
        ("startsWith", "startWith", "startsWith"),
        ("\nrequest", "\nrequst", "request"),
        ("// severity", "// severty", "severity"),
        ("eventName:", "eventNames:", "eventName"),
        ("LOW", "LOWW", "LOW"),
    ] {
        let run = run("check", &POLICY.replacen(from, to, 1), CASES);
        assert!(run.err.contains(&format!("did you mean `{meant}`?")), "{to}: {}", run.err);
    }
}

#[test]
fn an_error_in_a_test_case_is_reported_with_its_line() {
    for (from, to, place, message) in [
        ("NON_COMPLIANT", "NON_COMPLIENT", "mine.test.yaml:4:", "NON_COMPLIENT"),
        (
            "name: wrong,",
            "name: wrong, event: delet,",
            "mine.test.yaml:4:",
            "did you mean `delete`?",
        ),
        ("name: wrong,", "name: wrong, params: {x: 1},", "mine.test.yaml:4:", "no parameter `x`"),
        ("merge", "marge", "mine.test.yaml:5:", "marge"),
        ("cases:", "case:", "mine.test.yaml:3:", "case"),
    ] {
        for command in ["check", "test"] {
            let run = run(command, POLICY, &CASES.replacen(from, to, 1));
            assert_eq!(run.code, 1, "{command}: {to}: {run:?}");
            assert!(run.err.contains(place) && run.err.contains(message), "{to}: {}", run.err);
        }
    }
}

#[test]
fn a_duplicate_policy_and_a_test_file_without_policy_are_reported() {
    let folder = Folder::new();
    folder.write("a/mine.cel", POLICY);
    folder.write("b/mine.cel", POLICY);
    let run = evenkeel(["check", folder.path().to_str().unwrap()]);
    assert!(run.code == 1 && run.err.contains("policy `mine` is already defined in"), "{run:?}");

    let folder = Folder::new();
    folder.write("mine.cel", POLICY);
    folder.write("mine.test.yaml", CASES);
    folder.write("mime.test.yaml", CASES);
    let run = evenkeel(["test", folder.path().to_str().unwrap()]);
    assert!(run.code == 1 && run.err.contains("there is no policy for this test file"), "{run:?}");
}

#[test]
fn windows_line_endings_are_accepted_and_other_encodings_are_reported() {
    let crlf = POLICY.replace('\n', "\r\n");
    assert_eq!(run("test", &crlf, &CASES.replace('\n', "\r\n")).code, 0);
    let folder = Folder::new();
    let latin = [POLICY.as_bytes(), b"// \xe9\n"].concat();
    let path = folder.write("mine.cel", latin);
    let run = evenkeel(["check", path.to_str().unwrap()]);
    assert!(
        run.code != 0 && run.err.contains("mine.cel: ") && run.err.contains("UTF-8"),
        "{run:?}"
    );
}
