//! The doors in: everything between what comes, as a file or as a payload, and one record or one item.
//!
//! `logs` finds files, unpacks them and cuts them into records. `payload` opens what services deliver,
//! whatever wraps it; files hold the same formats. Neither knows what a record means: evaluation does.

mod artefact;
mod aws;
mod gzip;
mod handle;
mod judging;
mod logs;
mod metrics;
mod outside;
mod payload;

pub use artefact::{ArtefactError, read_artefact};
pub use aws::{Aws, ReadRole};
pub use gzip::GzipError;
pub use handle::{Evaluator, Failed, HandleError, Handled, Noted, Tell};
pub use judging::{judge_item, judge_record};
pub use logs::{
    BadRecord, Batches, Counts, Discovered, DocumentError, FileReport, Form, Ignored, InputError,
    Item, LogFile, MAX_RECORD, NoThreads, Problem, ProblemKind, Progress, ReadError, Reader, Sink,
    Skipped, discover, run,
};
pub use metrics::Metrics;
pub use outside::{Assessment, ObjectBytes, Offline, Outside, OutsideError};
pub use payload::{
    ConfigRuleInvocation, Content, Envelope, Fault, ItemChange, LogObject, Message, Opened, Outer,
    OversizedItem, PayloadError, RuleSubject, open, suspect,
};
