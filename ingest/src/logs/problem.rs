//! The problems with inputs. Each message describes the problem, and what the user can do.

use std::fmt;
use std::io::ErrorKind;

use crate::gzip::GzipError;
use crate::payload::PayloadErrorKind;

/// A problem that prevents the reading of a file or a part of it.
///
/// No message contains text from inside a file. The file name is not escaped: before the caller
/// prints a message to a terminal, the caller must escape the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputProblem {
    /// The name of the file for the user, or the input as typed.
    pub file: String,
    /// The position of the record in the file, counted from 1, if the problem concerns one record.
    pub record: Option<u64>,
    /// The kind of the problem.
    pub kind: ProblemKind,
}

impl InputProblem {
    /// Creates a problem that concerns a complete file.
    pub fn for_file(file: &str, what: impl Into<ProblemKind>) -> Self {
        Self { file: file.to_owned(), record: None, kind: what.into() }
    }

    /// Creates a problem that concerns one record of a file.
    pub fn for_record(file: &str, number: u64, why: InvalidRecordError) -> Self {
        Self { file: file.to_owned(), record: Some(number), kind: why.into() }
    }
}

impl fmt::Display for InputProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.record {
            Some(number) => write!(f, "{}, record {number}: {}", self.file, self.kind),
            None => write!(f, "{}: {}", self.file, self.kind),
        }
    }
}

impl std::error::Error for InputProblem {}

/// The kind of a problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// The input does not name a readable file.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The file cannot be opened, read or decompressed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file has an unsupported format.
    #[error(transparent)]
    Format(#[from] UnsupportedFormat),
    /// The file is text, but it is not a CloudTrail log, or the log is incomplete.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// One record is invalid.
    #[error(transparent)]
    Record(#[from] InvalidRecordError),
    /// The work on this file panicked.
    #[error("evenkeel failed on this file because of a defect in evenkeel; report the defect")]
    Panicked,
}

/// The reason why an input yields no files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The path does not exist, and the input is not a pattern.
    #[error("no such file or folder; check the path")]
    Missing,
    /// No file matches the pattern.
    #[error(
        "no file matches this pattern; check the pattern, and quote it so that the shell does not \
         expand it"
    )]
    NoMatch,
    /// The pattern is invalid.
    #[error("is not a valid pattern: {0} at character {1}")]
    Pattern(&'static str, usize),
    /// The folder contains no log file.
    #[error(
        "the folder has no log file; the file extension must be .json, .gz, .ndjson, .jsonl or .log"
    )]
    NoLogs,
    /// A symbolic link points to one of its parent folders.
    #[error("the symbolic link points to one of its parent folders; it was not followed")]
    LinkLoop,
    /// The file or folder cannot be accessed.
    #[error("cannot be read: {0}")]
    Unreadable(ErrorKind),
}

/// The reason why a file cannot be read completely.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The operating system returned an error.
    #[error("cannot be read: {0}")]
    Failed(ErrorKind),
    /// The path is a folder, not a file.
    #[error("is a folder, not a file")]
    Folder,
    /// The file has more or fewer bytes than when it was opened.
    #[error("changed while it was read; run the command again when the file is complete")]
    Changed,
    /// The compressed data cannot be decompressed completely.
    #[error(transparent)]
    Gzip(GzipError),
}

impl From<GzipError> for ReadError {
    fn from(error: GzipError) -> Self {
        match error {
            GzipError::Read(kind) => ReadError::Failed(kind),
            other => ReadError::Gzip(other),
        }
    }
}

/// A file format that is recognized but not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedFormat {
    /// UTF-16 text.
    #[error("is UTF-16 text; convert it to UTF-8")]
    Utf16,
    /// A zip archive.
    #[error("is a zip archive; extract it first")]
    Zip,
    /// A tar archive.
    #[error("is a tar archive; extract it first")]
    Tar,
    /// Zstandard data.
    #[error("is compressed with zstd; decompress it first, or use gzip")]
    Zstd,
    /// Bzip2 data.
    #[error("is compressed with bzip2; decompress it first, or use gzip")]
    Bzip2,
    /// Xz data.
    #[error("is compressed with xz; decompress it first, or use gzip")]
    Xz,
    /// A Parquet table.
    #[error("is a Parquet table; export it as JSON")]
    Parquet,
    /// Gzip data inside gzip data.
    #[error("is compressed with gzip twice; decompress it once")]
    GzipTwice,
}

/// The reason why a text is not a valid log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The text is empty.
    #[error("is empty")]
    Empty,
    /// The text is not a CloudTrail log.
    #[error(
        "not a CloudTrail log: expected {{\"Records\": [...]}}, one record per line, \
         a list of records, EventBridge events, or the output of `aws cloudtrail lookup-events`"
    )]
    NotCloudTrail,
    /// The list of records is null.
    #[error("`Records` is null; the file contains no records")]
    NullList,
    /// The list of records is not a list.
    #[error("`Records` is not a list")]
    NotAList,
    /// The text ends between two records, before the end of the document.
    #[error("ends too early; records may be missing at the end, so download the file again")]
    CutOff,
    /// The text contains zero bytes between records.
    #[error(
        "contains zero bytes between its records, as after a crash or an incomplete copy; \
         records may be missing"
    )]
    ZeroBytes,
}

/// The reason why one record is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecordError {
    /// A number, a string, null or a list is at the position of a record.
    #[error("is not an object")]
    NotAnObject,
    /// The input ends inside the record.
    #[error("is cut off at the end of the input")]
    CutOff,
    /// The line ends inside the record.
    #[error("is incomplete on its line, or its brackets do not match")]
    Unbalanced,
    /// The record exceeds the size limit.
    #[error("is longer than 16 MiB, the limit for a record")]
    TooLong,
    /// The text is not JSON. Reading resumes at the next line that begins with an object.
    #[error(
        "is not valid JSON at byte {byte} of the decompressed text; \
         reading resumed at the next line that begins with `{{`"
    )]
    NotJson {
        /// The offset in the decompressed text, in bytes, counted from 0.
        byte: u64,
    },
    /// The object is not a CloudTrail record.
    #[error("is not a CloudTrail record: it has no event version, source, name or ID")]
    NotCloudTrail,
    /// The object is a configuration item, or wraps records or configuration items, and cannot be
    /// parsed.
    #[error("{what}: {why}")]
    Carrier {
        /// The name of the format, or the location of the wrapped text.
        what: &'static str,
        /// The cause.
        why: PayloadErrorKind,
    },
}
