//! The traps of CloudTrail's wire format, each with a policy that would fall into it.

use crate::support::{Folder, evenkeel, violation, with};
use serde_json::{Value, json};

/// A policy for one event, whose resource is its `id`.
fn policy(source: &str, name: &str, outcome: &str, body: &str) -> String {
    format!(
        "// METADATA\n// title: t\n// description: d\n// severity: LOW\n\
         // match: {{eventSource: {source}.amazonaws.com, eventName: {name}, outcome: {outcome}}}\n\
         // resource: {{type: 'AWS::X::Y', id: event.eventID}}\n// message: m\n{body}\n"
    )
}

/// The statuses of the findings that `body` makes of a record of the call `source`:`name`.
fn judge_as(source: &str, watched: &str, outcome: &str, body: &str, record: Value) -> Vec<String> {
    let folder = Folder::new();
    let policy = folder.write("p.cel", policy(source, watched, outcome, body));
    let source = format!("{source}.amazonaws.com");
    let record =
        with(with(violation(1), json!({"eventSource": source, "eventName": watched})), record);
    let log = folder.log("a.json.gz", &[record]);
    let args = ["replay", log.to_str().unwrap(), "--policies", policy.to_str().unwrap()];
    let run = evenkeel(args.into_iter().chain(["--format", "jsonl"]));
    run.findings().iter().map(|finding| finding["status"].as_str().unwrap().to_owned()).collect()
}

/// Whether `body` finds something in a record of the call `source`:`name`.
fn finds(source: &str, name: &str, body: &str, record: Value) -> bool {
    let statuses = judge_as(source, name, "success", body, record);
    assert!(statuses.iter().all(|status| status == "NON_COMPLIANT"), "{body}: {statuses:?}");
    !statuses.is_empty()
}

#[test]
fn a_failed_call_changed_nothing() {
    let judged = |outcome: &str, record: Value| {
        !judge_as("signin", "ConsoleLogin", outcome, "true", record).is_empty()
    };
    let denied = json!({"errorCode": "AccessDenied", "responseElements": {"message": "no"}});
    let no_code = json!({"errorMessage": "Failed authentication"});
    for failed in [denied, no_code] {
        assert!(
            !judged("success", failed.clone())
                && judged("failure", failed.clone())
                && judged("any", failed)
        );
    }
    assert!(
        judged("success", json!({})) && !judged("failure", json!({})) && judged("any", json!({}))
    );
}

#[test]
fn one_call_has_two_shapes() {
    let body = "as_list(request.?ipPermissions).exists(p, as_list(p.ipRanges).exists(r, r.cidrIp == '0.0.0.0/0'))
        || request.?cidrIp.orValue('') == '0.0.0.0/0'";
    let items = json!({"requestParameters": {"ipPermissions": {"items": [{"ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}, "ipv6Ranges": {}}]}}});
    let flat = json!({"requestParameters": {"ipPermissions": {}, "cidrIp": "0.0.0.0/0"}});
    let none = json!({"requestParameters": {"ipPermissions": {"items": [{"ipRanges": {}}]}}});
    let finds = |record| finds("ec2", "AuthorizeSecurityGroupIngress", body, record);
    assert!(finds(items) && finds(flat) && !finds(none));
}

#[test]
fn a_list_is_a_list_though_it_is_written_as_an_object() {
    let body = "request.ipPermissions.exists(p, p.ipRanges.exists(r, r.cidrIp == '0.0.0.0/0'))";
    let finds = |permissions: Value| {
        let record = json!({"requestParameters": {"ipPermissions": permissions}});
        finds("ec2", "AuthorizeSecurityGroupIngress", body, record)
    };
    let open = json!({"items": [{"cidrIp": "10.0.0.0/8"}, {"cidrIp": "0.0.0.0/0"}]});
    assert!(finds(json!({"items": [{"ipRanges": open}]})));
    assert!(!finds(json!({"items": [{"ipRanges": {}}]})) && !finds(json!({})));
}

#[test]
fn services_wrap_parameters_and_some_patch_them() {
    let body = "request.?uri.orValue('') == 'http://x' && request.restApiId == 'a'";
    let finds = |name: &str, parameters: Value| {
        finds("apigateway", name, body, json!({"requestParameters": parameters}))
    };
    let patch = json!([{"op": "replace", "path": "/uri", "value": "http://x"}]);
    assert!(finds(
        "PutIntegration",
        json!({"restApiId": "a", "putIntegrationInput": {"uri": "http://x"}})
    ));
    assert!(finds("UpdateIntegration", json!({"restApiId": "a", "patchOperations": patch})));
    assert!(finds(
        "UpdateIntegration",
        json!({"restApiId": "a", "updateIntegrationInput": {"patchOperations": patch}})
    ));
}

#[test]
fn policy_documents_are_objects_text_or_percent_encoded_text() {
    let document = json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "x", "Resource": "*"}]});
    let text = document.to_string();
    let encoded = text.bytes().fold(String::new(), |out, byte| format!("{out}%{byte:02X}"));
    for document in [document, json!(text), json!(encoded)] {
        let record = json!({"requestParameters": {"policy": document}});
        assert!(finds("s3", "PutBucketPolicy", "public_statements(request.policy)", record));
    }
}

#[test]
fn one_is_an_object_and_many_are_a_list() {
    let body = "as_list(request.lifecycleConfiguration.rule).exists(r, r.status == 'Enabled')";
    for rule in
        [json!({"Status": "Enabled"}), json!([{"Status": "Disabled"}, {"Status": "Enabled"}])]
    {
        let record = json!({"requestParameters": {"LifecycleConfiguration": {"Rule": rule}}});
        assert!(finds("s3", "PutBucketLifecycle", body, record));
    }
    let record = json!({"requestParameters": {"DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": "fl-1"}}}});
    assert!(finds("ec2", "DeleteFlowLogs", "request.flowLogId == 'fl-1'", record));
}

