//! Runs the tutorial of docs/policies.md, from `new` to a passing `test --mutate`, and
//! compares the output of each command.

use crate::support::{Run, command};
use std::path::Path;

/// Runs the command in a folder and returns its result.
fn run(folder: &Path, arguments: &[&str]) -> Run {
    let output = command().args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Fails if docs/policies.md does not contain this output.
fn assert_in_guide(output: &str) {
    let guide =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policies.md")).unwrap();
    assert!(guide.contains(output.trim_end()), "docs/policies.md does not show:\n{output}");
}

const CASES: &str = "base:
  event:
    eventSource: lambda.amazonaws.com
    eventName: CreateFunctionUrlConfig
    requestParameters:
      functionName: example
      authType: NONE
      cors: {allowOrigins: ['*']}
cases:
  - name: open to every page
    expect: NON_COMPLIANT
  - name: callers are known
    merge: {requestParameters: {authType: AWS_IAM}}
    expect: COMPLIANT
";

const MORE: &str = "  - name: open to our own pages
    merge: {requestParameters: {cors: {allowOrigins: ['https://example.com']}}}
    expect: COMPLIANT
  - name: pages of other origins may not call
    merge: {requestParameters: {cors: null}}
    expect: COMPLIANT
";

#[test]
fn the_tutorial_of_the_readme_works_as_shown() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let event = "lambda.amazonaws.com:CreateFunctionUrlConfig";
    let begun =
        run(folder, &["new", "lambda-url-open", "--event", event, "--type", "AWS::Lambda::Url"]);
    assert_eq!(begun.code, 0, "{}", begun.err);
    assert_eq!(run(folder, &["check", "--deny-warnings", "policies"]).code, 0);
    assert_eq!(run(folder, &["test", "--mutate", "policies"]).code, 0);
    assert!(run(folder, &["schema", event]).out.contains("    allowOrigins "));

    let (policy, cases) = (
        folder.join("policies/lambda-url-open.cel"),
        folder.join("policies/lambda-url-open.test.yaml"),
    );
    let text = std::fs::read_to_string(&policy).unwrap();
    let header = text.split_once("// TODO true").unwrap().0;
    let body = "request.authType == 'NONE'\n  && request.?cors.?allowOrigin.orValue([]).exists(origin, origin == '*')\n";
    assert_in_guide(body);
    std::fs::write(&policy, format!("{header}{body}")).unwrap();
    let faulty = run(folder, &["check", "policies"]);
    let first = faulty.err.split_inclusive("`allowOrigins`?").next().unwrap();
    assert_eq!(faulty.code, 1);
    assert_in_guide(first);

    let corrected = body.replace("allowOrigin.", "allowOrigins.");
    std::fs::write(&policy, format!("{header}{corrected}")).unwrap();
    std::fs::write(&cases, CASES).unwrap();
    let few = run(folder, &["test", "--mutate", "policies"]);
    assert_eq!(few.code, 1, "{}", few.out);
    assert_in_guide(&few.out);

    std::fs::write(&cases, format!("{CASES}{MORE}")).unwrap();
    let green = run(folder, &["test", "--mutate", "policies"]);
    assert_eq!(green.code, 0, "{}", green.out);
    assert_in_guide(&green.out);
    assert_eq!(
        run(folder, &["check", "--deny-warnings", "--min-coverage", "100", "policies"]).code,
        0
    );
    let explained =
        run(folder, &["explain", "policies/lambda-url-open.cel", "--case", "our own pages"]);
    assert_in_guide(explained.out.split_once("\n\n").unwrap().1.split_once("\n\n").unwrap().1);
}
