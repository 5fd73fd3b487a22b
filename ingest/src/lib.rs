//! The doors in: everything between what comes, as a file or as a payload, and one record or one item.
//!
//! `logs` finds files, unpacks them and cuts them into records. `payload` opens what services deliver,
//! whatever wraps it; files hold the same formats. Neither knows what a record means: evaluation does.

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
