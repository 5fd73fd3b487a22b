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
