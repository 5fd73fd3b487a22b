//! Checks that the remediator of each shipped policy plans a change for every finding of the
//! policy.

use std::path::Path;

use evenkeel_remediators::catalog::CatalogEntry;
use evenkeel_remediators::catalog::iam::password_policy::{PasswordPolicy, PasswordSettings};
use evenkeel_remediators::{RemediationPlan, Remediator, TargetResource};
use evenkeel_rules::policy::{Policy, PolicyFile, PolicySet};
use evenkeel_rules::{ComplianceStatus, most_serious_evaluation, read_cases};
use serde_json::{Value, json};

use super::stage::aws;

/// Returns the state of the resource after the event of a finding, as the remediator reads it, or
/// `None` for a policy that is not listed.
fn left_by(policy: &str, event: &str, target: &TargetResource) -> Option<Value> {
    let api = |tls: Option<&str>| {
        json!({"closed": false, "policy": null, "tls": tls, "access": null,
            "endpoints": ["REGIONAL"], "stages": {}, "canaries": []})
    };
    let rest = |uri: &str, unverified: bool| {
        json!({"kind": "HTTP_PROXY", "private": false, "uri": uri, "unverified": unverified,
            "stages": {}})
    };
    let http = |private: bool| {
        let uri =
            if private { "arn:aws:elasticloadbalancing:listener" } else { "http://b.example" };
        json!({"kind": "HTTP_PROXY", "private": private, "managed": false, "http": true,
            "draft": {"uri": uri, "tls": null}, "routes": [], "stages": {}})
    };
    let stage = |tracing: bool, level: &str, data_trace: bool| {
        let all = json!({"level": level, "data_trace": data_trace, "caching": true,
            "encrypted": false});
        json!({"tracing": tracing, "cache": true, "access_logs": null, "methods": {"*/*": all}})
    };
    let trail = |logging: bool, validation: bool, whole: bool| {
        json!({"logging": logging, "validation": validation, "every_region": whole,
            "global_services": whole, "organization": false, "management_events": whole})
    };
    let open = || {
        let rules = target.evidence.iter().map(|one| {
            json!({"protocol": one["ipProtocol"], "from": one["fromPort"], "to": one["toPort"],
                "cidr": one["range"], "description": null})
        });
        json!({"rules": rules.collect::<Vec<_>>()})
    };
    let public = json!({"public": true});
    // S3 always encrypts with S3 managed keys, even if the configuration is deleted.
    let own_keys = json!({"rules": [{"algorithm": "AES256", "key": null, "bucket_key": false,
        "blocked": []}]});
    let statement = json!({"Sid": "all", "Effect": "Allow", "Principal": "*",
        "Action": "lambda:InvokeFunction",
        "Resource": "arn:aws:lambda:eu-central-1:111122223333:function:f"});
    Some(match policy {
        "apigateway-api-weak-tls" => api(Some("TLS_1_0")),
        "apigateway-default-endpoint-open" | "apigateway-policy-lacks-tls-deny" => api(None),
        "apigateway-domain-tls-not-recommended" | "apigateway-domain-weak-tls" => {
            json!({"policy": "TLS_1_0", "access": null, "endpoints": ["REGIONAL"], "mutual": false})
        }
        "apigateway-integration-http" => rest("http://b.example", false),
        "apigateway-integration-unverified-tls" => rest("https://b.example", true),
        "apigateway-stage-cache-unencrypted" => stage(true, "INFO", false),
        "apigateway-stage-data-trace-on" => stage(true, "INFO", true),
        "apigateway-stage-execution-logs-missing" | "apigateway-stage-logging-off" => {
            stage(true, "OFF", false)
        }
        "apigateway-stage-tracing-off" => stage(false, "INFO", false),
        "apigatewayv2-default-endpoint-open" => json!({"closed": false, "stages": {}}),
        "apigatewayv2-integration-http" => http(false),
        "apigatewayv2-private-integration-plain" => http(true),
        "cloudtrail-log-validation-off" => trail(true, false, true),
        "cloudtrail-tampering" => {
            let says =
                |what: &str| target.evidence.iter().any(|one| one.as_str().unwrap().contains(what));
            let whole = says("no longer an organization trail");
            let mut left = trail(event != "StopLogging", !says("validation"), whole);
            left["missing"] = says("was deleted").into();
            left
        }
        "config-recorder-tampering" => {
            let missing = event == "DeleteConfigurationRecorder";
            json!({"recording": false, "delivers": true, "missing": missing})
        }
        "ec2-ebs-default-encryption-off" => json!({"encrypted": false}),
        "ec2-image-public"
        | "ec2-snapshot-public"
        | "rds-cluster-snapshot-public"
        | "rds-instance-public"
        | "rds-snapshot-public" => public,
        "ec2-security-group-admin-port-open"
        | "ec2-security-group-high-risk-port"
        | "ec2-security-group-open-to-world"
        | "ec2-security-group-unauthorized-port" => open(),
        "iam-password-policy-weak" => json!({"settings": null}),
        "kms-key-deletion-scheduled" => json!({"state": "PendingDeletion"}),
        "kms-key-disabled" => json!({"state": "Disabled"}),
        "kms-key-rotation-missing" | "kms-rotation-disabled" => json!({"on": false, "never": null}),
        "lambda-permission-public" => json!({"of": {"": {"all": statement}}}),
        "s3-bucket-acl-public"
        | "s3-bucket-policy-public"
        | "s3-object-acl-public"
        | "s3-public-access-block-removed" => json!({"block": null}),
        "s3-bucket-encryption-not-kms" | "s3-bucket-encryption-removed" => own_keys,
        "s3-bucket-policy-lacks-tls-deny" | "sqs-queue-lacks-tls-deny" => json!({"policy": null}),
        "sns-topic-lacks-tls-deny" => json!({"policy": {"Statement": []}}),
        _ => return None,
    })
}

