//! Checks the event patterns of the templates with the test cases of the shipped policies: a
//! pattern must match exactly the events that a policy evaluates.

use std::collections::BTreeSet;
use std::path::Path;

use evenkeel_rules::policy::{OutcomeMatch, PolicyFile, PolicyMatch, PolicySet};
use evenkeel_rules::{
    EventFilter, PolicyCase, RecordEvaluator, RecordOutcome, WaiverSet, read_cases,
};
use serde_json::{Value, json};

use evenkeel_testing::http::call;
use evenkeel_testing::stand_in::stand_in;
use evenkeel_testing::template::{audit_account, member_account};

/// Returns the shipped policies and all their test cases.
fn corpus() -> (PolicySet, Vec<PolicyCase>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let (mut policies, mut tests) = (Vec::new(), Vec::new());
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        let name = path.display().to_string();
        let files = match name.rsplit_once(".test.yaml") {
            Some(_) => &mut tests,
            None if name.ends_with("functions.yaml") => &mut policies,
            None if path.extension().is_some_and(|ending| ending == "cel") => &mut policies,
            None => continue,
        };
        files.push(PolicyFile { text: std::fs::read_to_string(&path).unwrap(), name });
    }
    let at = policies.iter().position(|file| file.name.ends_with("functions.yaml")).unwrap();
    let functions = policies.remove(at);
    let set = PolicySet::compile_files(&policies, Some(&functions)).unwrap();
    let mut cases = Vec::new();
    for policy in set.policies() {
        let test =
            tests.iter().find(|test| test.name.ends_with(&format!("/{}.test.yaml", policy.id)));
        let test = test.unwrap();
        cases.extend(read_cases(&test.name, &test.text, policy).unwrap());
    }
    (set, cases)
}

/// Returns a record as an event of Amazon EventBridge.
fn event(record: &Value) -> Value {
    let service = record["eventSource"].as_str().unwrap_or_default();
    let kind = match (service, record["eventType"].as_str()) {
        ("signin.amazonaws.com", _) => "AWS Console Sign In via CloudTrail",
        (_, Some("AwsServiceEvent")) => "AWS Service Event via CloudTrail",
        (_, Some("AwsConsoleAction")) => "AWS Console Action via CloudTrail",
        _ => "AWS API Call via CloudTrail",
    };
    let source = format!("aws.{}", service.split('.').next().unwrap_or_default());
    json!({"source": source, "detail-type": kind, "detail": record})
}

/// Returns the event patterns of the forwarding rules in a member account.
fn patterns() -> Vec<Value> {
    rules(&member_account("111122223333", &[]))
}

/// Returns the event patterns of the rules of a template.
fn rules(resources: &Value) -> Vec<Value> {
    let resources = resources.as_object().unwrap().values();
    let rules = resources.filter(|one| one["Type"] == "AWS::Events::Rule");
    rules.map(|rule| rule["Properties"]["EventPattern"].clone()).collect()
}

async fn passes(patterns: &[Value], events: &[Value]) -> Vec<bool> {
    let asked = json!({"patterns": patterns, "events": events}).to_string();
    let (status, answer) = call(stand_in(), "POST", "/stand/patterns", asked).await;
    assert!(status.is_success(), "{status}");
    serde_json::from_slice(&answer).unwrap()
}

/// Returns whether a policy matches the source, the name and the outcome of an event.
fn wants(matches: &PolicyMatch, record: &Value) -> bool {
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    let outcome = match matches.outcome {
        OutcomeMatch::Success => text("errorCode").is_empty(),
        OutcomeMatch::Failure => !text("errorCode").is_empty(),
        OutcomeMatch::Any => true,
    };
    let identity = record["userIdentity"]["type"].as_str().unwrap_or_default();
    outcome
        && matches.matches_identity(identity)
        && matches.matches_event(text("eventSource"), text("eventName"))
}

