//! Opens an input file, and counts the bytes that are read from it.

use std::fs::File;
use std::io::{self, Read};

use super::discovery::LogFile;
use super::problem::{ProblemKind, ReadError};

/// An open input file.
pub(crate) struct InputFile<'r> {
    bytes: Box<dyn Read + 'r>,
    /// The expected number of bytes, if it is known.
    expected: Option<u64>,
    count: u64,
    ended: bool,
}

impl<'r> InputFile<'r> {
    pub(crate) fn new(bytes: impl Read + 'r, expected: Option<u64>) -> Self {
        Self { bytes: Box::new(bytes), expected, count: 0, ended: false }
    }

    /// Opens the file, or standard input.
    pub(crate) fn open_log_file(file: &LogFile) -> Result<Self, ProblemKind> {
        let Some(path) = &file.path else { return Ok(Self::new(io::stdin(), None)) };
        let failed = |error: io::Error| ReadError::Failed(error.kind());
        let opened = File::open(path).map_err(failed)?;
        let about = opened.metadata().map_err(failed)?;
        if about.is_dir() {
            return Err(ReadError::Folder.into());
        }
        // Pipes and virtual files (such as in `/proc`) report a size of 0.
        let expected = (about.is_file() && about.len() > 0).then_some(about.len());
        Ok(Self::new(opened, expected))
    }

    /// Returns the expected number of bytes, if it is known.
    pub(crate) fn expected_size(&self) -> Option<u64> {
        self.expected
    }

    /// Returns whether the file ended before or after its expected size.
    pub(crate) fn has_changed(&self) -> bool {
        self.ended && self.expected.is_some_and(|expected| expected != self.count)
    }

    /// Returns whether the end of the file was reached.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }
}

impl Read for InputFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.ended = self.ended || (count == 0 && !buffer.is_empty());
        self.count = self.count.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}