#[test]
fn the_number_of_an_element_does_not_hide_its_tag() {
    let record = json!({"requestParameters": {"CreateLaunchTemplateRequest": {"LaunchTemplateData": {
        "TagSpecification": {"ResourceType": "instance", "tag": 1, "Tag": {"Key": "note", "tag": 1, "Value": "secret"}}
    }}}});
    for body in [
        "request.launchTemplateData.tagSpecification.tag.value == 'secret'",
        "'secret' in strings_in(request)",
        "'tag' in request.launchTemplateData.tagSpecification",
        "request.launchTemplateData.tagSpecification.tag.tag == 1",
    ] {
        assert!(finds("ec2", "CreateLaunchTemplate", body, record.clone()), "{body}");
    }
}

#[test]
fn identities_may_be_thin_or_missing() {
    let body = "event.?userIdentity.?type.orValue('none') != 'Root'";
    for identity in [json!({"type": "AWSService", "invokedBy": "x"}), json!({}), Value::Null] {
        assert!(finds("sts", "AssumeRole", body, json!({"userIdentity": identity})), "{identity}");
    }
}

#[test]
fn whoever_acted_is_named_by_what_little_there_is() {
    for (identity, principal, account) in [
        (json!({"type": "AWSService", "invokedBy": "x.amazonaws.com"}), "x.amazonaws.com", ""),
        (json!({"type": "AWSAccount", "principalId": "AIDA", "accountId": "9"}), "AIDA", "9"),
        (json!({"type": "Unknown", "arn": "", "accountId": "9"}), "9", "9"),
        (json!("text"), "", ""),
        (Value::Null, "", ""),
    ] {
        let folder = Folder::new();
        let log = folder.log("a.json.gz", &[with(violation(1), json!({"userIdentity": identity}))]);
        let actor = &crate::support::replay(&log).findings()[0]["actor"];
        assert_eq!((&actor["principal"], &actor["account"]), (&json!(principal), &json!(account)));
    }
}

#[test]
fn truth_and_numbers_are_sometimes_text() {
    let record = json!({"requestParameters": {"attributeValue": "True", "size": "100"}});
    let finds = |body: &str| {
        finds("elasticloadbalancing", "ModifyLoadBalancerAttributes", body, record.clone())
    };
    assert!(finds("bool(request.attributeValue) && int(request.size) == 100"));
    assert!(!finds("request.attributeValue == true || request.size == 100"));
}

#[test]
fn a_number_next_to_a_text_is_compared_loudly() {
    let record = json!({"requestParameters": {"pendingWindowInDays": "7"}});
    let body = "request.pendingWindowInDays < 30";
    assert_eq!(judge_as("kms", "ScheduleKeyDeletion", "success", body, record), ["ERROR"]);
}

