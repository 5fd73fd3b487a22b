//! Log files: found, unpacked and cut into records, by as many threads as wanted, in bounded memory and in
//! one order. Nothing here knows what a record means.

mod bracket_scan;
mod discovery;
mod file_type;
mod input_file;
mod item;
mod member_scan;
mod ordered_pool;
mod problem;
mod progress;
mod reader;
mod report;
mod splitter;
mod text_stream;

pub use discovery::{Discovered, Ignored, LogFile, discover};
pub use item::{Item, MAX_RECORD, Sink};
pub use ordered_pool::{Batches, NoThreads, run};
pub use problem::{BadRecord, DocumentError, Form, InputError, Problem, ProblemKind, ReadError};
pub use progress::{Counts, Progress};
pub use reader::Reader;
pub use report::{FileReport, Skipped};
