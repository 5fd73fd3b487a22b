//! Tests of allow comments, and of event names with an API version.

use super::lint_policies;
use evenkeel_rules::policy::{PolicyFile, PolicySet};

const POLICY: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: lambda.amazonaws.com, eventName: UpdateFunctionCode}
// resource: {type: 'AWS::Lambda::Function', id: resource.account}
// message: m
// lint: allow uncovered-event  nobody can record one any more

true
";

fn codes(cases_were_run: bool) -> Vec<&'static str> {
    let file = PolicyFile { name: "mine.cel".to_owned(), text: POLICY.to_owned() };
    let set = PolicySet::compile_files(&[file], None).unwrap();
    let uncovered = cases_were_run.then(Vec::new);
    lint_policies(&set, &[], uncovered).into_iter().map(|one| one.code).collect()
}

#[test]
fn an_allow_comment_for_a_coverage_code_is_an_error_only_if_the_cases_were_run() {
    assert!(codes(false).is_empty(), "the comment must not block the deployment of a bundle");
    assert_eq!(
        codes(true),
        ["lint-comment"],
        "every event has a case: the comment would hide the next uncovered event"
    );
}