#[test]
fn a_global_service_is_where_its_record_says() {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[with(violation(1), json!({"awsRegion": "us-east-1"}))]);
    let finding = &crate::support::replay(&log).findings()[0];
    assert_eq!(finding["resource"]["region"], "us-east-1");
}

#[test]
fn records_of_any_version_and_calls_that_claim_to_read_are_judged() {
    for fields in [
        json!({"eventVersion": "1.03", "readOnly": null}),
        json!({"eventVersion": 1.11, "readOnly": true, "eventCategory": "Management"}),
        json!({"eventVersion": null, "managementEvent": false, "eventCategory": "Data"}),
    ] {
        assert!(finds("s3", "PutObjectAcl", "true", fields));
    }
}

#[test]
fn names_carry_versions_and_names_begin_alike() {
    let judged = |name: &str| {
        let folder = Folder::new();
        let policy = folder.write("p.cel", policy("lambda", "CreateFunction", "success", "true"));
        let record =
            with(violation(1), json!({"eventSource": "lambda.amazonaws.com", "eventName": name}));
        let log = folder.log("a.json.gz", &[record]);
        let args = ["replay", log.to_str().unwrap(), "--policies", policy.to_str().unwrap()];
        !evenkeel(args.into_iter().chain(["--format", "jsonl"])).findings().is_empty()
    };
    for name in [
        "CreateFunction",
        "CreateFunction20150331",
        "CreateFunction20150331v2",
        "CreateFunction2020_05_31",
    ] {
        assert!(judged(name), "{name}");
    }
    for name in ["CreateFunctionUrlConfig", "CreateFunctionX20150331", "CreateFunction2015"] {
        assert!(!judged(name), "{name}");
    }
}

#[test]
fn a_redacted_value_of_the_wrong_type_is_loud() {
    let record = json!({"requestParameters": {"stageVariables": "***"}});
    let statuses = judge_as(
        "apigateway",
        "CreateStage",
        "success",
        "request.stageVariables.host == 'x'",
        record,
    );
    assert_eq!(statuses, ["ERROR"]);
    let iterated = "as_list(request.stageVariables).exists(v, v.host == 'x')";
    let present = "has(request.stageVariables.host)";
    for body in [iterated, present, "'host' in request.stageVariables"] {
        let record = json!({"requestParameters": {"stageVariables": "***"}});
        assert_eq!(judge_as("apigateway", "CreateStage", "success", body, record), ["ERROR"]);
    }
}

#[test]
fn letters_drift_between_cases() {
    let body =
        "request.publicAccessBlockConfiguration.blockPublicAcls == false && request.host != ''";
    for parameters in [
        json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": false}, "Host": "h"}),
        json!({"publicAccessBlockConfiguration": {"blockPublicAcls": false}, "host": ["h"]}),
    ] {
        assert!(finds(
            "s3",
            "PutBucketPublicAccessBlock",
            body,
            json!({"requestParameters": parameters})
        ));
    }
}

#[test]
fn absent_null_and_empty_parameters_are_alike() {
    for parameters in [Value::Null, json!({}), json!({"name": null})] {
        let record = json!({"requestParameters": parameters, "responseElements": parameters});
        assert!(finds(
            "config",
            "StopConfigurationRecorder",
            "request.?name.orValue('all') == 'all' && !has(response.name)",
            record
        ));
    }
}

#[test]
fn one_action_has_one_id_in_every_record_of_it() {
    let found = |fields: Value| {
        let folder = Folder::new();
        let log = folder.log("a.json.gz", &[with(violation(1), fields)]);
        crate::support::replay(&log).findings().remove(0)
    };
    let again = "00000000-0000-4000-8000-00000000ffff";
    let original = found(json!({}));
    let corrected = found(
        json!({"eventID": again, "addendum": {"originalEventID": original["action"]["eventId"]}}),
    );
    assert_eq!(original["uid"], corrected["uid"]);
    let shared = found(json!({"sharedEventID": "s-1"}));
    let copy = found(json!({"sharedEventID": "s-1", "eventID": again}));
    assert_eq!((&shared["action"]["id"], &shared["uid"]), (&json!("s-1"), &copy["uid"]));
    assert_ne!(original["uid"], shared["uid"]);
    let elsewhere = found(json!({"sharedEventID": "s-1", "recipientAccountId": "444455556666"}));
    assert_ne!(elsewhere["uid"], shared["uid"]);
}

