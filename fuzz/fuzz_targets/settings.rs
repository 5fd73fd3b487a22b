//! Applies arbitrary bytes as a settings file.
#![no_main]

use evenkeel_fuzz::{RECORD, check_diagnostic, run_on_large_stack, run_within_limit};
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use evenkeel_rules::{EventFilter, RecordEvaluator, RecordOutcome, WaiverSet};
use libfuzzer_sys::fuzz_target;

/// A policy with a parameter of each type.
const POLICY: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}
// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
// parameters:
//   names: {type: list(string), default: [], description: d}
//   ports: {type: list(int), default: [1], description: d}
//   name: {type: string, default: '', description: d}
//   days: {type: int, default: 1, description: d}
//   strict: {type: bool, default: false, description: d}
// message: \"{{params.name}} {{params.days}} {{params.names}} {{params.ports}}\"

params.strict || params.days > 0 || request.bucketName in params.names
";

fuzz_target!(|data: &[u8]| run_on_large_stack(data, check_settings));

fn check_settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let file = PolicyFile { name: "settings.yaml".to_owned(), text };
    let files = std::slice::from_ref(&file);
    // A set without policies finds what is not YAML, without the time that a compilation takes.
    let found = run_within_limit(|| PolicySet::default().with_settings(files));
    let Err(diagnostics) = found else { return };
    diagnostics.iter().for_each(|one| check_diagnostic(one, &file.text));
    if !diagnostics.iter().all(|one| one.message.starts_with("there is no policy")) {
        return;
    }
    let policy = PolicyFile { name: "a-policy.cel".to_owned(), text: POLICY.to_owned() };
    let set = PolicySet::compile_files(&[policy], None).expect("the policy is valid");
    match set.with_settings(files) {
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            diagnostics.iter().for_each(|one| check_diagnostic(one, &file.text));
        }
        Ok(set) => evaluate_fixed_record(&set),
    }
}

/// Fails if the policy cannot use its settings.
fn evaluate_fixed_record(set: &PolicySet) {
    let (waivers, filter) = (WaiverSet::default(), EventFilter::default());
    let mut evaluator = RecordEvaluator::new(set, &waivers, &filter);
    let outcome = evaluator.evaluate_record(RECORD.as_bytes()).expect("the record is valid");
    assert!(matches!(outcome, RecordOutcome::Evaluated(_)));
}
