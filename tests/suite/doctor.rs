//! A stack that is well, one with each of the usual faults, and one that cannot be asked.

mod deaf;
mod deployed;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use evenkeel_ledger::CanaryId;
use serde_json::Value;

use deployed::{Deployed, FAMILIES};
use evenkeel_testing::stand::stand;

/// `evenkeel doctor` before what answers at `endpoint`.
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

/// Its exit code, and what it printed.
fn doctor(endpoint: SocketAddr, args: &[&str]) -> (i32, String, String) {
    let output = command(endpoint, args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs it while the evaluate function and some families' take the canary as soon as it is told of.
fn played(stack: &Deployed, families: &[&str], args: &[&str]) -> (i32, Vec<String>) {
    let mut child = command(stand(), args).stdout(Stdio::piped()).spawn().unwrap();
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

/// The checks that are not well, as `state what`, each with what it said and what to do.
fn ills(args: &[&str]) -> (i32, BTreeMap<String, String>) {
    let (code, out, err) = doctor(stand(), &[args, &["--format", "json"]].concat());
    let report: Value =
        serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {out} {err}"));
    let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    let ill = checks.filter(|check| check["state"] != "ok").map(|check| {
        let said = format!("{}; {}", text(check, "detail"), text(check, "do"));
        (format!("{} {}", text(check, "state"), text(check, "what")), said)
    });
    (code, ill.collect())
}

#[test]
fn a_stack_is_well_and_each_fault_is_named_with_what_to_do() {
    let stack = Deployed::new("well");
    // Well: the canary is taken by all.
    let place = stack.place();
    let args = ["--name", "well", "--timeout", "300s", "--ledger", &place];
    let (code, lines) = played(&stack, &FAMILIES, &args);
    let ill: Vec<&String> = lines.iter().filter(|line| !line.starts_with("ok  ")).collect();
    assert_eq!((code, ill.len()), (0, 1), "{ill:#?}");
    assert!(ill[0].ends_with(" ok, 0 warnings, 0 failures"), "{ill:?}");
    let told =
        ["canary evaluate", "canary remediate-s3", "clock", "bundle", "queue well-changes-dlq"];
    for what in told {
        let about = format!("ok    {what}  ");
        assert!(lines.iter().any(|line| line.starts_with(&about)), "{what}: {lines:#?}");
    }

    // The canary comes to some only.
    let (code, lines) = played(&stack, &["s3", "kms"], &["--name", "well", "--timeout", "10"]);
    let ill: Vec<&String> = lines.iter().filter(|line| line.starts_with("fail  ")).collect();
    assert_eq!((code, ill.len()), (1, FAMILIES.len() - 2), "{ill:#?}");
    let late = ill.iter().find(|line| line.contains("canary remediate-rds")).unwrap();
    assert!(
        late.contains("not taken within 10 s") && late.contains("of well-remediate-rds"),
        "{late}"
    );

    stack.break_it();
    let (code, ill) = ills(&["--name", "well", "--no-canary", "--regions", "eu-west-3"]);
    assert_eq!(code, 1);
    let expected = [
        ("fail bundle", "is no manifest"),
        ("fail forwarding in eu-west-3", "no rule well-forward-*"),
        (
            "fail bus well",
            "rule canary is disabled; enable it: aws events enable-rule --name canary",
        ),
        ("fail mapping well-changes", "is Disabled: messages wait in the queue"),
        ("fail queue well-changes-dlq", "1 given up"),
        ("fail settings of well-remediate-ec2", "EVENKEEL_LEDGER is not the evaluate function's"),
        ("fail subscription well-remediate-s3", "has no filter policy"),
        ("fail subscription well-remediate-kms", "hears of no finding"),
        ("fail trails", "no trail logs, there are 1"),
        ("warn kill switch", "on for policy a-policy: nothing is repaired"),
        ("warn queue well-remediate-rds", "set its visibility timeout to 180 s"),
    ];
    for (what, why) in expected {
        assert!(ill.get(what).is_some_and(|said| said.contains(why)), "{what}: {ill:#?}");
    }
    assert_eq!(ill.len(), expected.len(), "{ill:#?}");

    // Nobody takes the canary: where it stopped, and what to look at.
    let (code, ill) = ills(&["--name", "well", "--timeout", "1"]);
    let why = &ill["fail canary evaluate"];
    assert_eq!(code, 1);
    assert!(why.contains("rule on the bus well") && why.contains("well-changes"), "{why}");
    assert!(!ill.keys().any(|what| what.contains("canary remediate")), "{ill:#?}");
}

#[test]
fn what_is_denied_is_named_with_its_action_and_the_rest_goes_on() {
    let (code, out, err) = doctor(deaf::denying(), &["--ledger", "s3://b/p"]);
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
fn where_aws_cannot_be_reached_it_ends_at_once_and_says_so() {
    let (code, out, err) = doctor(deaf::closed(), &[]);
    assert_eq!((code, out.lines().count()), (1, 2), "{out}{err}");
    assert!(out.starts_with("fail  caller"), "{out}");
    assert!(out.contains("sts:GetCallerIdentity was not answered"), "{out}");
    assert!(out.contains("AWS_ENDPOINT_URL"), "{out}");
}

#[test]
fn a_stack_that_is_not_there_is_no_success() {
    let (code, ill) = ills(&["--name", "nowhere", "--timeout", "1"]);
    assert_eq!(code, 1);
    let why = &ill["fail function nowhere-evaluate"];
    assert!(why.contains("deploy the stack in eu-central-1, or give --name"), "{why}");
    assert!(ill.contains_key("fail bus nowhere") && ill.contains_key("fail ledger"), "{ill:#?}");
}
