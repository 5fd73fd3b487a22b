//! The policy core of Evenkeel: policies, views of events, the evaluator, findings and waivers.
//!
//! The crate does no input or output. It reads no files, no clock and no environment variables, and
//! it does not use the network. Callers pass text and bytes to it, and it returns plain data. The
//! same input always gives the same output.
//!
//! This example compiles a policy, evaluates a CloudTrail record and prints the finding:
//!
//! ```
//! use evenkeel_rules::policy::{PolicyFile, PolicySet};
//! use evenkeel_rules::{EventFilter, RecordEvaluator, RecordOutcome, WaiverSet};
//!
//! let policy = PolicyFile {
//!     name: "kms-key-disabled.cel".to_owned(),
//!     text: r#"// METADATA
//! // title: KMS key is disabled
//! // description: Nobody can read the data that the key encrypts.
//! // severity: HIGH
//! // match: {eventSource: kms.amazonaws.com, eventName: DisableKey}
//! // resource: {type: 'AWS::KMS::Key', id: request.keyId}
//! // message: "KMS key {{resource.id}} is disabled"
//!
//! true
//! "#
//!     .to_owned(),
//! };
//! let set = PolicySet::compile_files(&[policy], None).expect("the policy is valid");
//! let (waivers, filter) = (WaiverSet::default(), EventFilter::default());
//! let mut evaluator = RecordEvaluator::new(&set, &waivers, &filter);
//!
//! let record = br#"{"eventSource": "kms.amazonaws.com", "eventName": "DisableKey",
//!     "eventID": "6f3c1d0e-8f0b-4c55-9a51-0d8f5c0f6a11", "eventTime": "2026-03-01T12:00:00Z",
//!     "awsRegion": "eu-central-1", "recipientAccountId": "111122223333",
//!     "requestParameters": {"keyId": "1234abcd"}}"#;
//! let outcome = evaluator.evaluate_record(record).expect("the record is valid");
//! let RecordOutcome::Evaluated(evaluation) = outcome else {
//!     panic!("the policy matches DisableKey");
//! };
//! for finding in evaluation.findings() {
//!     println!("{}: {}", finding.severity, finding.message);
//! }
//! # assert_eq!(evaluation.findings().count(), 1);
//! # assert_eq!(evaluation.findings().next().unwrap().message, "KMS key 1234abcd is disabled");
//! ```

pub mod bundle;
mod cases;
mod diagnostic;
mod evaluation;
pub mod event;
mod finding;
pub mod json;
mod merge_patch;
pub mod ocsf;
pub mod operator_settings;
pub mod policy;
mod text;
mod waiver;

pub use cases::{CaseDifference, CaseError, PolicyCase, most_serious_evaluation, read_cases};
pub use diagnostic::{Diagnostic, DiagnosticLevel};
pub use evaluation::configuration_item::ConfigurationItem;
pub use evaluation::event_evaluation::evaluate_event;
pub use evaluation::record_evaluator::{
    EventFilter, MissingConfiguration, PolicyEvaluation, RecordEvaluation, RecordEvaluator,
    RecordOutcome, parse_epoch_millis,
};
pub use evaluation::single_evaluation::{
    ComplianceStatus, Evaluation, ResourceContext, ResourceIdentity,
};
pub use finding::{
    AppliedWaiver, AttachedFinding, Finding, FindingAction, FindingActor, REMEDIATOR_ROLE,
};
pub use merge_patch::apply_merge_patch;
pub use text::{escape_json, is_deceptive, json_line, line_and_column};
pub use waiver::{WaiverError, WaiverSet, WaiverTerms};
