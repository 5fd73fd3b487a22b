//! Checks the templates of `deploy/`, and deploys their resources to the AWS stand-in.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use evenkeel_remediators::catalog::CATALOG;
use serde_json::{Value, json};

use evenkeel_testing::iam::allows;
use evenkeel_testing::stand_in::stand_in;
use evenkeel_testing::template::{
    AUDIT, REGION, audit_account, deploy, member_account, named, python, resolved, statements,
};

/// Returns the template parameters that enable every family.
pub(crate) fn with_all_families() -> Vec<&'static str> {
    static ALL: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let switch = |family: &str| {
            let (first, rest) = family.split_at(1);
            format!("Repair{}{rest}=true", first.to_uppercase())
        };
        CATALOG.iter().map(|entry| entry.spec.family_name()).map(switch).collect()
    });
    ALL.iter().map(String::as_str).collect()
}

/// Creates the resources in the AWS stand-in. Returns the settings of the functions.
pub(crate) fn deployed(resources: &Value, account: &str) -> Value {
    let mut child = python("deploy.py")
        .args([&format!("http://{}", stand_in()), account, REGION])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(resources.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_cloudformation_linter_reports_nothing() {
    let templates = ["audit-account.yaml", "member-account.yaml", "kept-evidence.yaml"].map(deploy);
    let lint = ["-c", "from cfnlint.runner import main; main()"];
    let output = evenkeel_testing::python::python().args(lint).args(templates).output().unwrap();
    let [said, failed] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success() && said.trim().is_empty(), "{said}{failed}");
}

#[test]
fn roles_are_created_in_one_region_and_only_for_enabled_families() {
    let roles = |resources: &Value| {
        let roles = resources.as_object().unwrap().values();
        let roles = roles.filter(|one| one["Type"] == "AWS::IAM::Role");
        roles
            .map(|one| one["Properties"]["RoleName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let home = member_account("111122223333", &["RepairKms=true"]);
    assert_eq!(roles(&home), ["evenkeel-forward", "evenkeel-read", "evenkeel-remediate-kms"]);
    let fresh = member_account("111122223333", &[]);
    assert_eq!(roles(&fresh), ["evenkeel-forward", "evenkeel-read"]);
    let elsewhere = resolved(
        "member-account.yaml",
        "111122223333",
        &[
            "BusArn=arn:aws:events:us-east-1:999900001111:event-bus/evenkeel",
            "AuditAccountId=999900001111",
            "HomeRegion=us-east-1",
            "RepairKms=true",
        ],
    );
    assert_eq!(roles(&elsewhere), [""; 0]);
    let forwards = elsewhere.as_object().unwrap().values();
    assert!(forwards.filter(|one| one["Type"] == "AWS::Events::Rule").count() > 1);
}

/// Returns the resources of the audit account with all families and a trail whose topic is in
/// `region`.
fn with_trail(region: &str, more: &[&str]) -> Value {
    let topic = format!("TrailTopic=arn:aws:sns:{region}:444455556666:trail");
    let parameters = ["TrailBucket=org-trail", &topic, "Email=someone@example.com"];
    audit_account(&[&parameters, with_all_families().as_slice(), more].concat())
}

/// Returns the statements of the policy of a queue.
fn policy_of<'a>(resources: &'a Value, queue: &str) -> &'a [Value] {
    let policies = resources.as_object().unwrap().values();
    let mut policies = policies.filter(|one| one["Type"] == "AWS::SQS::QueuePolicy");
    let is_it = |one: &&Value| {
        let queues = one["Properties"]["Queues"].as_array().unwrap();
        queues.iter().any(|url| url.as_str().unwrap().ends_with(&format!("/{queue}")))
    };
    let policy = policies.find(is_it).unwrap_or_else(|| panic!("no policy for {queue}"));
    policy["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap()
}

#[test]
fn the_files_of_a_trail_are_received_from_a_topic_in_any_region() {
    let topic = "arn:aws:sns:us-west-2:444455556666:trail";
    let key = "TrailKey=arn:aws:kms:us-west-2:444455556666:key/k";
    let audit = with_trail("us-west-2", &["TrailBucketRegion=us-west-1", key]);
    let subscription = &audit["TrailSubscription"]["Properties"];
    assert_eq!(
        (&subscription["Region"], &subscription["TopicArn"]),
        (&json!("us-west-2"), &json!(topic))
    );
    // A dead-letter queue must be in the same Region as the subscription.
    assert_eq!(subscription["RedrivePolicy"], Value::Null);
    let here = with_trail(REGION, &[]);
    assert_eq!(
        here["TrailSubscription"]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"],
        here["ChangesDeadLetters"]["Arn"]
    );
    let evaluate = statements(named(&audit, "evenkeel-evaluate"));
    assert!(allows(&evaluate, "s3:GetObject", "arn:aws:s3:::org-trail/AWSLogs/o/a.json.gz", &[]));
    assert!(allows(&evaluate, "kms:Decrypt", "arn:aws:kms:us-west-2:444455556666:key/k", &[]));
    let without = audit_account(&[]);
    let statements = statements(named(&without, "evenkeel-evaluate"));
    assert!(!allows(
        &statements,
        "s3:GetObject",
        "arn:aws:s3:::org-trail/AWSLogs/o/a.json.gz",
        &[]
    ));

    // The function reads the files in the Region of the bucket.
    let region = |resources: &Value| {
        let variables = &resources["Evaluate"]["Properties"]["Environment"]["Variables"];
        variables["EVENKEEL_TRAIL_REGION"].as_str().unwrap().to_owned()
    };
    assert_eq!((region(&audit).as_str(), region(&without).as_str()), ("us-west-1", REGION));
    let sender =
        |resources: &Value| policy_of(resources, "evenkeel-changes")[1]["Principal"].clone();
    assert_eq!(sender(&audit), json!({"Service": "sns.amazonaws.com"}));
    let opted = with_trail("af-south-1", &["TrailSender=sns.af-south-1.amazonaws.com"]);
    assert_eq!(sender(&opted), json!({"Service": "sns.af-south-1.amazonaws.com"}));
}

#[test]
fn only_the_subscribed_topic_can_send_to_a_queue_and_its_dead_letter_queue() {
    let audit = with_trail(REGION, &[]);
    let resources = audit.as_object().unwrap().values();
    let subscriptions = resources
        .filter(|one| one["Type"] == "AWS::SNS::Subscription")
        .map(|one| &one["Properties"])
        .filter(|one| one["Protocol"] == "sqs");
    let mut seen = 0;
    for subscription in subscriptions {
        let topic = subscription["TopicArn"].as_str().unwrap();
        let letters = &subscription["RedrivePolicy"]["deadLetterTargetArn"];
        for queue in [&subscription["Endpoint"], letters] {
            let queue = queue.as_str().unwrap();
            let policy = policy_of(&audit, queue.rsplit(':').next().unwrap());
            let sends = |from: &str| {
                let context = [("aws:SourceArn", from), ("aws:SecureTransport", "true")];
                allows(policy, "sqs:SendMessage", queue, &context)
            };
            assert!(sends(topic), "{topic} cannot send to {queue}");
            assert!(!sends("arn:aws:sns:us-west-2:1:other"), "any topic can send to {queue}");
            seen += 1;
        }
    }
    assert!(seen > 10, "checked only {seen} queues");
}

#[test]
fn evidence_and_its_protection_are_retained_unless_their_creation_failed() {
    let audit = audit_account(&[]);
    let kept = ["Key", "Ledger", "LedgerPolicy", "AccessLogs", "AccessLogsPolicy"];
    for (name, resource) in audit.as_object().unwrap() {
        let policies = (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]);
        let expected = if kept.contains(&name.as_str()) {
            (&json!("RetainExceptOnCreate"), &json!("Retain"))
        } else {
            (&Value::Null, &Value::Null)
        };
        assert_eq!(policies, expected, "{name}");
    }
    // A new deployment first imports these resources. In an import, CloudFormation accepts only the
    // imported resources.
    let imported = resolved("kept-evidence.yaml", AUDIT, &["Retention=COMPLIANCE"]);
    let names: BTreeSet<&String> = imported.as_object().unwrap().keys().collect();
    assert_eq!(names, kept.map(str::to_owned).iter().collect());
    let audit = audit_account(&["Retention=COMPLIANCE"]);
    for name in kept {
        assert_eq!(imported[name], audit[name], "{name}");
    }
}

/// Adds the logical ids of all direct and indirect dependencies of a resource to `all`.
fn waits_for<'a>(resources: &'a Value, name: &'a str, all: &mut BTreeSet<&'a str>) {
    for one in resources[name]["WaitsFor"].as_array().unwrap() {
        let one = one.as_str().unwrap();
        if all.insert(one) {
            waits_for(resources, one, all);
        }
    }
}

/// Adds all strings of a value to `found`.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(values) => values.iter().for_each(|one| texts(one, found)),
        Value::Object(members) => members.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

#[test]
fn a_resource_depends_on_the_resources_and_policies_that_it_needs() {
    for resources in [
        with_trail(REGION, &["Athena=true", "ConfigRule=true"]),
        member_account("111122223333", &with_all_families()),
    ] {
        let waits = |name: &str| {
            let mut all = BTreeSet::new();
            waits_for(&resources, name, &mut all);
            all.into_iter().map(str::to_owned).collect::<BTreeSet<String>>()
        };
        let arns = resources.as_object().unwrap().iter();
        let arns: Vec<(&str, &String)> =
            arns.filter_map(|(name, one)| Some((one["Arn"].as_str()?, name))).collect();
        let mut named = 0;
        for (name, resource) in resources.as_object().unwrap() {
            let mut found = Vec::new();
            texts(&resource["Properties"], &mut found);
            for (_, other) in
                arns.iter().filter(|(arn, other)| *other != name && found.contains(arn))
            {
                // A policy can name the resource that depends on it; then the policy comes first.
                assert!(
                    waits(name).contains(*other) || waits(other).contains(name),
                    "{name} refers to {other} but does not depend on it"
                );
                named += 1;
            }
        }
        assert!(named > 50, "found only {named} references");
        let direct = |name: &str| {
            let direct = resources[name]["WaitsFor"].as_array().unwrap().iter();
            direct.map(|one| one.as_str().unwrap().to_owned()).collect::<BTreeSet<String>>()
        };
        let is =
            |name: &str, kinds: &[&str]| kinds.contains(&resources[name]["Type"].as_str().unwrap());
        let mut checked = 0;
        for (policy, _) in resources.as_object().unwrap() {
            if !is(policy, &["AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy"]) {
                continue;
            }
            let mut of = direct(policy);
            of.retain(|one| is(one, &["AWS::SQS::Queue", "AWS::S3::Bucket"]));
            for (name, _) in resources.as_object().unwrap() {
                let sends = ["AWS::Events::Rule", "AWS::SNS::Subscription", "AWS::S3::Bucket"];
                if is(name, &sends) && !direct(name).is_disjoint(&of) {
                    assert!(
                        waits(name).contains(policy),
                        "{name} can be created before the policy {policy}"
                    );
                    checked += 1;
                }
            }
        }
        assert!(checked > 10, "checked only {checked} senders");
    }
}

#[test]
fn the_guide_contains_the_current_cost_table() {
    let costs = Command::new("python3").arg(deploy("costs.py")).output().unwrap();
    let table = String::from_utf8(costs.stdout).unwrap();
    let guide = std::fs::read_to_string(deploy("README.md")).unwrap();
    assert!(
        table.contains("300 accounts") && guide.contains(&table),
        "deploy/README.md does not contain this table: {table}"
    );
}
