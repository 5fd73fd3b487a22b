//! What can be wrong with an input, in words that say what it is and what to do.

use std::fmt;
use std::io::ErrorKind;

use crate::gzip::GzipError;
use crate::payload::PayloadErrorKind;

/// Something that kept a file, or a part of it, from being read.
///
/// No message holds text from inside a file. The file's name is shown as it is: the caller cleans it for
/// a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputProblem {
    /// The file's name as the user knows it, or the input as it was typed.
    pub file: String,
    /// Which record of the file, counted from 1, if it is about one.
    pub record: Option<u64>,
    /// What is wrong.
    pub kind: ProblemKind,
}

impl InputProblem {
    /// A problem with a whole file.
    pub fn for_file(file: &str, what: impl Into<ProblemKind>) -> Self {
        Self { file: file.to_owned(), record: None, kind: what.into() }
    }

    /// A problem with one record of a file.
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

/// What is wrong, by where it shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// The input names nothing that can be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The file cannot be opened, read or unpacked.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file is in a form that is not read.
    #[error(transparent)]
    Format(#[from] UnsupportedFormat),
    /// The file is text, but no `CloudTrail` log, or not all of one.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// One record is not usable.
    #[error(transparent)]
    Record(#[from] InvalidRecordError),
    /// The work on this file panicked.
    #[error("evenkeel failed on this file, which is a defect of evenkeel: please report it")]
    Panicked,
}

/// Why an input gives no files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// No such path, and no pattern either.
    #[error("no such file or folder: check the path")]
    Missing,
    /// The pattern is understood, and nothing matches it.
    #[error(
        "no file matches this pattern: check it, and quote it so that the shell leaves it alone"
    )]
    NoMatch,
    /// The pattern is not understood.
    #[error("not a pattern: {0} at character {1}")]
    Pattern(&'static str, usize),
    /// The folder holds no log file.
    #[error(
        "the folder has no log file: names that end in .json, .gz, .ndjson, .jsonl or .log are read"
    )]
    NoLogs,
    /// A link leads back to a folder above it.
    #[error("the link leads back to a folder that holds it: it was not followed")]
    LinkLoop,
    /// The file or folder cannot be looked at.
    #[error("cannot be read: {0}")]
    Unreadable(ErrorKind),
}

/// Why a file's bytes cannot all be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The system refuses.
    #[error("cannot be read: {0}")]
    Failed(ErrorKind),
    /// A folder where a file was expected.
    #[error("is a folder, not a file")]
    Folder,
    /// More or fewer bytes came than the file had when it was opened.
    #[error("changed while it was read: run again when it is complete")]
    Changed,
    /// The compressed data cannot all be unpacked.
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

/// A form of file that is recognised but not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedFormat {
    /// UTF-16 text.
    #[error("is UTF-16: convert it to UTF-8")]
    Utf16,
    /// A zip archive.
    #[error("is a zip archive: unpack it first")]
    Zip,
    /// A tar archive.
    #[error("is a tar archive: unpack it first")]
    Tar,
    /// Zstandard data.
    #[error("is compressed with zstd: unpack it first, or use gzip")]
    Zstd,
    /// Bzip2 data.
    #[error("is compressed with bzip2: unpack it first, or use gzip")]
    Bzip2,
    /// Xz data.
    #[error("is compressed with xz: unpack it first, or use gzip")]
    Xz,
    /// A Parquet table.
    #[error("is a Parquet table: export it as JSON")]
    Parquet,
    /// Gzip data inside gzip data.
    #[error("is compressed with gzip twice: unpack it once")]
    GzipTwice,
}

/// Why a text is not the log it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// It is something else.
    #[error(
        "not a CloudTrail log: expected {{\"Records\": [...]}}, one record a line, a list of records, \
         EventBridge events, or the output of `aws cloudtrail lookup-events`"
    )]
    NotCloudTrail,
    /// The list of records is null.
    #[error("`Records` is null: the file holds no records")]
    NullList,
    /// The list of records is no list.
    #[error("`Records` is not a list")]
    NotAList,
    /// The text ends inside a document, between two records.
    #[error("ends too early: records may be missing at its end; fetch the file again")]
    CutOff,
    /// There are zero bytes between records.
    #[error(
        "has zero bytes between its records, as after a crash or a partial copy: records may be missing"
    )]
    ZeroBytes,
}

/// Why one record is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecordError {
    /// A number, a string, null or a list where a record should be.
    #[error("is not an object")]
    NotAnObject,
    /// The input ends inside the record.
    #[error("is cut off at the end of the input")]
    CutOff,
    /// The line ends inside the record.
    #[error("is not complete on its line, or its brackets do not match")]
    Unbalanced,
    /// It is longer than any record may be.
    #[error("is longer than 16 MiB, as no record is")]
    TooLong,
    /// Text that is no JSON: nothing is read of it up to the next line that begins with an object.
    #[error(
        "is not JSON at byte {byte} of the text: reading resumed at the next line that begins with `{{`"
    )]
    NotJson {
        /// Where, counted from 0, in the text as it is unpacked.
        byte: u64,
    },
    /// An object of another kind.
    #[error("is not a CloudTrail record: it has no event version, source, name or ID")]
    NotCloudTrail,
    /// Something else that carries records or configuration items, or such an item.
    #[error("{what}: {why}")]
    Carrier {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        why: PayloadErrorKind,
    },
}