#[tokio::test]
async fn every_event_that_a_policy_evaluates_is_forwarded_and_no_other() {
    let (set, cases) = corpus();
    let (filter, waivers) = (EventFilter::default(), WaiverSet::default());
    let mut evaluator = RecordEvaluator::new(&set, &waivers, &filter);
    let (mut events, mut expected, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for case in &cases {
        if let Some(record) = case.event_record() {
            let outcome = evaluator.evaluate_record(record.to_string().as_bytes()).unwrap();
            let wanted = set.policies().iter().any(|policy| wants(&policy.matches, record));
            if let RecordOutcome::Evaluated(evaluated) = &outcome {
                assert!(
                    wanted || evaluated.findings().next().is_none(),
                    "a finding without a matching policy: {record}"
                );
            }
            // Each combination of the fields that patterns compare is tested once.
            let part = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            let failed = !part("errorCode").is_empty();
            let is_root = record["userIdentity"]["type"] == "Root";
            let compared = (part("eventSource"), part("eventName"), part("eventType"), failed);
            if seen.insert((compared, is_root)) {
                expected.push(wanted);
                events.push(event(record));
            }
        }
    }
    let passed = passes(&patterns(), &events).await;
    let mut others = (0, 0);
    for ((event, passed), expected) in events.iter().zip(&passed).zip(&expected) {
        assert!(*passed || !expected, "a policy evaluates it, but no rule forwards it: {event}");
        others.0 += usize::from(!expected);
        others.1 += usize::from(!expected && *passed);
    }
    let count = expected.iter().filter(|expected| **expected).count();
    println!("{count} evaluated events are forwarded; of {} others, {} are", others.0, others.1);
    assert!(count > 400, "only {count} events are evaluated");
    assert_eq!(others.1, 0, "events that no policy evaluates are forwarded");
}

#[tokio::test]
async fn every_configuration_item_that_a_policy_evaluates_is_forwarded() {
    let (set, cases) = corpus();
    let change = |detail: Value| json!({"source": "aws.config", "detail-type": "Config Configuration Item Change", "detail": detail});
    let mut events = Vec::new();
    let kinds = set.policies().iter().flat_map(|policy| &policy.matches.resource_type);
    let kinds: BTreeSet<&String> = kinds.collect();
    let tried: BTreeSet<&String> =
        cases.iter().filter_map(PolicyCase::configuration_item).map(|item| &item.kind).collect();
    assert!(tried.is_subset(&kinds), "a test case has an item of a type that no policy matches");
    for kind in &kinds {
        events.push(change(json!({"configurationItem": {"resourceType": kind}})));
        events.push(change(json!({"configurationItemSummary": {"resourceType": kind}})));
    }
    assert!(events.len() > 200, "only {} events", events.len());
    assert!(passes(&patterns(), &events).await.into_iter().all(|passed| passed));
    let other = change(json!({"configurationItem": {"resourceType": "AWS::Events::Archive"}}));
    assert_eq!(passes(&patterns(), &[other]).await, [false]);
}

#[tokio::test]
async fn events_with_a_custom_or_partner_source_match_no_rule() {
    let record = json!({"eventSource": "kms.amazonaws.com", "eventName": "DisableKey"});
    let genuine = event(&record);
    let item = json!({
        "source": "aws.config", "detail-type": "Config Configuration Item Change",
        "detail": {"configurationItem": {"resourceType": "AWS::S3::Bucket"}},
    });
    let root = event(&json!({"eventSource": "newservice.amazonaws.com", "eventName": "StartThing",
        "userIdentity": {"type": "Root"}}));
    let audit = audit_account(&[]);
    for patterns in [patterns(), rules(&audit)] {
        let sent = [genuine.clone(), item.clone(), root.clone()];
        assert_eq!(passes(&patterns, &sent).await, [true, true, true]);
        for source in
            ["my.aws.kms", "aws.partner/example.com/111122223333/kms", "aws.partner", "aws."]
        {
            let mut forged = [genuine.clone(), item.clone(), root.clone()];
            for one in &mut forged {
                one["source"] = json!(source);
            }
            assert_eq!(passes(&patterns, &forged).await, [false, false, false], "{source}");
        }
    }
    // Names with an API version match, and failed calls do not.
    let versioned = event(
        &json!({"eventSource": "lambda.amazonaws.com", "eventName": "AddPermission20150331v2"}),
    );
    let failed = json!({"eventSource": "s3.amazonaws.com", "eventName": "PutBucketVersioning", "errorCode": "AccessDenied"});
    assert_eq!(passes(&patterns(), &[versioned, event(&failed)]).await, [true, false]);
}
