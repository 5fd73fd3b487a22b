//! Tests how the findings of one action are attached to the most severe one.

use crate::support::{Folder, evenkeel};
use serde_json::{Value, json};

fn policy(severity: &str, resource: &str, body: &str) -> String {
    format!(
        "// METADATA\n// title: t\n// description: d\n// severity: {severity}\n// match: \
         {{eventSource: monitoring.amazonaws.com, eventName: DeleteAlarms}}\n// resource: \
         {{type: AWS::CloudWatch::Alarm, {resource}}}\n// message: m\n\n{body}\n"
    )
}

const EACH: &str = "each: request.alarmNames, id: each";
const CALL: &str = "id: resource.account";

/// Writes the policies and a record of a call about the alarms `a` and `b`.
fn stage(policies: &[(&str, &str, &str)]) -> (Folder, String, String) {
    let folder = Folder::new();
    for (name, severity, resource) in policies {
        folder.write(&format!("policies/{name}.cel"), policy(severity, resource, "true"));
    }
    let record = json!({
        "eventVersion": "1.11", "eventSource": "monitoring.amazonaws.com",
        "eventName": "DeleteAlarms", "eventTime": "2026-03-11T12:00:00Z",
        "eventID": "7d0f2a54-0000-4000-8000-000000000001", "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333", "requestParameters": {"alarmNames": ["a", "b"]}
    });
    let log = folder.log("log.json", &[record]).display().to_string();
    let policies = folder.path().join("policies").display().to_string();
    (folder, policies, log)
}

/// Returns the policy, the resource, and the policy to which the finding is attached.
fn relations(findings: &[Value]) -> Vec<(String, String, String)> {
    let name = |uid: &Value| {
        let primary = findings.iter().find(|one| !uid.is_null() && one["uid"] == *uid);
        primary.map_or(String::new(), |one| one["policy"].as_str().unwrap().to_owned())
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings
        .iter()
        .map(|one| (text(&one["policy"]), text(&one["resource"]["id"]), name(&one["attachedTo"])))
        .collect()
}

fn replay(policies: &str, log: &str, more: &[&str]) -> Vec<Value> {
    let args = ["replay", log, "--policies", policies, "--format", "jsonl"];
    evenkeel(args.into_iter().chain(more.iter().copied())).findings()
}

#[test]
fn the_less_severe_findings_of_an_action_are_attached_to_the_most_severe_one() {
    let (_folder, policies, log) =
        stage(&[("a-low", "LOW", CALL), ("b-high", "HIGH", CALL), ("c-low", "LOW", CALL)]);
    let findings = replay(&policies, &log, &[]);
    let of = |policy: &str, to: &str| (policy.to_owned(), "111122223333".to_owned(), to.to_owned());
    let expected = [of("a-low", "b-high"), of("b-high", ""), of("c-low", "b-high")];
    assert_eq!(relations(&findings), expected);
    let attached = findings[1]["attached"].as_array().unwrap();
    assert_eq!(attached.len(), 2);
    assert_eq!(
        (&attached[0]["policy"], &attached[0]["severity"]),
        (&json!("a-low"), &json!("LOW"))
    );
    assert_eq!(attached[0]["uid"], findings[0]["uid"]);
    let text = evenkeel(["replay", &log, "--policies", &policies]);
    assert!(text.out.contains("also LOW a-low, LOW c-low"), "{}", text.out);
    assert!(text.out.contains("Findings  1  1 HIGH, 2 attached to these"), "{}", text.out);
}

#[test]
fn the_findings_of_each_resource_have_their_own_most_severe_one() {
    let (_folder, policies, log) = stage(&[("a-high", "HIGH", EACH), ("b-low", "LOW", EACH)]);
    let of = |policy: &str, id: &str, to: &str| (policy.to_owned(), id.to_owned(), to.to_owned());
    let expected = [
        of("a-high", "a", ""),
        of("a-high", "b", ""),
        of("b-low", "a", "a-high"),
        of("b-low", "b", "a-high"),
    ];
    let findings = replay(&policies, &log, &[]);
    assert_eq!(relations(&findings), expected);
    assert_eq!(findings[2]["attachedTo"], findings[0]["uid"]);
    assert_eq!(findings[3]["attachedTo"], findings[1]["uid"]);
}

#[test]
fn no_finding_is_attached_to_a_waived_one() {
    let (folder, policies, log) = stage(&[("a-high", "HIGH", CALL), ("b-low", "LOW", CALL)]);
    let waiver = "- {id: w, policies: [a-high], reason: r, approvedBy: a@example.com, resource: '*', expires: 2099-01-01}\n";
    let waivers = folder.write("waivers.yaml", waiver).display().to_string();
    let findings = replay(&policies, &log, &["--waivers", &waivers]);
    let of = |policy: &str| (policy.to_owned(), "111122223333".to_owned(), String::new());
    assert_eq!(relations(&findings), [of("a-high"), of("b-low")]);
    assert!(findings[0]["waived"].is_object(), "{findings:?}");
}
