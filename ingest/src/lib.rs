//! The doors in: everything between what comes, as a file or as a payload, and one record or one item.
//!
//! `logs` finds files, unpacks them and cuts them into records. `payload` opens what services deliver,
//! whatever wraps it; files hold the same formats. Neither knows what a record means: evaluation does.

mod artefact;
mod environment;
mod evaluate;
mod failure;
mod gzip;
mod logs;
mod payload;

pub use artefact::{ArtefactError, read_artefact};
pub use environment::{Assessment, Aws, ObjectBytes, Offline, Outside, OutsideError, ReadRole};
pub use evaluate::{
    EvaluateError, Evaluator, Failed, HandleError, Handled, LogRecordError, Metrics, Noted, Tell,
    judge_item, judge_record,
};
pub use failure::FailureKind;
pub use gzip::GzipError;
pub use logs::{
    BadRecord, Batches, Counts, Discovered, DocumentError, FileReport, Form, Ignored, InputError,
    Item, LogFile, MAX_RECORD, NoThreads, Problem, ProblemKind, Progress, ReadError, Reader, Sink,
    Skipped, discover, run,
};
pub use payload::{
    ConfigRuleInvocation, Content, Envelope, Fault, ItemChange, LogObject, Message, Opened, Outer,
    OversizedItem, PayloadError, RuleSubject, open, suspect,
};
