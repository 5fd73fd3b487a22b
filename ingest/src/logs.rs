//! Finds log files, decompresses them, and splits them into records.
//!
//! Several threads read the files. Memory is bounded, and the order of the records does not depend
//! on the number of threads. The module does not interpret the records.

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

pub use discovery::{DiscoveredFiles, IgnoredFiles, LogFile, discover_files};
pub use item::{ItemSink, LogItem, MAX_RECORD};
pub use ordered_pool::{BatchSender, ThreadSpawnError, run};
pub use problem::{
    DocumentError, InputError, InputProblem, InvalidRecordError, ProblemKind, ReadError,
    UnsupportedFormat,
};
pub use progress::{ProgressCounts, ReadProgress};
pub use reader::LogReader;
pub use report::{FileReport, SkippedItems};
#[cfg(fuzzing)]
pub use splitter::split_in_pieces;
