//! What the templates of `deploy/` must be, and their resources on the stand-in.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use evenkeel_remediators::catalog::{CATALOG, Entry};
use evenkeel_remediators::{Ended, Stop};
use serde_json::{Value, json};

use super::support::iam::allows;
use super::support::stand::{installed, stand};
use super::support::template::{
    REGION, audit_account, deploy, member_account, named, python, resolved, statements,
};

/// Every family switched on.
pub(crate) fn with_all_families() -> Vec<&'static str> {
    static ALL: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let switch = |family: &str| {
            let (first, rest) = family.split_at(1);
            format!("Repair{}{rest}=true", first.to_uppercase())
        };
        CATALOG.iter().map(Entry::family).map(switch).collect()
    });
    ALL.iter().map(String::as_str).collect()
}

/// Makes the resources on the stand-in; what AWS Lambda would be told of the functions.
pub(crate) fn deployed(resources: &Value, account: &str) -> Value {
    let mut child = python("deploy.py")
        .args([&format!("http://{}", stand()), account, REGION])
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
fn the_linter_of_cloudformation_has_nothing_to_say() {
    let output = Command::new(installed("template").join("bin/cfn-lint"))
        .args([deploy("audit-account.yaml"), deploy("member-account.yaml")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}

#[test]
fn the_linter_of_security_finds_nothing_that_is_not_explained() {
    // It looks only at what is there: so all of it is.
    let whole = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("whole");
    std::fs::create_dir_all(&whole).unwrap();
    for template in ["audit-account.yaml", "member-account.yaml"] {
        let text = std::fs::read_to_string(deploy(template)).unwrap();
        let text = text.replace("    Default: 'false'\n", "    Default: 'true'\n");
        std::fs::write(whole.join(template), text).unwrap();
    }
    let output = Command::new(installed("template").join("bin/checkov"))
        .args(["--framework", "cloudformation", "--skip-download", "--quiet", "--compact"])
        .args(["--output", "json", "--directory"])
        .arg(&whole)
        // It keeps a cache there.
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    assert_eq!(said["results"]["failed_checks"], json!([]));
    assert!(said["summary"]["passed"].as_u64() > Some(200), "{}", said["summary"]);
}

#[test]
fn roles_are_made_in_one_region_only_and_only_for_what_may_be_repaired() {
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

#[test]
fn the_trails_files_come_by_its_topic_wherever_that_is() {
    let topic = "arn:aws:sns:us-west-2:444455556666:trail";
    let parameter = format!("TrailTopic={topic}");
    let key = "TrailKey=arn:aws:kms:us-west-2:444455556666:key/k";
    let audit = audit_account(&[&parameter, "TrailBucket=org-trail", key]);
    let subscription = &audit["TrailSubscription"]["Properties"];
    assert_eq!(
        (&subscription["Region"], &subscription["TopicArn"]),
        (&json!("us-west-2"), &json!(topic))
    );
    let queue =
        audit["ChangesPolicy"]["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
    let arn = subscription["Endpoint"].as_str().unwrap();
    assert!(allows(
        queue,
        "sqs:SendMessage",
        arn,
        &[("aws:SourceArn", topic), ("aws:SecureTransport", "true")]
    ));
    assert!(!allows(
        queue,
        "sqs:SendMessage",
        arn,
        &[("aws:SourceArn", "arn:aws:sns:us-west-2:1:other"), ("aws:SecureTransport", "true")]
    ));
    let evaluate = statements(named(&audit, "evenkeel-evaluate"));
    assert!(allows(&evaluate, "s3:GetObject", "arn:aws:s3:::org-trail/AWSLogs/o/a.json.gz", &[]));
    assert!(allows(&evaluate, "kms:Decrypt", "arn:aws:kms:us-west-2:444455556666:key/k", &[]));
    let without = statements(named(&audit_account(&[]), "evenkeel-evaluate"));
    assert!(!allows(&without, "s3:GetObject", "arn:aws:s3:::org-trail/AWSLogs/o/a.json.gz", &[]));
}

#[test]
fn the_guide_shows_what_a_month_costs() {
    let costs = Command::new("python3").arg(deploy("costs.py")).output().unwrap();
    let table = String::from_utf8(costs.stdout).unwrap();
    let guide = std::fs::read_to_string(deploy("README.md")).unwrap();
    assert!(table.contains("300 accounts") && guide.contains(&table), "README.md has not: {table}");
}

#[test]
fn the_alarms_about_repairs_read_what_the_function_writes() {
    let resources = audit_account(&["RepairKms=true"]);
    let pattern =
        |name: &str| resources[name]["Properties"]["FilterPattern"].as_str().unwrap().to_owned();
    let (failed, circuit) = (pattern("KmsFailedMetric"), pattern("KmsCircuitMetric"));
    for ended in [Ended::Failed(String::new()), Ended::Undone(String::new())] {
        assert!(failed.contains(&format!("$.ended = \"{}\"", ended.word())), "{failed}");
    }
    let why = Stop::Open { failures: 5, what: "for policy p".to_owned() }.to_string();
    let begin = circuit.split('"').nth(1).unwrap().trim_end_matches('*');
    assert!(!begin.is_empty() && why.starts_with(begin), "{circuit}: {why}");
}
