//! Reads one file after the other, and hands out what is in it.

use std::fmt;
use std::io::Read;

use libdeflater::Decompressor;

use super::discovery::LogFile;
use super::file_type::{ENOUGH, FileType, sniff};
use super::input_file::InputFile;
use super::item::{MAX_RECORD, Sink};
use super::problem::{Form, ReadError};
use super::progress::Progress;
use super::report::{FileReport, Job};
use super::text_stream::Text;
use crate::gzip::{Gunzip, MAX_PACKED, unpack_whole};

/// Long texts are read in pieces of this size, which grow for a record that is longer.
const PIECE: usize = 1 << 20;

/// The largest piece: the longest record, and what may stand around it.
const LARGEST_PIECE: usize = MAX_RECORD + (64 << 10);

/// So much is read of a file whose size is not known, or too large to hold, before it is known what it is.
const HEAD: u64 = 64 << 10;

/// What one worker needs to read files; its buffers are used again for each.
pub struct Reader {
    packed: Vec<u8>,
    text: Vec<u8>,
    inflate: Decompressor,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    /// A reader with empty buffers.
    pub fn new() -> Self {
        Self { packed: Vec::new(), text: Vec::new(), inflate: Decompressor::new() }
    }

    /// Reads a file, as far as it can be read and as `sink` wants more.
    pub fn read(&mut self, file: &LogFile, progress: &Progress, sink: &mut Sink<'_>) -> FileReport {
        let mut job = Job::new(progress);
        match InputFile::open(file) {
            Ok(mut source) => self.run(&mut source, &mut job, sink),
            Err(problem) => job.problem(problem),
        }
        job.report(&file.name)
    }

    /// Reads what is no file, in the same way.
    pub fn read_from(
        &mut self,
        name: &str,
        bytes: impl Read,
        progress: &Progress,
        sink: &mut Sink<'_>,
    ) -> FileReport {
        let mut job = Job::new(progress);
        self.run(&mut InputFile::new(bytes, None), &mut job, sink);
        job.report(name)
    }

    fn run(&mut self, source: &mut InputFile<'_>, job: &mut Job<'_>, sink: &mut Sink<'_>) {
        let largest = u64::try_from(MAX_PACKED).unwrap_or(u64::MAX);
        let small = source.expected().filter(|size| *size <= largest);
        // One more than there should be, so that the end is seen.
        let wanted = small.map_or(HEAD, |size| size.saturating_add(1));
        self.packed.clear();
        if let Err(error) = source.by_ref().take(wanted).read_to_end(&mut self.packed) {
            job.problem(ReadError::Failed(error.kind()));
        }
        let whole = source.ended() || job.has_problems();
        match sniff(&self.packed) {
            FileType::Other(form) => return job.problem(form),
            FileType::Text if whole => job.all(&self.packed, self.packed.len(), sink),
            FileType::Gzip if whole => self.unpack(job, sink),
            FileType::Text => {
                let bytes = self.packed.chain(source.by_ref());
                pieces(&mut Text::Plain(bytes, 0), &mut self.text, job, sink);
            }
            FileType::Gzip => {
                let bytes = self.packed.chain(source.by_ref());
                pieces(&mut Text::Gzip(Box::new(Gunzip::new(bytes))), &mut self.text, job, sink);
            }
        }
        if source.changed() && !job.has_problems() {
            job.problem(ReadError::Changed);
        }
    }

    /// Unpacks gzip data that is all there.
    fn unpack(&mut self, job: &mut Job<'_>, sink: &mut Sink<'_>) {
        let packed = self.packed.as_slice();
        match unpack_whole(&mut self.inflate, packed, &mut self.text) {
            Some(text) => match form_inside(text) {
                Some(form) => job.problem(form),
                None => job.all(text, packed.len(), sink),
            },
            None => {
                pieces(&mut Text::Gzip(Box::new(Gunzip::new(packed))), &mut self.text, job, sink);
            }
        }
    }
}

/// What the unpacked data is, if it is no text.
fn form_inside(text: &[u8]) -> Option<Form> {
    match sniff(text.get(..ENOUGH).unwrap_or(text)) {
        FileType::Text => None,
        FileType::Gzip => Some(Form::GzipTwice),
        FileType::Other(form) => Some(form),
    }
}

/// Reads a text of any length in pieces.
fn pieces<R: Read>(
    text: &mut Text<R>,
    buffer: &mut Vec<u8>,
    job: &mut Job<'_>,
    sink: &mut Sink<'_>,
) {
    let mut size = PIECE;
    let mut kept = 0usize;
    let mut begun = false;
    loop {
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        let (count, problem) = text.fill(buffer.get_mut(kept..size).unwrap_or_default());
        let length = kept.saturating_add(count);
        let last = length < size || problem.is_some();
        let piece = buffer.get(..length).unwrap_or_default();
        if let Some(form) = form_inside(piece).filter(|_| !begun) {
            return job.problem(form);
        }
        begun = true;
        if let Some(problem) = problem {
            job.problem(problem);
        }
        let used = job.piece(piece, last, count, text.consumed(), sink);
        // Nothing used of the largest piece cannot be: it is longer than any record.
        if last || job.stopped() || (used == 0 && size >= LARGEST_PIECE) {
            return;
        }
        if used == 0 {
            size = size.saturating_mul(2).min(LARGEST_PIECE);
        }
        buffer.copy_within(used..length, 0);
        kept = length.saturating_sub(used);
    }
}

#[cfg(test)]
mod tests;
