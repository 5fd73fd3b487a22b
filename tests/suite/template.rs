//! Tests `evenkeel template`: the templates in the repository, and the effect of policy changes.

use crate::support::{Folder, evenkeel};
use evenkeel_deploy::{build_event_patterns, role_statements};
use evenkeel_remediators::catalog::CATALOG;
use evenkeel_rules::policy::{OutcomeMatch, PolicyMatch};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Returns a policy that matches one call and names one remediator.
fn policy(source: &str, name: &str, run: &str) -> String {
    format!(
        "// METADATA\n// title: t\n// description: d\n// severity: LOW\n// match:\n//   eventSource: {source}\n\
         //   eventName: {name}\n// resource:\n//   type: AWS::S3::Bucket\n//   id: \"'b'\"\n// message: m\n\
         // remediation:\n//   run: {run}\n//   mode: approve\n\ntrue\n"
    )
}

fn calls(source: &str, names: &[&str], outcome: OutcomeMatch) -> PolicyMatch {
    PolicyMatch {
        identity_type: Vec::new(),
        event_source: vec![source.to_owned()],
        event_name: names.iter().map(|name| (*name).to_owned()).collect(),
        outcome,
        resource_type: Vec::new(),
        only_source: None,
        not_watched: std::collections::BTreeMap::new(),
    }
}

#[test]
fn the_templates_in_the_repository_are_up_to_date() {
    let deploy = format!("{ROOT}/deploy");
    let checked = evenkeel(["template", "--check", "--out", &deploy]);
    assert_eq!(
        checked.code, 0,
        "the templates in deploy/ are out of date; run `cargo run -- template`: {}",
        checked.err
    );
}

#[test]
fn missing_templates_are_written_and_stale_ones_are_reported() {
    let folder = Folder::new();
    let out = folder.path().join("new").display().to_string();
    assert_eq!(evenkeel(["template", "--check", "--out", &out]).code, 1);
    assert_eq!(evenkeel(["template", "--out", &out]).code, 0);
    assert_eq!(evenkeel(["template", "--check", "--out", &out]).code, 0);
    folder.write("new/member-account.yaml", "# edited by hand\n");
    let stale = evenkeel(["template", "--check", "--out", &out]);
    assert_eq!(stale.code, 1);
    assert!(stale.err.contains("member-account.yaml is out of date"), "{}", stale.err);
}

#[test]
fn the_difference_of_two_policy_sets_is_reported_as_events_and_permissions() {
    let folder = Folder::new();
    let one = policy("s3.amazonaws.com", "PutBucketPolicy", "s3-deny-insecure-transport");
    folder.write("old/one.cel", &one);
    folder.write("new/one.cel", &one);
    folder.write("new/two.cel", policy("kms.amazonaws.com", "DisableKey", "kms-enable-key"));
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (old, new) = (path("old"), path("new"));
    let diff = evenkeel(["template", &new, "--diff", &old]);
    assert_eq!(diff.code, 0, "{}", diff.err);
    assert!(diff.out.contains("+ kms.amazonaws.com DisableKey"), "{}", diff.out);
    let permission = "+ evenkeel-remediate-kms: kms:EnableKey on \
                      arn:${AWS::Partition}:kms:*:${AWS::AccountId}:key/*";
    assert!(diff.out.contains(permission), "{}", diff.out);
    assert!(!diff.out.contains("s3"), "{}", diff.out);
    let back = evenkeel(["template", &old, "--diff", &new, "--format", "json"]);
    let back: Value = serde_json::from_str(&back.out).unwrap();
    assert_eq!(back["eventsRemoved"], json!(["kms.amazonaws.com DisableKey"]));
    assert_eq!(back["eventsAdded"], json!([]));
    assert!(evenkeel(["template", &old, "--diff", &old]).out.contains("does not change"));
}

#[test]
fn event_patterns_are_within_the_limit_for_many_calls() {
    let names: Vec<String> = (0..900).map(|number| format!("Call{number}Made")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sources = |outcome| {
        let mut wanted = calls("ec2.amazonaws.com", &["OfMany"], outcome);
        wanted.event_source = (0..200).map(|number| format!("s{number}.amazonaws.com")).collect();
        wanted
    };
    let wanted = [
        calls("ec2.amazonaws.com", &names, OutcomeMatch::Success),
        calls("lambda.amazonaws.com", &names, OutcomeMatch::Any),
        sources(OutcomeMatch::Success),
    ];
    let patterns = build_event_patterns(wanted.iter());
    let text: String = patterns.iter().map(Value::to_string).collect();
    for pattern in &patterns {
        let length = pattern.to_string().len();
        assert!(length <= 2048, "{length}: {pattern}");
    }
    for name in names {
        // One pattern for EC2, and two for Lambda, because its policies match successful calls and
        // failed calls.
        assert_eq!(text.matches(&format!("\"{name}\"")).count(), 3, "{name}");
    }
    for number in 0..200 {
        assert!(text.contains(&format!("\"s{number}.amazonaws.com\"")), "{number}");
    }
}

#[test]
fn failed_calls_are_forwarded_only_for_policies_that_match_them() {
    let of = |outcome| {
        build_event_patterns([calls("iam.amazonaws.com", &["CreateUser"], outcome)].iter())
    };
    let codes = |patterns: &[Value]| {
        let text: String = patterns.iter().map(Value::to_string).collect();
        (text.contains(r#"{"exists":false}"#), text.contains("anything-but"))
    };
    assert_eq!(codes(&of(OutcomeMatch::Success)), (true, false));
    assert_eq!(codes(&of(OutcomeMatch::Failure)), (false, true));
    assert_eq!(codes(&of(OutcomeMatch::Any)), (true, true));
}

#[test]
fn no_two_statements_of_a_role_allow_the_same() {
    let all: Vec<_> = CATALOG.iter().collect();
    let mut seen = BTreeSet::new();
    let actions = ["dynamodb:UpdateTable".to_owned()];
    let patched =
        [("AWS::DynamoDB::Table", actions.as_slice()), ("AWS::RDS::DBInstance", &[])].into();
    for statement in role_statements(&all, &patched) {
        for action in &statement.action {
            for resource in &statement.resource {
                assert!(
                    seen.insert((action.clone(), resource.clone())),
                    "two statements allow {action} on {resource}"
                );
                assert!(
                    !resource.contains("any"),
                    "the role allows {resource}, which is not a real resource"
                );
            }
        }
    }
    assert!(seen.len() > 50);
}
