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

fn lint_texts(texts: &[(&str, String)]) -> Vec<(&'static str, String)> {
    let files: Vec<PolicyFile> = texts
        .iter()
        .map(|(name, text)| PolicyFile { name: (*name).to_owned(), text: text.clone() })
        .collect();
    let set = PolicySet::compile_files(&files, None).unwrap();
    lint_policies(&set, &[], None).into_iter().map(|one| (one.code, one.message)).collect()
}

fn policy_text(events: &str, more: &str, body: &str) -> String {
    format!(
        "// METADATA\n// title: t\n// description: d\n// severity: LOW\n// match: {{eventSource: \
         ecs.amazonaws.com, eventName: [{events}]{more}}}\n// resource: {{type: 'AWS::ECS::Service', \
         id: resource.account}}\n// message: m\n\n{body}\n"
    )
}

const PUBLIC_ADDRESS: &str = "request.?networkConfiguration.?awsvpcConfiguration.?assignPublicIp\
                              .orValue('') == 'ENABLED'";

#[test]
fn a_call_that_sets_a_parameter_of_a_policy_must_be_evaluated_or_left_out_with_a_reason() {
    let lint = |events: &str, more: &str| {
        lint_texts(&[("ecs-a.cel", policy_text(events, more, PUBLIC_ADDRESS))])
    };
    let warned: Vec<String> =
        lint("CreateService, UpdateService", "").into_iter().map(|one| one.1).collect();
    let expected = "no policy evaluates `CreateTaskSet`, `RunTask`, `StartTask`, which set \
                    `assignPublicIp`";
    assert_eq!(warned, [expected]);
    let rest = ", notWatched: {CreateTaskSet: r, RunTask: r}";
    let message = "no policy evaluates `StartTask`, which sets `assignPublicIp`";
    assert_eq!(lint("CreateService, UpdateService", rest)[0].1, message);
    let reasons = ", notWatched: {CreateTaskSet: r, RunTask: r, StartTask: r}";
    assert_eq!(lint("CreateService, UpdateService", reasons), []);
    let (code, message) = lint("CreateService, RunTask, UpdateService", reasons).remove(0);
    assert_eq!(code, "unwatched-event");
    assert_eq!(message, "`RunTask` is in `eventName` and in `notWatched`");
    let unknown = ", notWatched: {CreateTaskSet: r, RunTask: r, StartTask: r, StartTsk: r}";
    assert_eq!(lint("CreateService, UpdateService", unknown)[0].0, "unknown-event");
}

#[test]
fn another_policy_of_the_set_can_evaluate_the_call() {
    let first = policy_text("CreateService, UpdateService", "", PUBLIC_ADDRESS);
    let second = policy_text("CreateTaskSet, RunTask, StartTask", "", PUBLIC_ADDRESS)
        .replace("title: t", "title: u");
    assert_eq!(lint_texts(&[("ecs-a.cel", first.clone()), ("ecs-b.cel", second.clone())]), []);
    let other_setting = second.replace("assignPublicIp", "subnets[?0]");
    let found = lint_texts(&[("ecs-a.cel", first), ("ecs-b.cel", other_setting)]);
    assert!(found.iter().any(|one| one.1.contains("`RunTask`")), "{found:?}");
}

#[test]
fn a_type_that_does_not_exist_is_reported() {
    let lint = |kind: &str, more: &str| {
        let text = policy_text("DeleteCluster", more, "true").replace("AWS::ECS::Service", kind);
        lint_texts(&[("ecs-a.cel", text)]).into_iter().map(|one| one.1).collect::<Vec<_>>()
    };
    assert_eq!(lint("AWS::ECS::Cluster", ""), [""; 0]);
    assert_eq!(lint("AWS::::Account", ""), [""; 0]);
    assert_eq!(
        lint("AWS::ECS::Clusters", ""),
        ["neither CloudFormation nor AWS Config has the type `AWS::ECS::Clusters`"]
    );
    assert_eq!(
        lint("AWS::ECS::Cluster", ", resourceType: AWS::ECS::Clustr"),
        ["AWS Config records no resources of the type `AWS::ECS::Clustr`"]
    );
}

#[test]
fn a_default_that_aws_documents_otherwise_is_reported() {
    let lint = |event: &str, body: &str| {
        let text = policy_text(event, "", body)
            .replace("ecs.amazonaws.com", "rds.amazonaws.com")
            .replace("AWS::ECS::Service", "AWS::RDS::DBInstance");
        let found = lint_texts(&[("rds-a.cel", text)]);
        let of_code = found.into_iter().filter(|one| one.0 == "wrong-default");
        of_code.map(|one| one.1).collect::<Vec<_>>()
    };
    let wrong = "request.?copyTagsToSnapshot.orValue(true) == false";
    let message = "the default of `copyTagsToSnapshot` is `false` for CreateDBInstance, not `true`";
    assert_eq!(lint("CreateDBInstance", wrong), [message]);
    let after_response =
        "request.?copyTagsToSnapshot.or(response.?copyTagsToSnapshot).orValue(true) == false";
    assert_eq!(lint("CreateDBInstance", after_response), [message]);
    assert_eq!(lint("CreateDBInstance", &wrong.replace("(true)", "(false)")), [""; 0]);
    assert_eq!(lint("ModifyDBInstance", wrong), [""; 0], "an update keeps the setting");
}

#[test]
fn a_word_that_a_line_break_splits_is_reported() {
    let text = policy_text("DeleteCluster", "", "request.?cluster.orValue('') in engines");
    let lint = |variable: &str| {
        let text = text.replace("// message", &format!("// variables:\n{variable}// message"));
        let found = lint_texts(&[("ecs-a.cel", text)]);
        found.into_iter().filter(|one| one.0 == "split-word").count()
    };
    assert_eq!(lint("//   engines: >-\n//     ['mysql', 'gcp-\n//     mysql']\n"), 1);
    assert_eq!(lint("//   engines: >-\n//     ['mysql',\n//     'gcp-mysql']\n"), 0);
}
