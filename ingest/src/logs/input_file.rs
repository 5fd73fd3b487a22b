//! Opens a file, and keeps count of what is read from it.

use std::fs::File;
use std::io::{self, Read};

use super::discovery::LogFile;
use super::problem::{ProblemKind, ReadError};

/// Where a file's bytes come from.
pub(crate) struct InputFile<'r> {
    bytes: Box<dyn Read + 'r>,
    /// How many there should be, if that is known.
    expected: Option<u64>,
    count: u64,
    ended: bool,
}

impl<'r> InputFile<'r> {
    pub(crate) fn new(bytes: impl Read + 'r, expected: Option<u64>) -> Self {
        Self { bytes: Box::new(bytes), expected, count: 0, ended: false }
    }

    /// Opens what `file` names.
    pub(crate) fn open_log_file(file: &LogFile) -> Result<Self, ProblemKind> {
        let Some(path) = &file.path else { return Ok(Self::new(io::stdin(), None)) };
        let failed = |error: io::Error| ReadError::Failed(error.kind());
        let opened = File::open(path).map_err(failed)?;
        let about = opened.metadata().map_err(failed)?;
        if about.is_dir() {
            return Err(ReadError::Folder.into());
        }
        // What the system makes up as it is read, and pipes, say that they are empty.
        let expected = (about.is_file() && about.len() > 0).then_some(about.len());
        Ok(Self::new(opened, expected))
    }

    /// How many bytes there should be, if that is known.
    pub(crate) fn expected_size(&self) -> Option<u64> {
        self.expected
    }

    /// Whether it ended sooner or later than it should have.
    pub(crate) fn has_changed(&self) -> bool {
        self.ended && self.expected.is_some_and(|expected| expected != self.count)
    }

    /// Whether there is nothing more.
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
