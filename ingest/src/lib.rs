//! Reads CloudTrail logs and AWS event payloads, evaluates them, and records the findings.
//!
//! * [`LogReader`] reads log files and splits them into CloudTrail records and AWS Config
//!   configuration items. [`discover_files`] finds the files, and [`run`] reads them on several
//!   threads.
//! * [`parse_payload`] unwraps the payloads of SQS, SNS, EventBridge, Kinesis, S3, CloudWatch Logs
//!   and AWS Config rules. Files and payloads use the same formats.
//! * [`evaluate_record`] and [`evaluate_item`] evaluate one record or one item.
//! * [`PayloadEvaluator`] handles the payload of one Lambda invocation: it evaluates each message,
//!   records and announces the findings, and builds the response.
//!
//! This example evaluates the records of a log file in memory:
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use evenkeel_ingest::{LogItem, LogReader, ReadProgress, evaluate_record};
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
//! let log = br#"{"Records": [{"eventSource": "kms.amazonaws.com", "eventName": "DisableKey",
//!     "eventID": "6f3c1d0e-8f0b-4c55-9a51-0d8f5c0f6a11", "eventTime": "2026-03-01T12:00:00Z",
//!     "awsRegion": "eu-central-1", "recipientAccountId": "111122223333",
//!     "requestParameters": {"keyId": "1234abcd"}}]}"#;
//! let mut messages = Vec::new();
//! let progress = ReadProgress::default();
//! let report = LogReader::new().read_from("log.json", log.as_slice(), &progress, &mut |item| {
//!     if let LogItem::Record { bytes, envelope, .. } = item {
//!         let outcome = evaluate_record(&mut evaluator, bytes, envelope);
//!         if let Ok(RecordOutcome::Evaluated(evaluation)) = outcome {
//!             messages.extend(evaluation.findings().map(|finding| finding.message.clone()));
//!         }
//!     }
//!     ControlFlow::Continue(())
//! });
//! assert_eq!(report.records, 1);
//! assert_eq!(messages, ["KMS key 1234abcd is disabled"]);
//! ```

mod environment;
mod evaluate;
mod failure;
mod gzip;
mod logs;
mod packaged_policies;
mod payload;

pub use environment::{
    AwsContext, CloudContext, CloudContextError, ObjectBytes, OfflineContext, ReadRole,
    RuleAssessment,
};
pub use evaluate::{
    AnnouncedFinding, EvaluateError, FailedMessage, FindingObserver, HandleError, HandledPayload,
    InvocationMetrics, LogRecordError, PayloadEvaluator, evaluate_item, evaluate_record,
};
pub use failure::FailureKind;
pub use gzip::GzipError;
#[cfg(fuzzing)]
pub use logs::split_in_pieces;
pub use logs::{
    BatchSender, DiscoveredFiles, DocumentError, FileReport, IgnoredFiles, InputError,
    InputProblem, InvalidRecordError, ItemSink, LogFile, LogItem, LogReader, MAX_RECORD,
    ProblemKind, ProgressCounts, ReadError, ReadProgress, SkippedItems, ThreadSpawnError,
    UnsupportedFormat, discover_files, run,
};
pub use packaged_policies::{PackagedPoliciesError, read_packaged_policies};
pub use payload::{
    ConfigRuleInvocation, EventEnvelope, ItemChange, LogObject, OversizedItem, ParsedPayload,
    PayloadContent, PayloadError, PayloadErrorKind, PayloadInvoker, PayloadMessage, RuleSubject,
    find_forgery_sign, parse_payload,
};
