//! Reads one file after the other, and hands out what is in it.

use std::fmt;
use std::io::Read;

use libdeflater::Decompressor;

use super::discovery::LogFile;
use super::file_type::{FileType, MAGIC_HEAD_LENGTH, detect_file_type};
use super::input_file::InputFile;
use super::item::{ItemSink, MAX_RECORD};
use super::problem::{ReadError, UnsupportedFormat};
use super::progress::ReadProgress;
use super::report::{FileReadJob, FileReport};
use super::text_stream::TextStream;
use crate::gzip::{GzipStream, MAX_PACKED, unpack_whole};

/// Long texts are read in pieces of this size, which grow for a record that is longer.
const FIRST_PIECE: usize = 1 << 20;

/// The largest piece: the longest record, and what may stand around it.
const LARGEST_PIECE: usize = MAX_RECORD + (64 << 10);

/// So much is read of a file whose size is not known, or too large to hold, before it is known what it is.
const DETECTION_HEAD: u64 = 64 << 10;

/// What one worker needs to read files; its buffers are used again for each.
pub struct LogReader {
    packed: Vec<u8>,
    text: Vec<u8>,
    inflate: Decompressor,
}

impl Default for LogReader {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LogReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogReader").finish_non_exhaustive()
    }
}

impl LogReader {
    /// A reader with empty buffers.
    pub fn new() -> Self {
        Self { packed: Vec::new(), text: Vec::new(), inflate: Decompressor::new() }
    }

    /// Reads a file, as far as it can be read and as `sink` wants more.
    pub fn read_file(
        &mut self,
        file: &LogFile,
        progress: &ReadProgress,
        sink: &mut ItemSink<'_>,
    ) -> FileReport {
        let mut job = FileReadJob::new(progress);
        match InputFile::open_log_file(file) {
            Ok(mut source) => self.run(&mut source, &mut job, sink),
            Err(problem) => job.add_problem(problem),
        }
        job.into_report(&file.name)
    }

    /// Reads what is no file, in the same way.
    pub fn read_from(
        &mut self,
        name: &str,
        bytes: impl Read,
        progress: &ReadProgress,
        sink: &mut ItemSink<'_>,
    ) -> FileReport {
        let mut job = FileReadJob::new(progress);
        self.run(&mut InputFile::new(bytes, None), &mut job, sink);
        job.into_report(name)
    }

    fn run(
        &mut self,
        source: &mut InputFile<'_>,
        job: &mut FileReadJob<'_>,
        sink: &mut ItemSink<'_>,
    ) {
        let largest = u64::try_from(MAX_PACKED).unwrap_or(u64::MAX);
        let small = source.expected_size().filter(|size| *size <= largest);
        // One more than there should be, so that the end is seen.
        let wanted = small.map_or(DETECTION_HEAD, |size| size.saturating_add(1));
        self.packed.clear();
        if let Err(error) = source.by_ref().take(wanted).read_to_end(&mut self.packed) {
            job.add_problem(ReadError::Failed(error.kind()));
        }
        let whole = source.has_ended() || job.has_problems();
        match detect_file_type(&self.packed) {
            FileType::Other(form) => return job.add_problem(form),
            FileType::Text if whole => job.split_whole_text(&self.packed, self.packed.len(), sink),
            FileType::Gzip if whole => self.read_whole_gzip(job, sink),
            FileType::Text => {
                let bytes = self.packed.chain(source.by_ref());
                read_pieces(&mut TextStream::Plain(bytes, 0), &mut self.text, job, sink);
            }
            FileType::Gzip => {
                let bytes = self.packed.chain(source.by_ref());
                read_pieces(
                    &mut TextStream::Gzip(Box::new(GzipStream::new(bytes))),
                    &mut self.text,
                    job,
                    sink,
                );
            }
        }
        if source.has_changed() && !job.has_problems() {
            job.add_problem(ReadError::Changed);
        }
    }

    /// Unpacks gzip data that is all there.
    fn read_whole_gzip(&mut self, job: &mut FileReadJob<'_>, sink: &mut ItemSink<'_>) {
        let packed = self.packed.as_slice();
        match unpack_whole(&mut self.inflate, packed, &mut self.text) {
            Some(text) => match find_unsupported_format(text) {
                Some(form) => job.add_problem(form),
                None => job.split_whole_text(text, packed.len(), sink),
            },
            None => {
                read_pieces(
                    &mut TextStream::Gzip(Box::new(GzipStream::new(packed))),
                    &mut self.text,
                    job,
                    sink,
                );
            }
        }
    }
}

/// What the unpacked data is, if it is no text.
fn find_unsupported_format(text: &[u8]) -> Option<UnsupportedFormat> {
    match detect_file_type(text.get(..MAGIC_HEAD_LENGTH).unwrap_or(text)) {
        FileType::Text => None,
        FileType::Gzip => Some(UnsupportedFormat::GzipTwice),
        FileType::Other(form) => Some(form),
    }
}

/// Reads a text of any length in pieces.
fn read_pieces<R: Read>(
    text: &mut TextStream<R>,
    buffer: &mut Vec<u8>,
    job: &mut FileReadJob<'_>,
    sink: &mut ItemSink<'_>,
) {
    let mut size = FIRST_PIECE;
    let mut kept = 0usize;
    let mut begun = false;
    loop {
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        let (count, problem) = text.fill_buffer(buffer.get_mut(kept..size).unwrap_or_default());
        let length = kept.saturating_add(count);
        let last = length < size || problem.is_some();
        let piece = buffer.get(..length).unwrap_or_default();
        if let Some(form) = find_unsupported_format(piece).filter(|_| !begun) {
            return job.add_problem(form);
        }
        begun = true;
        if let Some(problem) = problem {
            job.add_problem(problem);
        }
        let used = job.split_piece(piece, last, count, text.consumed_bytes(), sink);
        // Nothing used of the largest piece cannot be: it is longer than any record.
        if last || job.is_stopped() || (used == 0 && size >= LARGEST_PIECE) {
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
