//! What handling reads and tells besides the ledger: states, log objects, rules of AWS Config.

use std::sync::atomic::Ordering;

use evenkeel_rules::ComplianceStatus;

use super::world::World;
use super::*;
use crate::environment::RuleAssessment;

fn versioning(number: u32) -> String {
    event(number).replace("DeleteBucketEncryption", "PutBucketVersioning")
}

/// The statuses and messages of two events about one bucket.
fn of_state(world: &World) -> Vec<(ComplianceStatus, String)> {
    let seen = run_in(world, &batch(&[&versioning(1), &versioning(2)]), &ledger(), SilentAnnouncer);
    assert_eq!(seen.answer.unwrap(), json!({"batchItemFailures": []}));
    assert_eq!(world.asked.load(Ordering::SeqCst), 1, "a resource is asked for once in a batch");
    seen.findings.into_iter().map(|finding| (finding.status, finding.message)).collect()
}

#[test]
fn a_policy_that_reads_the_state_is_told_it() {
    let open = World {
        configuration: "{\"open\":true}",
        time: "2026-03-11T12:00:07Z",
        ..World::default()
    };
    let violated = (ComplianceStatus::NonCompliant, "m".to_owned());
    assert_eq!(of_state(&open), [violated.clone(), violated]);
    let shut = World { configuration: "{\"open\":false}", ..open };
    shut.asked.store(0, Ordering::SeqCst);
    assert_eq!(of_state(&shut), []);
}

#[test]
fn a_state_that_cannot_be_had_or_is_older_than_the_event_is_unknown() {
    let unknown = |why: &str| {
        let message = format!("the resource's configuration is not known: {why}");
        vec![(ComplianceStatus::InsufficientData, message); 2]
    };
    let old = World {
        configuration: "{\"open\":false}",
        time: "2026-03-11T11:59:59Z",
        ..World::default()
    };
    assert_eq!(of_state(&old), unknown("AWS Config has not seen it since the event"));
    assert_eq!(of_state(&World::default()), unknown("AWS Config has not recorded the resource"));
    let gone =
        World { status: "ResourceDeleted", time: "2026-03-11T12:00:07Z", ..World::default() };
    assert_eq!(of_state(&gone), unknown("AWS Config says that the resource is gone"));
}

fn notification() -> String {
    json!({"Records": [{
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": "eu-central-1",
        "s3": {"bucket": {"name": "logs"}, "object": {"key": "AWSLogs/x.json.gz", "size": 1}}
    }]})
    .to_string()
}

fn log(records: &[String]) -> Vec<u8> {
    let detail = |event: &String| serde_json::from_str::<Value>(event).unwrap()["detail"].clone();
    let records: Vec<Value> = records.iter().map(detail).collect();
    json!({"Records": records}).to_string().into_bytes()
}

#[test]
fn all_of_a_log_object_is_judged_and_states_are_read_for_it() {
    let mut records: Vec<String> = (0..200).map(event).collect();
    records.push(versioning(200));
    let world = World {
        configuration: "{\"open\":true}",
        time: "2026-03-11T12:00:07Z",
        object: log(&records),
        ..World::default()
    };
    let seen = run_in(&world, &notification(), &ledger(), SilentAnnouncer);
    assert_eq!((seen.answer.unwrap(), seen.findings.len()), (json!({"findings": 201}), 201));
    assert_eq!(seen.metrics.metric_count("FindingsLow"), 1);
}

#[test]
fn a_log_object_that_is_cut_off_comes_again_and_what_was_read_is_kept() {
    let mut object = log(&(0..100).map(event).collect::<Vec<_>>());
    object.truncate(object.len() / 2);
    let world = World { object, ..World::default() };
    let seen = run_in(&world, &notification(), &ledger(), SilentAnnouncer);
    assert!(seen.answer.unwrap_err().to_string().contains("s3://logs/AWSLogs/x.json.gz"));
    assert!(seen.findings.len() > 40, "{}", seen.findings.len());
}

fn rule(message: &Value, token: &str) -> String {
    json!({
        "version": "1.0", "invokingEvent": message.to_string(), "ruleParameters": "{}",
        "resultToken": token, "eventLeftScope": false, "accountId": "111122223333",
        "configRuleName": "evenkeel",
        "configRuleArn": "arn:aws:config:eu-central-1:111122223333:config-rule/config-rule-1"
    })
    .to_string()
}

fn scheduled() -> Value {
    json!({"messageType": "ScheduledNotification", "notificationCreationTime": "2026-03-11T13:00:00Z"})
}

#[test]
fn a_rule_is_answered_when_its_findings_are_durable() {
    let world = World { configuration: "{}", time: "2026-03-11T12:00:00Z", ..World::default() };
    let seen = run_in(&world, &rule(&scheduled(), "token"), &ledger(), SilentAnnouncer);
    assert_eq!(
        (seen.answer.unwrap(), seen.metrics.metric_count("Evaluations")),
        (json!({"findings": 1}), 1)
    );
    let told = world.told.lock().unwrap().clone();
    let said = RuleAssessment {
        kind: "AWS::S3::Bucket".to_owned(),
        id: "b".to_owned(),
        status: ComplianceStatus::NonCompliant,
        annotation: "p: m".to_owned(),
        time: "2026-03-11T13:00:00Z".to_owned(),
    };
    assert_eq!(told, [said]);
    let failed = run_in(&world, &rule(&scheduled(), "token"), &ledger(), Unreachable);
    assert!(failed.answer.is_err());
    assert_eq!(world.told.lock().unwrap().len(), 1, "not told before it is durable");
}

#[test]
fn a_test_of_a_rule_leaves_nothing_in_the_ledger() {
    let world = World { configuration: "{}", time: "2026-03-11T12:00:00Z", ..World::default() };
    let seen = run_in(&world, &rule(&scheduled(), "TESTMODE"), &ledger(), Unreachable);
    assert_eq!((seen.answer.unwrap(), seen.findings.len()), (json!({"findings": 0}), 0));
    assert_eq!(world.told.lock().unwrap().len(), 1);
}

#[test]
fn what_is_gone_takes_back_what_a_rule_was_told() {
    let world =
        World { time: "2026-03-11T12:00:00Z", status: "ResourceDeleted", ..World::default() };
    run_in(&world, &rule(&scheduled(), "t"), &ledger(), SilentAnnouncer).answer.unwrap();
    assert_eq!(world.told.lock().unwrap()[0].status, ComplianceStatus::NotApplicable);
}

#[test]
fn a_rule_that_names_a_policy_that_is_none_is_told_so() {
    let wrong = rule(&scheduled(), "t").replace("\"{}\"", "\"{\\\"policies\\\":\\\"nope\\\"}\"");
    let answer = run_in(&World::default(), &wrong, &ledger(), SilentAnnouncer).answer;
    assert!(answer.unwrap_err().to_string().contains("`nope`, which is no policy"));
}
