//! Tests `evenkeel doctor` with a healthy stack, a stack with a fault of each kind, and an AWS
//! endpoint that denies all calls or does not answer.

mod deployed;
mod unavailable;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use evenkeel_ledger::CanaryId;
use serde_json::Value;

use deployed::{Deployed, FAMILIES};
use evenkeel_testing::stand_in::stand_in;

/// Returns the command `evenkeel doctor` with `endpoint` as its AWS.
fn command(endpoint: SocketAddr, args: &[&str]) -> Command {
    let mut command = crate::support::command();
    command
        .arg("doctor")
        .args(args)
        .env("AWS_ENDPOINT_URL", format!("http://{endpoint}"))
        .envs([("AWS_REGION", "eu-central-1"), ("AWS_EC2_METADATA_DISABLED", "true")])
        .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]);
    command
}

/// Runs `evenkeel doctor`. Returns its exit code, standard output and standard error.
fn doctor(endpoint: SocketAddr, args: &[&str]) -> (i32, String, String) {
    let output = command(endpoint, args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs `evenkeel doctor`. When the command reports that it sent the canary, the test writes the
/// records of the evaluate function and of the functions of `families` for the canary. Returns the
/// exit code and the output lines.
fn run_with_canary(stack: &Deployed, families: &[&str], args: &[&str]) -> (i32, Vec<String>) {
    let mut child = command(stand_in(), args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap) {
        if let Some(said) = line.strip_prefix("ok    canary put") {
            let id = said.split_whitespace().next().unwrap();
            stack.take(CanaryId::parse_id(id).unwrap(), families);
        }
        lines.push(line);
    }
    (child.wait().unwrap().code().unwrap(), lines)
}

/// Runs `evenkeel doctor` and returns its exit code and the checks that are not `ok`: each as
/// `STATE CHECK`, with its detail and its advice.
fn failed_checks(args: &[&str]) -> (i32, BTreeMap<String, String>) {
    let (code, out, err) = doctor(stand_in(), &[args, &["--format", "json"]].concat());
    let report: Value =
        serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {out} {err}"));
    let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    let failed = checks.filter(|check| check["state"] != "ok").map(|check| {
        let said = format!("{}; {}", text(check, "detail"), text(check, "do"));
        (format!("{} {}", text(check, "state"), text(check, "what")), said)
    });
    (code, failed.collect())
}

#[test]
fn a_healthy_stack_passes_and_each_fault_is_reported_with_advice() {
    let stack = Deployed::new("well");
    // All functions receive the canary.
    let place = stack.place();
    let args = ["--name", "well", "--timeout", "300s", "--ledger", &place];
    let (code, lines) = run_with_canary(&stack, &FAMILIES, &args);
    let failed: Vec<&String> = lines.iter().filter(|line| !line.starts_with("ok  ")).collect();
    assert_eq!((code, failed.len()), (0, 1), "{failed:#?}");
    assert!(failed[0].ends_with(" ok, 0 warnings, 0 failures"), "{failed:?}");
    let reported =
        ["canary evaluate", "canary remediate-s3", "clock", "bundle", "queue well-changes-dlq"];
    for what in reported {
        let about = format!("ok    {what}  ");
        assert!(lines.iter().any(|line| line.starts_with(&about)), "{what}: {lines:#?}");
    }

    // The evaluate function and only a part of the families receive the canary.
    let (code, lines) =
        run_with_canary(&stack, &["s3", "kms"], &["--name", "well", "--timeout", "10"]);
    let failed: Vec<&String> = lines.iter().filter(|line| line.starts_with("fail  ")).collect();
    assert_eq!((code, failed.len()), (1, FAMILIES.len() - 2), "{failed:#?}");
    let late = failed.iter().find(|line| line.contains("canary remediate-rds")).unwrap();
    assert!(
        late.contains("not received within 10 s") && late.contains("of well-remediate-rds"),
        "{late}"
    );

    stack.break_it();
    let (code, failed) =
        failed_checks(&["--name", "well", "--no-canary", "--regions", "eu-west-3"]);
    assert_eq!(code, 1);
    let expected = [
        ("fail bundle", "is not a valid manifest"),
        ("fail forwarding in eu-west-3", "no rule well-forward-*"),
        (
            "fail bus well",
            "rule canary is disabled; enable it: aws events enable-rule --name canary",
        ),
        ("fail mapping well-changes", "is Disabled: messages wait in the queue"),
        ("fail queue well-changes-dlq", "could not be processed: 1"),
        (
            "fail settings of well-remediate-ec2",
            "EVENKEEL_LEDGER differs from the evaluate function's",
        ),
        ("fail subscription well-remediate-s3", "has no filter policy"),
        ("fail subscription well-remediate-kms", "receives no findings"),
        ("fail trails", "no trail is logging (trails: 1)"),
        ("warn kill switch", "on for policy a-policy: nothing is remediated"),
        ("warn queue well-remediate-rds", "set its visibility timeout to 180 s"),
    ];
    for (what, why) in expected {
        assert!(failed.get(what).is_some_and(|said| said.contains(why)), "{what}: {failed:#?}");
    }
    assert_eq!(failed.len(), expected.len(), "{failed:#?}");

    // No function receives the canary: the report names the first missing hop and the parts to
    // check.
    let (code, failed) = failed_checks(&["--name", "well", "--timeout", "1"]);
    let why = &failed["fail canary evaluate"];
    assert_eq!(code, 1);
    assert!(why.contains("rule on the bus well") && why.contains("well-changes"), "{why}");
    assert!(!failed.keys().any(|what| what.contains("canary remediate")), "{failed:#?}");
}

#[test]
fn a_denied_check_names_the_missing_action_and_the_others_continue() {
    let (code, out, err) = doctor(unavailable::denying_aws(), &["--ledger", "s3://b/p"]);
    assert_eq!(code, 1, "{out}{err}");
    for action in [
        "cloudtrail:DescribeTrails",
        "events:ListRules",
        "lambda:GetFunctionConfiguration",
        "s3:ListBucket",
        "s3:GetObject",
    ] {
        assert!(out.contains(&format!("allow {action}")), "{action}: {out}");
    }
    assert!(out.contains("warn  canary"), "{out}");
}

#[test]
fn an_unreachable_aws_ends_the_run_immediately_with_a_message() {
    let (code, out, err) = doctor(unavailable::closed_address(), &[]);
    assert_eq!((code, out.lines().count()), (1, 2), "{out}{err}");
    assert!(out.starts_with("fail  caller"), "{out}");
    assert!(out.contains("sts:GetCallerIdentity was not answered"), "{out}");
    assert!(out.contains("AWS_ENDPOINT_URL"), "{out}");
}

#[test]
fn a_missing_stack_is_a_failure() {
    let (code, failed) = failed_checks(&["--name", "nowhere", "--timeout", "1"]);
    assert_eq!(code, 1);
    let why = &failed["fail function nowhere-evaluate"];
    assert!(
        why.contains("deploy the stack in eu-central-1, or set its prefix with --name"),
        "{why}"
    );
    assert!(
        failed.contains_key("fail bus nowhere") && failed.contains_key("fail ledger"),
        "{failed:#?}"
    );
}