/// Returns the shipped policies. Their file names are full paths.
fn shipped() -> PolicySet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(&folder) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|ending| ending == "cel") {
            let text = std::fs::read_to_string(&path).unwrap();
            files.push(PolicyFile { name: path.display().to_string(), text });
        }
    }
    let name = folder.join("functions.yaml");
    let text = std::fs::read_to_string(&name).unwrap();
    let functions = PolicyFile { name: name.display().to_string(), text };
    PolicySet::compile_files(&files, Some(&functions)).unwrap()
}

/// Returns the findings of the policy's test cases: the name of the event, and the target of the
/// remediator.
fn found(policy: &Policy) -> Vec<(String, TargetResource)> {
    let header = policy.remediation.clone().unwrap();
    let name = policy.file.replace(".cel", ".test.yaml");
    let cases = read_cases(&name, &std::fs::read_to_string(&name).unwrap(), policy).unwrap();
    let wrong = cases.into_iter().filter(|case| case.expect == ComplianceStatus::NonCompliant);
    wrong
        .map(|case| {
            let evaluations = case.evaluate_policy(policy).unwrap();
            let evaluation = most_serious_evaluation(&evaluations).unwrap().clone();
            let event = case.event_record().and_then(|record| record["eventName"].as_str());
            let inputs = evaluation.remediator_inputs.transpose().unwrap().unwrap_or_default();
            let resource = evaluation.resource;
            let target = TargetResource {
                policy: policy.id.clone(),
                remediator: header.run.clone(),
                kind: resource.kind,
                id: resource.id,
                account: resource.account,
                region: resource.region,
                arn: resource.arn,
                parameters: inputs.into_iter().collect(),
                evidence: evaluation.evidence,
                tier: header.tier,
                actions: header.actions.clone(),
                checks: header.checks.clone(),
                patch: header.patch.clone(),
                approval_reason: header.ask.clone(),
            };
            (event.unwrap_or_default().to_owned(), target)
        })
        .collect()
}

#[test]
fn the_remediator_plans_a_change_for_every_finding_of_a_shipped_policy() {
    // Planning makes no AWS call, so any endpoint is possible.
    let nowhere = aws(([127, 0, 0, 1], 1).into());
    let set = shipped();
    let mut wrong = Vec::new();
    for policy in set.policies() {
        let Some(header) = &policy.remediation else { continue };
        let entry = CatalogEntry::find_by_id(&header.run).unwrap();
        // For a remediator without its own tier, the policy defines the change, so this test skips
        // the policy.
        if entry.spec.tier.is_none() {
            continue;
        }
        let remediator = entry.connect_remediator(&nowhere);
        let findings = found(policy);
        assert!(!findings.is_empty(), "{} has no NON_COMPLIANT test case", policy.id);
        for (event, target) in findings {
            let Some(state) = left_by(&policy.id, &event, &target) else {
                wrong.push(format!("{} is missing in `left_by`", policy.id));
                break;
            };
            if remediator.plan_change(&target, &state).unwrap() == RemediationPlan::Nothing {
                wrong
                    .push(format!("{} after {event}: no change is planned for {state}", policy.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn custom_parameters_of_a_policy_reach_the_remediator() {
    let settings = "parameters: {iam-password-policy-weak: {minimumLength: 20, maximumAge: 0}}";
    let file = PolicyFile { name: "settings.yaml".to_owned(), text: settings.to_owned() };
    let set = shipped().with_settings(&[file]).unwrap();
    let policy = set.find_policy("iam-password-policy-weak").unwrap();
    let event = json!({
        "eventSource": "iam.amazonaws.com", "eventName": "UpdateAccountPasswordPolicy",
        "eventVersion": "1.11", "eventTime": "2026-01-15T12:00:00Z", "eventType": "AwsApiCall",
        "eventID": "00000000-0000-4000-8000-000000000001", "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333", "userIdentity": {"type": "IAMUser"},
        "requestParameters": {"minimumPasswordLength": 16}
    });
    let text = event.to_string();
    let mut tape = evenkeel_rules::json::JsonTape::default();
    let event = evenkeel_rules::event::CloudTrailEvent::parse_record(&text, &mut tape).unwrap();
    let context = evenkeel_rules::ResourceContext::default();
    let evaluation = evenkeel_rules::evaluate_event(policy, &event, &context).remove(0);
    let finding = evenkeel_rules::Finding::from_evaluation(policy, &event, evaluation).unwrap();
    let with = finding.remediation.unwrap().with;
    assert_eq!(with["minimumLength"], 20);
    let target = TargetResource { parameters: with, ..TargetResource::default() };
    let remediator = PasswordPolicy::from(aws(([127, 0, 0, 1], 1).into()));
    let weak = PasswordSettings { settings: None };
    let RemediationPlan::Change(after) = remediator.plan_change(&target, &weak) else {
        panic!("no change is planned")
    };
    let settings = after.settings.unwrap();
    assert_eq!(settings["MinimumPasswordLength"], "20");
    assert_eq!(
        settings.get("MaxPasswordAge"),
        None,
        "a setting that is turned off must not be set"
    );
}
