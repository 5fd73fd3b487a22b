//! Tests `evenkeel explain`: descriptions of policies, and explanations of results.

use crate::support::{Folder, evenkeel, evenkeel_with_input, gzip};
use serde_json::{Value, json};

const ID: &str = "apigateway-integration-http";

fn event() -> Value {
    json!({
        "eventSource": "apigateway.amazonaws.com", "eventName": "PutIntegration",
        "requestParameters": {
            "restApiId": "a1", "resourceId": "r", "httpMethod": "GET",
            "putIntegrationInput": {"type": "HTTP", "uri": "HTTP://b\u{1b}[31m.example", "connectionType": "INTERNET"}
        }
    })
}

#[test]
fn a_policy_is_described() {
    let run = evenkeel(["explain", ID]);
    assert_eq!(run.code, 0, "{}", run.err);
    for text in [
        "REST API integration calls its backend over unencrypted HTTP",
        "PutIntegration, UpdateIntegration of apigateway.amazonaws.com",
        "apigateway-https-integration (approve)",
        "allowVpcLink = true",
        "PCI-DSS.v4.0.1 4.2.1",
        "of them NON_COMPLIANT",
        "uri.lowerAscii().startsWith('http://')",
    ] {
        assert!(run.out.contains(text), "{text}: {}", run.out);
    }
}

#[test]
fn a_finding_is_explained_with_its_subexpressions_and_the_change_that_makes_it_compliant() {
    let folder = Folder::new();
    for (name, whole) in [
        ("record", event()),
        ("log", json!({"Records": [event()]})),
        ("bus", json!({"detail-type": "AWS API Call via CloudTrail", "detail": event()})),
        ("lookup", json!({"Events": [{"CloudTrailEvent": event().to_string()}]})),
        (
            "queue",
            json!({"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": event().to_string()}]}),
        ),
    ] {
        let file = folder.write(&format!("{name}.json.gz"), gzip(whole.to_string().as_bytes()));
        let run = evenkeel(["explain", ID, file.to_str().unwrap()]);
        assert_eq!(run.code, 0, "{name}: {}", run.err);
        for text in [
            "NON_COMPLIANT  apigateway-integration-http",
            "uri = request.?uri.or(response.?uri).or(backend.?Uri)",
            "connection == 'VPC_LINK'  → false",
            "The result would be COMPLIANT",
            "if requestParameters.putIntegrationInput.connectionType were \"VPC_LINK\"",
        ] {
            assert!(run.out.contains(text), "{name}: {text}: {}", run.out);
        }
    }
}

#[test]
fn a_configuration_that_is_a_json_string_is_explained_like_an_object() {
    let folder = Folder::new();
    let item = |configuration: Value| {
        json!({
            "resourceType": "AWS::RDS::DBInstance", "resourceId": "db-1",
            "configurationItemCaptureTime": "2026-03-11T12:00:00Z",
            "configurationItemStatus": "OK", "configuration": configuration
        })
    };
    let open = json!({"publiclyAccessible": true, "dBInstanceIdentifier": "x"});
    for (name, whole) in [
        ("native", item(open.clone())),
        ("text", item(open.to_string().into())),
        ("snapshot", json!({"configurationItems": [item(open)]})),
    ] {
        let file = folder.write(&format!("{name}.json"), whole.to_string());
        let run = evenkeel(["explain", "rds-instance-public", file.to_str().unwrap()]);
        assert_eq!(run.code, 0, "{name}: {}", run.err);
        assert!(run.out.starts_with("NON_COMPLIANT"), "{name}: {}", run.out);
    }
}

#[test]
fn the_suggested_change_makes_the_event_compliant() {
    let folder = Folder::new();
    let mut right = event();
    right["requestParameters"]["putIntegrationInput"]["connectionType"] = "VPC_LINK".into();
    let file = folder.write("event.json", right.to_string());
    let run = evenkeel(["explain", ID, file.to_str().unwrap()]);
    assert!(
        run.out.starts_with("COMPLIANT") && run.out.contains("The result would be NON_COMPLIANT"),
        "{}",
        run.out
    );
    let back = "if requestParameters.putIntegrationInput.connectionType were";
    assert!(run.out.contains(back), "{}", run.out);
}

#[test]
fn an_event_that_the_policy_does_not_match_is_reported_with_the_reason() {
    let mut other = event();
    other["eventName"] = "DeleteIntegration".into();
    let run = evenkeel_with_input(["explain", ID, "-"], other.to_string().as_bytes());
    assert!(
        run.out.contains("NOT_APPLICABLE") && run.out.contains("this event is DeleteIntegration"),
        "{}",
        run.out
    );
    let mut failed = event();
    failed["errorCode"] = "AccessDenied".into();
    let run = evenkeel_with_input(["explain", ID, "-"], failed.to_string().as_bytes());
    assert!(
        run.out.contains("NOT_APPLICABLE") && run.out.contains("this call failed"),
        "{}",
        run.out
    );
}

#[test]
fn a_test_case_is_explained_by_a_part_of_its_name() {
    let file =
        concat!(env!("CARGO_MANIFEST_DIR"), "/policies/ec2/ec2-security-group-open-to-world.cel");
    let run = evenkeel(["explain", file, "--case", "IPv6"]);
    assert!(
        run.out.contains("NON_COMPLIANT") && run.out.contains("\"::/0\""),
        "{}{}",
        run.out,
        run.err
    );
    assert!(
        run.out.contains("(not reached)"),
        "the output does not mark the part that was not evaluated: {}",
        run.out
    );
    let run = evenkeel(["explain", file, "--case", "no such"]);
    assert_eq!(run.code, 2);
}

#[test]
fn an_unknown_policy_or_unreadable_event_is_a_usage_error() {
    let folder = Folder::new();
    let odd = folder.write("odd.json", "[1, 2");
    let other = folder.write("other.json", "{}");
    for arguments in [
        vec!["explain", "no-such-policy"],
        vec!["explain", "no-such-policy", other.to_str().unwrap()],
        vec!["explain", ID, odd.to_str().unwrap()],
        vec!["explain", ID, other.to_str().unwrap()],
    ] {
        let run = evenkeel(&arguments);
        assert!(run.code == 2 && !run.err.is_empty(), "{arguments:?} {}", run.err);
    }
}
