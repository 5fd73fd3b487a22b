//! Unpacks gzip data of any length and any number of members, with an exact account of what went wrong where.

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};

use crate::problem::{ProblemKind, ReadError};

/// No output shorter than this is called a bomb.
const BOMB_BYTES: u64 = 64 << 20;

/// Output of more than this many times the input is one. Logs reach about 50.
const BOMB_RATIO: u64 = 250;

/// How much compressed data is held at once.
const INPUT: usize = 128 << 10;

/// The largest window that the format allows.
const WINDOW_BITS: u8 = 15;

/// Gzip data being unpacked.
pub(crate) struct Gunzip<R> {
    packed: Feed<R>,
    inflate: Decompress,
    /// No byte of the current member was unpacked yet.
    fresh: bool,
    /// Whole members so far.
    members: u64,
    unpacked: u64,
    ended: bool,
}

impl<R: Read> Gunzip<R> {
    pub(crate) fn new(packed: R) -> Self {
        Self {
            packed: Feed::new(packed),
            inflate: Decompress::new_gzip(WINDOW_BITS),
            fresh: true,
            members: 0,
            unpacked: 0,
            ended: false,
        }
    }

    /// Compressed bytes used so far.
    pub(crate) fn consumed(&self) -> u64 {
        self.packed.used
    }

    /// Unpacks into `out` until it is full or the data ends; what came before a problem is there with it.
    pub(crate) fn fill(&mut self, out: &mut [u8]) -> (usize, Option<ProblemKind>) {
        let mut filled = 0;
        while !self.ended {
            let free = out.get_mut(filled..).unwrap_or_default();
            if free.is_empty() {
                break;
            }
            let (count, problem) = self.step(free);
            filled = filled.saturating_add(count);
            if problem.is_some() {
                self.ended = true;
                return (filled, problem);
            }
        }
        (filled, None)
    }

    fn step(&mut self, free: &mut [u8]) -> (usize, Option<ProblemKind>) {
        let packed = match self.packed.peek() {
            Ok(packed) => packed,
            Err(problem) => return (0, Some(problem)),
        };
        let exhausted = packed.is_empty();
        match packed.first() {
            None if self.fresh && self.members > 0 => {
                self.ended = true;
                return (0, None);
            }
            Some(first) if self.fresh && *first != 0x1F => {
                return (0, Some(ReadError::GzipTrailing.into()));
            }
            // With no more input, there may still be output that found no room before.
            None | Some(_) => {}
        }
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let result = self.inflate.decompress(packed, free, FlushDecompress::None);
        let used = self.inflate.total_in().saturating_sub(before_in);
        let count = self.inflate.total_out().saturating_sub(before_out);
        let foreign = self.fresh && self.members > 0 && count == 0;
        self.fresh = false;
        self.packed.advance(used);
        self.unpacked = self.unpacked.saturating_add(count);
        let problem = match result {
            Ok(Status::StreamEnd) => {
                self.inflate.reset(true);
                self.fresh = true;
                self.members = self.members.saturating_add(1);
                None
            }
            Ok(Status::Ok | Status::BufError) if used > 0 || count > 0 => None,
            _ if exhausted => Some(ReadError::GzipCutOff.into()),
            Err(_) if foreign => Some(ReadError::GzipTrailing.into()),
            Ok(_) | Err(_) => Some(ReadError::GzipDamaged.into()),
        };
        let count = usize::try_from(count).unwrap_or(free.len());
        (count, problem.or_else(|| self.bomb()))
    }

    fn bomb(&self) -> Option<ProblemKind> {
        let limit = self.packed.used.saturating_mul(BOMB_RATIO);
        (self.unpacked > BOMB_BYTES && self.unpacked > limit)
            .then(|| ReadError::GzipBomb(BOMB_RATIO).into())
    }
}

/// Compressed input, a buffer at a time.
struct Feed<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    used: u64,
}

impl<R: Read> Feed<R> {
    fn new(source: R) -> Self {
        Self { source, buffer: vec![0; INPUT], start: 0, end: 0, used: 0 }
    }

    /// What is there next; nothing at the end.
    fn peek(&mut self) -> Result<&[u8], ProblemKind> {
        while self.start >= self.end {
            match self.source.read(&mut self.buffer) {
                Ok(count) => {
                    (self.start, self.end) = (0, count);
                    break;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Failed(error.kind()).into()),
            }
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    fn advance(&mut self, used: u64) {
        self.used = self.used.saturating_add(used);
        self.start = self.start.saturating_add(usize::try_from(used).unwrap_or(usize::MAX));
    }
}
