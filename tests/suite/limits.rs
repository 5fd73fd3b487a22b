//! Checks the limits of AWS: the shipped templates do not exceed the limits, and `evenkeel
//! template` does not write a template that exceeds a limit.

use crate::support::{Folder, evenkeel};
use evenkeel_deploy::{
    EVENT_PATTERN, RULES_IN_SMALL_REGIONS, SESSION_POLICY, StackTemplate, TEMPLATE_IN_REQUEST,
    find_over_limits,
};
use evenkeel_remediators::catalog::CATALOG;
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use evenkeel_testing::template::{audit_account, deploy, member_account};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Returns a policy that matches `calls` and `kinds` (YAML lists in flow style), with the header
/// lines `remediation`.
fn policy(calls: &str, kinds: &str, remediation: &str) -> String {
    format!(
        "// METADATA\n// title: t\n// description: d\n// severity: LOW\n// match:\n//   eventSource: [made-up.amazonaws.com]\n\
         //   eventName: {calls}\n//   resourceType: {kinds}\n// resource:\n//   type: AWS::S3::Bucket\n//   id: \"'b'\"\n\
         // message: m\n{remediation}\ntrue\n"
    )
}

/// Returns a YAML list in flow style with `count` names.
fn names(count: usize, name: impl Fn(usize) -> String) -> String {
    format!("[{}]", (0..count).map(name).collect::<Vec<_>>().join(", "))
}

/// Returns the template parameter that enables remediation, for each family.
fn families() -> Vec<String> {
    let families: BTreeSet<&str> = CATALOG.iter().map(|entry| entry.spec.family_name()).collect();
    let switch = |family: &&str| {
        let (first, rest) = family.split_at(1);
        format!("Repair{}{rest}=true", first.to_uppercase())
    };
    families.iter().map(switch).collect()
}

/// Returns the resources of the two templates with all options enabled, a maximum mode for 100
/// accounts, and long names of topics and buckets.
fn shipped() -> [Value; 2] {
    let families = families();
    let families: Vec<&str> = families.iter().map(String::as_str).collect();
    let maximum_modes: Vec<String> =
        (0..100).map(|number| format!("{number:012}=approve")).collect();
    let maximum_mode = format!("MaximumMode=notify,{}", maximum_modes.join(","));
    let audit = [
        "Athena=true",
        "ConfigRule=true",
        "Email=someone@example.com",
        "TrailTopic=arn:aws:sns:eu-central-1:444455556666:the-topic-of-the-organisations-trail",
        "TrailBucket=the-bucket-of-the-organisations-trail",
        "TrailBucketRegion=ap-southeast-1",
        "TrailKey=arn:aws:kms:eu-central-1:444455556666:key/00000000-0000-4000-8000-000000000000",
        maximum_mode.as_str(),
    ];
    [
        audit_account(&[audit.as_slice(), &families].concat()),
        member_account("111122223333", &families),
    ]
}

fn set(files: &[String]) -> PolicySet {
    let files: Vec<PolicyFile> = files
        .iter()
        .enumerate()
        .map(|(number, text)| PolicyFile { name: format!("p{number}.cel"), text: text.clone() })
        .collect();
    PolicySet::compile_files(&files, None).unwrap()
}

/// Returns the event patterns of the rules of a template.
fn patterns(template: &Value) -> Vec<String> {
    let resources = template["Resources"].as_object().unwrap().values();
    let rules = resources.filter(|one| one["Type"] == "AWS::Events::Rule");
    rules.map(|rule| rule["Properties"]["EventPattern"].to_string()).collect()
}

#[test]
fn the_shipped_templates_with_all_options_are_within_the_aws_limits() {
    for resources in shipped() {
        let count = resources.as_object().unwrap().len();
        assert!(count > 30, "the template has only {count} resources");
        let template = json!({"Resources": resources});
        assert_eq!(find_over_limits(&template), []);
        let rules = patterns(&template).len();
        assert!((10..RULES_IN_SMALL_REGIONS).contains(&rules), "the template has {rules} rules");
    }
    for template in StackTemplate::ALL {
        let text = std::fs::read_to_string(deploy(template.file_name())).unwrap();
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(find_over_limits(&read), [], "{}", template.file_name());
    }
    let kept = std::fs::read_to_string(deploy("kept-evidence.yaml")).unwrap();
    assert!(
        kept.len() <= TEMPLATE_IN_REQUEST.maximum,
        "kept-evidence.yaml is too long for a request; the guide sends it in one"
    );
}