#[test]
fn service_events_and_console_sign_ins_are_judged_like_calls() {
    let record = json!({"eventType": "AwsServiceEvent", "requestParameters": null, "serviceEventDetails": {"keyId": "k"}});
    assert!(finds("kms", "RotateKey", "event.serviceEventDetails.keyId == 'k'", record));
    let login =
        json!({"eventType": "AwsConsoleSignIn", "responseElements": {"ConsoleLogin": "Success"}});
    assert!(finds("signin", "ConsoleLogin", "response.consoleLogin == 'Success'", login));
    for details in [json!("{\"state\":\"FAILED\"}"), json!({"state": "FAILED"})] {
        let record = json!({"eventType": "AwsServiceEvent", "serviceEventDetails": details});
        let body = "cel.bind(d, event.serviceEventDetails, type(d) == string ? parse_json(d) : d).state == 'FAILED'";
        assert!(finds("organizations", "CreateAccountResult", body, record));
    }
}

#[test]
fn what_was_omitted_for_its_size_is_unknown_even_behind_a_guard() {
    for mark in [json!(true), json!("true")] {
        let record = json!({"requestParameters": {"omitted": mark, "originalSize": 110_000, "reason": "too large"}});
        for body in
            ["request.?policy.orValue('') == 'x'", "request.policy == 'x'", "!has(request.policy)"]
        {
            let statuses = judge_as("s3", "PutBucketPolicy", "success", body, record.clone());
            assert_eq!(statuses, ["INSUFFICIENT_DATA"], "{body}");
        }
    }
}

#[test]
fn a_configuration_nobody_knows_is_unknown_unless_the_author_guards() {
    let statuses = |body: &str| judge_as("s3", "CreateBucket", "success", body, json!({}));
    assert_eq!(statuses("resource.configuration.public == true"), ["INSUFFICIENT_DATA"]);
    assert_eq!(statuses("resource.?configuration.?public.orValue(true)"), ["NON_COMPLIANT"]);
    assert_eq!(
        statuses("resource.?configuration.?x.orValue(false) || request.nothing == 1"),
        ["ERROR"]
    );
}

#[test]
fn the_account_is_that_of_the_resource_and_not_of_the_actor() {
    let folder = Folder::new();
    let record = with(
        violation(1),
        json!({"userIdentity": {"type": "AWSAccount", "accountId": "999999999999"}}),
    );
    let log = folder.log("a.json.gz", &[record]);
    let finding = &crate::support::replay(&log).findings()[0];
    assert_eq!(
        (finding["resource"]["account"].as_str(), finding["actor"]["account"].as_str()),
        (Some("111122223333"), Some("999999999999"))
    );
}

#[test]
fn the_deepest_condition_is_evaluated_by_every_command() {
    let folder = Folder::new();
    let body = format!("{}size(request.bucketName) > 186", "1 + ".repeat(185));
    let text = policy("s3", "DeleteBucketEncryption", "success", &body);
    let policy = folder.write("policies/p.cel", text);
    folder.write(
        "policies/p.test.yaml",
        "base:\n  deletion: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption, eventID: e, \
         requestParameters: {bucketName: b}}\ncases:\n  - {name: short, event: deletion, expect: COMPLIANT}\n  \
         - {name: deep, event: deletion, merge: {requestParameters: {bucketName: bucket}}, expect: \
         NON_COMPLIANT}\n",
    );
    let log = folder.write("a.json", violation(1).to_string());
    let policy = policy.to_str().unwrap();
    let evidence = folder.path().join("evidence");
    let evidence = evidence.to_str().unwrap();
    let log = log.to_str().unwrap();
    for (args, told) in [
        (&["test", policy][..], "2 passed"),
        (&["test", "--mutate", policy], "noticed by the cases"),
        (&["check", policy], "1 policy"),
        (&["explain", policy, log], "NON_COMPLIANT"),
        (&["explain", policy, "--case", "deep"], "NON_COMPLIANT"),
        (&["ingest", log, "--policies", policy, "--out", evidence], "\"findings\": 1"),
        (&["replay", log, "--policies", policy, "--format", "jsonl"], "NON_COMPLIANT"),
    ] {
        // Where the stack is too small, the process has no exit code.
        let run = evenkeel(args);
        assert!(format!("{}{}", run.out, run.err).contains(told), "{args:?}: {run:?}");
    }
}
