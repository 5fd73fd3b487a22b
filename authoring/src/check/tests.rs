//! Comments that let findings pass, and names with the version that CloudTrail puts behind them.

use super::lint_policies;
use evenkeel_rules::policy::{PolicyFile, PolicySet};

const POLICY: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: lambda.amazonaws.com, eventName: UpdateFunctionCode20150331v2}
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
fn what_only_cases_can_tell_is_not_held_against_a_comment_where_none_was_run() {
    assert!(codes(false).is_empty(), "a bundle is deployed with it");
    assert_eq!(
        codes(true),
        ["lint-comment"],
        "every event has its case: the comment hides the next that has none"
    );
}
