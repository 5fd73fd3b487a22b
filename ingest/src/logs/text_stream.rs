//! Text that comes piece by piece, compressed or not.

use std::io::{ErrorKind, Read};

use super::problem::{ProblemKind, ReadError};
use crate::gzip::Gunzip;

/// A text that comes piece by piece.
pub(crate) enum Text<R> {
    /// As it is stored, and how much came so far.
    Plain(R, u64),
    /// Out of gzip data.
    Gzip(Box<Gunzip<R>>),
}

impl<R: Read> Text<R> {
    /// Fills `out` to its end, unless the text ends before or cannot be read further.
    pub(crate) fn fill(&mut self, out: &mut [u8]) -> (usize, Option<ProblemKind>) {
        match self {
            Text::Gzip(gunzip) => {
                let (filled, problem) = gunzip.fill(out);
                (filled, problem.map(|error| ReadError::from(error).into()))
            }
            Text::Plain(source, count) => {
                let (filled, problem) = read_full(source, out);
                *count = count.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
                (filled, problem)
            }
        }
    }

    /// How many stored bytes this took so far.
    pub(crate) fn consumed(&self) -> u64 {
        match self {
            Text::Plain(_, count) => *count,
            Text::Gzip(gunzip) => gunzip.consumed(),
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
