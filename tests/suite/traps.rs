//! Checks the peculiarities of CloudTrail's record format. Each test has a policy that would return
//! a wrong result if Evenkeel did not handle the peculiarity.

use crate::support::{Folder, evenkeel, violation, with};
use serde_json::{Value, json};

/// Returns a policy for one event. The resource's id is the `eventID`.
fn policy(source: &str, name: &str, outcome: &str, body: &str) -> String {
    format!(
        "// METADATA\n// title: t\n// description: d\n// severity: LOW\n\
         // match: {{eventSource: {source}.amazonaws.com, eventName: {name}, outcome: {outcome}}}\n\
         // resource: {{type: 'AWS::X::Y', id: event.eventID}}\n// message: m\n{body}\n"
    )
}

/// Evaluates a record with a policy that matches `source`:`watched` and has this body. Returns the
/// statuses of the findings.
fn evaluate_as(
    source: &str,
    watched: &str,
    outcome: &str,
    body: &str,
    record: Value,
) -> Vec<String> {
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

/// Returns whether a policy with this body finds a violation in a record of the call
/// `source`:`name`.
fn finds(source: &str, name: &str, body: &str, record: Value) -> bool {
    let statuses = evaluate_as(source, name, "success", body, record);
    assert!(statuses.iter().all(|status| status == "NON_COMPLIANT"), "{body}: {statuses:?}");
    !statuses.is_empty()
}

#[test]
fn a_failed_call_is_evaluated_only_if_the_policy_matches_failures() {
    let is_found = |outcome: &str, record: Value| {
        !evaluate_as("signin", "ConsoleLogin", outcome, "true", record).is_empty()
    };
    let denied = json!({"errorCode": "AccessDenied", "responseElements": {"message": "no"}});
    let no_code = json!({"errorMessage": "Failed authentication"});
    for failed in [denied, no_code] {
        assert!(
            !is_found("success", failed.clone())
                && is_found("failure", failed.clone())
                && is_found("any", failed)
        );
    }
    assert!(
        is_found("success", json!({}))
            && !is_found("failure", json!({}))
            && is_found("any", json!({}))
    );
}

#[test]
fn a_call_with_two_parameter_formats_is_evaluated_in_both() {
    let body = "as_list(request.?ipPermissions).exists(p, as_list(p.ipRanges).exists(r, r.cidrIp == '0.0.0.0/0'))
        || request.?cidrIp.orValue('') == '0.0.0.0/0'";
    let items = json!({"requestParameters": {"ipPermissions": {"items": [{"ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}, "ipv6Ranges": {}}]}}});
    let flat = json!({"requestParameters": {"ipPermissions": {}, "cidrIp": "0.0.0.0/0"}});
    let none = json!({"requestParameters": {"ipPermissions": {"items": [{"ipRanges": {}}]}}});
    let finds = |record| finds("ec2", "AuthorizeSecurityGroupIngress", body, record);
    assert!(finds(items) && finds(flat) && !finds(none));
}

#[test]
fn a_list_that_is_written_as_an_object_is_a_list() {
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
fn wrapped_parameters_and_patch_operations_are_unwrapped() {
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
fn policy_documents_may_be_objects_strings_or_percent_encoded_strings() {
    let document = json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]});
    let text = document.to_string();
    let encoded = text.bytes().fold(String::new(), |out, byte| format!("{out}%{byte:02X}"));
    for document in [document, json!(text), json!(encoded)] {
        let record = json!({"requestParameters": {"policy": document}});
        assert!(finds("s3", "PutBucketPolicy", "iam.public(request.policy)", record));
    }
}

#[test]
fn a_single_element_may_be_an_object_instead_of_a_list() {
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
fn the_index_field_of_an_element_does_not_hide_its_tags() {
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
fn an_incomplete_or_missing_identity_is_evaluated() {
    let body = "event.?userIdentity.?type.orValue('none') != 'Root'";
    for identity in [json!({"type": "AWSService", "invokedBy": "x"}), json!({}), Value::Null] {
        assert!(finds("sts", "AssumeRole", body, json!({"userIdentity": identity})), "{identity}");
    }
}

#[test]
fn the_actor_is_named_by_the_available_fields() {
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
fn booleans_and_numbers_may_be_strings() {
    let record = json!({"requestParameters": {"attributeValue": "True", "size": "100"}});
    let finds = |body: &str| {
        finds("elasticloadbalancing", "ModifyLoadBalancerAttributes", body, record.clone())
    };
    assert!(finds("bool(request.attributeValue) && int(request.size) == 100"));
    assert!(!finds("request.attributeValue == true || request.size == 100"));
}

#[test]
fn comparing_a_number_with_a_string_is_an_error() {
    let record = json!({"requestParameters": {"pendingWindowInDays": "7"}});
    let body = "request.pendingWindowInDays < 30";
    assert_eq!(evaluate_as("kms", "ScheduleKeyDeletion", "success", body, record), ["ERROR"]);
}

#[test]
fn a_finding_of_a_global_service_has_the_region_of_its_record() {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[with(violation(1), json!({"awsRegion": "us-east-1"}))]);
    let finding = &crate::support::replay(&log).findings()[0];
    assert_eq!(finding["resource"]["region"], "us-east-1");
}

#[test]
fn records_of_any_version_and_with_any_read_only_flag_are_evaluated() {
    for fields in [
        json!({"eventVersion": "1.03", "readOnly": null}),
        json!({"eventVersion": 1.11, "readOnly": true, "eventCategory": "Management"}),
        json!({"eventVersion": null, "managementEvent": false, "eventCategory": "Data"}),
    ] {
        assert!(finds("s3", "PutObjectAcl", "true", fields));
    }
}

#[test]
fn api_versions_in_event_names_are_ignored_and_longer_names_do_not_match() {
    let is_found = |name: &str| {
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
        assert!(is_found(name), "{name}");
    }
    for name in ["CreateFunctionUrlConfig", "CreateFunctionX20150331", "CreateFunction2015"] {
        assert!(!is_found(name), "{name}");
    }
}

#[test]
fn a_redacted_value_of_the_wrong_type_is_an_error() {
    let record = json!({"requestParameters": {"stageVariables": "***"}});
    let statuses = evaluate_as(
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
        assert_eq!(evaluate_as("apigateway", "CreateStage", "success", body, record), ["ERROR"]);
    }
}

#[test]
fn the_case_of_the_first_letter_of_a_field_does_not_matter() {
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
fn absent_null_and_empty_parameters_are_evaluated_alike() {
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
fn all_records_of_one_action_give_the_same_finding_uid() {
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
fn service_events_and_console_sign_ins_are_evaluated_like_calls() {
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
fn omitted_parameters_give_insufficient_data_even_with_a_guard() {
    for mark in [json!(true), json!("true")] {
        let record = json!({"requestParameters": {"omitted": mark, "originalSize": 110_000, "reason": "too large"}});
        for body in
            ["request.?policy.orValue('') == 'x'", "request.policy == 'x'", "!has(request.policy)"]
        {
            let statuses = evaluate_as("s3", "PutBucketPolicy", "success", body, record.clone());
            assert_eq!(statuses, ["INSUFFICIENT_DATA"], "{body}");
        }
    }
}

#[test]
fn an_unknown_configuration_gives_insufficient_data_unless_guarded() {
    let statuses = |body: &str| evaluate_as("s3", "CreateBucket", "success", body, json!({}));
    assert_eq!(statuses("resource.configuration.public == true"), ["INSUFFICIENT_DATA"]);
    assert_eq!(statuses("resource.?configuration.?public.orValue(true)"), ["NON_COMPLIANT"]);
    assert_eq!(
        statuses("resource.?configuration.?x.orValue(false) || request.nothing == 1"),
        ["ERROR"]
    );
}

#[test]
fn the_resource_account_of_a_finding_is_not_the_account_of_the_actor() {
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
fn the_most_deeply_nested_condition_is_evaluated_by_every_command() {
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
    for (args, message) in [
        (&["test", policy][..], "2 passed"),
        (&["test", "--mutate", policy], "detected by the cases"),
        (&["check", policy], "1 policy"),
        (&["explain", policy, log], "NON_COMPLIANT"),
        (&["explain", policy, "--case", "deep"], "NON_COMPLIANT"),
        (&["ingest", log, "--policies", policy, "--out", evidence], "\"findings\": 1"),
        (&["replay", log, "--policies", policy, "--format", "jsonl"], "NON_COMPLIANT"),
    ] {
        // If the stack is too small, the process crashes without an exit code.
        let run = evenkeel(args);
        assert!(format!("{}{}", run.out, run.err).contains(message), "{args:?}: {run:?}");
    }
}