#[test]
fn templates_for_many_policies_are_within_the_limits_and_complete() {
    let kinds = names(900, |number| format!("AWS::MadeUp::Kind{number}x"));
    let calls = names(900, |number| format!("Make{number}x"));
    let set = set(&[policy(&calls, &kinds, ""), policy("[One]", "['AWS::Other::Kind']", "")]);
    for template in [StackTemplate::AuditAccount, StackTemplate::MemberAccount] {
        let text = template.render_template(&set).unwrap();
        let template: Value = serde_saphyr::from_str(&text).unwrap();
        let patterns = patterns(&template);
        assert!(patterns.iter().all(|one| one.chars().count() <= EVENT_PATTERN.maximum));
        let all = patterns.concat();
        for number in 0..900 {
            assert!(all.contains(&format!("\"Make{number}x\"")), "{number}");
            // One pattern for the complete item, one for the summary of an oversized item.
            assert_eq!(all.matches(&format!("\"AWS::MadeUp::Kind{number}x\"")).count(), 2);
        }
    }
}

#[test]
fn a_template_beyond_an_aws_limit_is_not_written_and_the_limit_is_reported() {
    let folder = Folder::new();
    let patched = |from: usize| {
        let actions = names(40, |number| format!("madeup:Set{}PropertyOfResources", from + number));
        format!(
            "// remediation:\n//   run: cloud-control\n//   mode: approve\n//   tier: C\n//   actions: {actions}\n\
             //   patch: {{Open: false}}\n"
        )
    };
    for number in 0..8 {
        let text = policy("[One]", "['AWS::S3::Bucket']", &patched(number * 40));
        folder.write(&format!("many/p{number}.cel"), text);
    }
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = evenkeel(["template", &path("many"), "--out", &path("out")]);
    assert_eq!(run.code, 1, "{}", run.err);
    for said in
        ["AWS would reject member-account.yaml", "AWS allows 6144 for a managed policy", "fewer"]
    {
        assert!(run.err.contains(said), "{said}: {}", run.err);
    }
    assert!(!folder.path().join("out").exists(), "the command wrote a template");
}

#[test]
fn a_value_beyond_a_limit_is_reported_with_its_place() {
    let long = |length: usize| "x".repeat(length);
    let of = |kind: &str, properties: Value| {
        let template = json!({"Resources": {"It": {"Type": kind, "Properties": properties}}});
        let over = find_over_limits(&template).iter().map(ToString::to_string).collect::<Vec<_>>();
        over.join("\n")
    };
    let document = |length: usize| json!({"Action": [long(length)]});
    let two = json!([{"PolicyDocument": document(5200)}, {"PolicyDocument": document(5200)}]);
    for (kind, properties, message) in [
        (
            "AWS::Events::Rule",
            json!({"EventPattern": {"source": [long(2048)]}}),
            "an event pattern",
        ),
        ("AWS::Events::Rule", json!({"Name": long(65)}), "65 characters; AWS allows 64"),
        ("AWS::Events::Rule", json!({"Targets": [1, 2, 3, 4, 5, 6]}), "It/Targets: 6"),
        ("AWS::IAM::Role", json!({"Policies": two}), "10240 for the inline policies of a role"),
        ("AWS::IAM::Role", json!({"AssumeRolePolicyDocument": document(2048)}), "a trust policy"),
        (
            "AWS::Serverless::Function",
            json!({"Environment": {"Variables": {"A": long(4096)}}}),
            "4096 for",
        ),
        ("AWS::SQS::QueuePolicy", json!({"PolicyDocument": document(8192)}), "a queue's policy"),
    ] {
        assert!(of(kind, properties).contains(message), "{kind}: {message} is not reported");
    }
    assert_eq!(of("AWS::Events::Rule", json!({"Name": long(64), "EventBusName": "bus"})), "");

    let rule = json!({"Type": "AWS::Events::Rule", "Properties": {"EventBusName": "bus"}});
    let many: serde_json::Map<String, Value> =
        (0..501).map(|number| (format!("Rule{number}"), rule.clone())).collect();
    let over = find_over_limits(&json!({"Resources": many}));
    let over: Vec<String> = over.iter().map(ToString::to_string).collect();
    assert!(over.iter().any(|one| one.contains("501; AWS allows 500")), "{over:?}");
    assert!(over.iter().any(|one| one.contains("AWS allows 300 for the rules")), "{over:?}");
    let parameters: serde_json::Map<String, Value> =
        (0..201).map(|number| (format!("P{number}"), json!({"Default": long(4097)}))).collect();
    let over = find_over_limits(&json!({"Parameters": parameters}));
    assert_eq!(
        over.len(),
        202,
        "one error for the number of parameters, and one for the length of each"
    );
}

#[test]
fn the_session_policy_of_each_remediator_is_within_the_limit() {
    // The id of an AWS Network Firewall policy has up to 128 characters.
    let target = evenkeel_remediators::TargetResource {
        id: "i".repeat(128),
        account: "111122223333".to_owned(),
        region: "ap-southeast-1".to_owned(),
        ..evenkeel_remediators::TargetResource::default()
    };
    for entry in CATALOG {
        let statements = entry.spec.build_statements(&target);
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        assert!(
            policy.len() <= SESSION_POLICY.maximum,
            "{}: {} characters",
            entry.spec.id,
            policy.len()
        );
    }
}
