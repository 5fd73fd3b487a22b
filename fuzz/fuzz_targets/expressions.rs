//! Compiles and evaluates arbitrary bytes as the body of a policy, within a time limit.
#![no_main]

use evenkeel_engine::FunctionSet;
use evenkeel_fuzz::{RECORD, check_diagnostic, run_on_large_stack, run_within_limit};
use evenkeel_rules::event::CloudTrailEvent;
use evenkeel_rules::json::JsonTape;
use evenkeel_rules::policy::{Policy, PolicyFile};
use evenkeel_rules::{Evaluation, ResourceContext, evaluate_event};
use libfuzzer_sys::fuzz_target;

const HEADER: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}
// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
// parameters: {names: {type: list(string), default: [a, 'b*'], description: d}}
// variables: {policy: request.bucketPolicy}
// message: \"m {{violations}}\"

";

fuzz_target!(|data: &[u8]| run_on_large_stack(data, check_expression));

fn check_expression(data: &[u8]) {
    let text = format!("{HEADER}{}", String::from_utf8_lossy(data));
    let file = PolicyFile { name: "a-policy.cel".to_owned(), text };
    let functions = FunctionSet::default();
    match run_within_limit(|| Policy::compile_file(&file, &functions)) {
        Err(diagnostic) => check_diagnostic(&diagnostic, &file.text),
        Ok(policy) => {
            let first = run_within_limit(|| evaluate_policy(&policy));
            assert!(!first.is_empty());
            assert_eq!(first, evaluate_policy(&policy), "two evaluations differ");
        }
    }
}

/// Returns the results of the policy for the fixed record.
fn evaluate_policy(policy: &Policy) -> Vec<String> {
    let mut tape = JsonTape::default();
    let event = CloudTrailEvent::parse_record(RECORD, &mut tape).expect("the record is valid");
    let describe = |one: Evaluation| format!("{one:?}");
    evaluate_event(policy, &event, &ResourceContext::default()).into_iter().map(describe).collect()
}
