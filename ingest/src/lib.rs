//! The doors in: everything between what comes, as a file or as a payload, and one record or one item.
//!
//! Files are found, unpacked and cut into records, by as many threads as wanted, in bounded memory and in
//! one order. Payloads are opened, whatever wraps them. Nothing here knows what a record means.

mod aws;
mod bits;
mod bundle;
mod fault;
mod files;
mod fill;
mod gunzip;
mod handle;
mod judging;
mod members;
mod metrics;
mod object;
mod opened;
mod opening;
mod outside;
mod pool;
mod problem;
mod progress;
mod read;
mod report;
mod sniff;
mod source;
mod sources;
mod split;
mod suspect;
mod whole;

pub use aws::{Aws, ReadRole};
pub use bundle::{Bundle, BundleError, HISTORY, MANIFEST, Manifest, digest};
pub use fault::{Fault, SourceError};
pub use files::{Discovered, Ignored, LogFile, discover};
pub use handle::{Evaluator, Failed, HandleError, Handled, Noted, Tell};
pub use judging::{judge_item, judge_record};
pub use metrics::Metrics;
pub use opened::{
    ConfigRuleInvocation, Content, Envelope, ItemChange, LogObject, Message, Opened, Outer,
    OversizedItem, RuleSubject,
};
pub use outside::{Assessment, ObjectBytes, Offline, Outside, OutsideError};
pub use pool::{Batches, NoThreads, run};
pub use problem::{BadRecord, DocumentError, Form, InputError, Problem, ProblemKind, ReadError};
pub use progress::{Counts, Progress};
pub use read::Reader;
pub use report::{FileReport, Skipped};
pub use sources::open;
pub use split::{Item, MAX_RECORD, Sink};
pub use suspect::suspect;
