//! The doors in: everything between the paths a user types and the bytes of one record.
//!
//! Files are found, unpacked and cut into records, by as many threads as wanted, in bounded memory and in
//! one order. Nothing here knows what a record means.

mod bits;
mod files;
mod fill;
mod gunzip;
mod members;
mod pool;
mod problem;
mod progress;
mod read;
mod report;
mod sniff;
mod source;
mod split;
mod whole;

pub use files::{Discovered, Ignored, LogFile, discover};
pub use pool::{Batches, NoThreads, run};
pub use problem::{BadRecord, DocumentError, Form, InputError, Problem, ProblemKind, ReadError};
pub use progress::{Counts, Progress};
pub use read::Reader;
pub use report::{FileReport, Skipped};
pub use split::{Item, MAX_RECORD, Sink};
