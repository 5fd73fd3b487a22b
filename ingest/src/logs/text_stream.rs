//! Reads a text in pieces, from uncompressed data or from gzip data.

use std::io::{ErrorKind, Read};

use super::problem::{ProblemKind, ReadError};
use crate::gzip::GzipStream;

/// A text that is read in pieces.
pub(crate) enum TextStream<R> {
    /// Uncompressed text, and the number of bytes that are read so far.
    Plain(R, u64),
    /// Text in gzip data.
    Gzip(Box<GzipStream<R>>),
}

impl<R: Read> TextStream<R> {
    /// Fills `out` completely, unless the text ends or an error occurs before. Returns the number
    /// of bytes and the error, if there is one.
    pub(crate) fn fill_buffer(&mut self, out: &mut [u8]) -> (usize, Option<ProblemKind>) {
        match self {
            TextStream::Gzip(gunzip) => {
                let (filled, problem) = gunzip.fill_buffer(out);
                (filled, problem.map(|error| ReadError::from(error).into()))
            }
            TextStream::Plain(source, count) => {
                let (filled, problem) = read_full(source, out);
                *count = count.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
                (filled, problem)
            }
        }
    }

    /// Returns the number of stored bytes that are read so far.
    pub(crate) fn consumed_bytes(&self) -> u64 {
        match self {
            TextStream::Plain(_, count) => *count,
            TextStream::Gzip(gunzip) => gunzip.consumed_bytes(),
        }
    }
}

fn read_full(source: &mut impl Read, out: &mut [u8]) -> (usize, Option<ProblemKind>) {
    let mut filled = 0usize;
    loop {
        let free = out.get_mut(filled..).unwrap_or_default();
        if free.is_empty() {
            return (filled, None);
        }
        match source.read(free) {
            Ok(0) => return (filled, None),
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(ReadError::Failed(error.kind()).into())),
        }
    }
}
