//! Tests `evenkeel test --mutate`: it reports and counts the mutants that no test case detects.

use crate::support::{Folder, Run, evenkeel};
use serde_json::Value;

const POLICY: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}
// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
// variables:
//   names: \"['a', 'b']\"
// message: m {{request.bucketName}}
request.?bucketName.orValue('').startsWith('bucket') && size(request) > 1
  && !(request.bucketName in ['bucket-a', 'bucket-b'])
  && names.exists(name, request.bucketName.contains(name.lowerAscii()))
";

const CASES: &str = "base:
  delete: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption, requestParameters: {bucketName: bucket-x-a, encryption: ''}}
cases:
  - {name: wrong, expect: NON_COMPLIANT}
  - {name: another, merge: {requestParameters: {bucketName: x-a}}, expect: COMPLIANT}
";

fn run(cases: &str, arguments: &[&str]) -> Run {
    let folder = Folder::new();
    folder.write("mine.cel", POLICY);
    folder.write("mine.test.yaml", cases);
    let path = folder.path().display().to_string();
    evenkeel(["test", "--mutate", &path].iter().chain(arguments))
}

#[test]
fn a_surviving_mutant_is_reported_with_its_place() {
    let run = run(CASES, &[]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    for surviving in [
        "removing `size(request) > 1`",
        "replacing `>` with `>=`",
        "removing `.orValue('')`",
        "removing 'bucket-a' from the list",
        "removing `!(request.bucketName in ['bucket-a', 'bucket-b'])`",
        "removing `.lowerAscii()`",
    ] {
        let line = format!(": {surviving} changes no result");
        assert!(run.out.contains(&line), "{surviving}: {}", run.out);
    }
    assert!(run.out.contains("mine.cel:10:"), "{}", run.out);
    for noticed in [
        "removing `!` ",
        "removing `request.?bucketName.orValue('').startsWith('bucket')`",
        "making `exists` always false",
    ] {
        assert!(
            !run.out.contains(&format!(": {} changes", noticed.trim())),
            "{noticed}: {}",
            run.out
        );
    }
}

#[test]
fn more_test_cases_leave_fewer_surviving_mutants() {
    let more =
        "  - {name: alone, merge: {requestParameters: {encryption: null}}, expect: COMPLIANT}
  - {name: nameless, merge: {requestParameters: {bucketName: null, x: 1}}, expect: COMPLIANT}
  - {name: allowed a, merge: {requestParameters: {bucketName: bucket-a}}, expect: COMPLIANT}
  - {name: allowed b, merge: {requestParameters: {bucketName: bucket-b}}, expect: COMPLIANT}
";
    let surviving = |run: &Run| {
        let document: Value = serde_json::from_str(&run.out).unwrap();
        (
            document["mutants"]["alive"].as_array().unwrap().len(),
            document["mutants"]["percent"].as_f64().unwrap(),
        )
    };
    let (few, many) = (
        surviving(&run(CASES, &["--format", "json"])),
        run(&(CASES.to_owned() + more), &["--format", "json"]),
    );
    assert!(surviving(&many).0 < few.0 && surviving(&many).1 > few.1, "{few:?} {}", many.out);
    assert!(many.out.contains(".lowerAscii()"), "{}", many.out);
}

#[test]
fn the_minimum_score_decides_the_exit_code() {
    assert_eq!(run(CASES, &["--min-score", "10"]).code, 0);
    assert_eq!(run(CASES, &["--min-score", "100"]).code, 1);
    let junit = run(CASES, &["--format", "junit"]);
    assert!(
        junit.code == 2 && junit.err.contains("--format json"),
        "`--mutate` with a format that has no mutants must be refused: {}",
        junit.err
    );
    let failing = CASES.replacen("expect: COMPLIANT", "expect: NON_COMPLIANT", 1);
    let failed = run(&failing, &["--min-score", "0"]);
    assert!(
        failed.code == 1 && failed.out.contains("FAIL"),
        "a failed test case must be reported before the mutants: {}",
        failed.out
    );
}
