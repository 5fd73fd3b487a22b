//! Reads log files one after another, and passes their items to a sink.

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

/// The initial size of a piece of a text that is read in pieces, in bytes. The size doubles if a
/// record is longer than the piece.
const FIRST_PIECE: usize = 1 << 20;

/// The maximum size of a piece in bytes: the longest record, and the text that can surround it.
const LARGEST_PIECE: usize = MAX_RECORD + (64 << 10);

/// The number of bytes that are read to detect the file type, for files that are larger than
/// [`MAX_PACKED`] or of unknown size.
const DETECTION_HEAD: u64 = 64 << 10;

/// A reader of log files, which reuses its buffers for each file. Use one reader per thread.
///
/// This example prints the size of each record in a folder:
///
/// ```no_run
/// use std::ops::ControlFlow;
///
/// use evenkeel_ingest::{LogItem, LogReader, ReadProgress, discover_files};
///
/// let discovered = discover_files(&["logs".to_owned()]);
/// let progress = ReadProgress::default();
/// let mut reader = LogReader::new();
/// for file in &discovered.files {
///     let report = reader.read_file(file, &progress, &mut |item| {
///         if let LogItem::Record { number, bytes, .. } = item {
///             println!("record {number}: {} bytes", bytes.len());
///         }
///         ControlFlow::Continue(())
///     });
///     for problem in &report.problems {
///         println!("{problem}");
///     }
/// }
/// ```
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
    /// Creates a reader with empty buffers.
    pub fn new() -> Self {
        Self { packed: Vec::new(), text: Vec::new(), inflate: Decompressor::new() }
    }

    /// Reads a file, and passes its items to `sink` until the file ends or `sink` returns
    /// `ControlFlow::Break`. The report contains the problems of the file.
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

    /// Reads a stream, and passes its items to `sink` until the stream ends or `sink` returns
    /// `ControlFlow::Break`. `name` is the name of the stream in messages.
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
        let small_size = source.expected_size().filter(|size| *size <= largest);
        // The reader requests one byte more than expected, so that it detects the end of the file.
        let wanted = small_size.map_or(DETECTION_HEAD, |size| size.saturating_add(1));
        self.packed.clear();
        if let Err(error) = source.by_ref().take(wanted).read_to_end(&mut self.packed) {
            job.add_problem(ReadError::Failed(error.kind()));
        }
        let whole = source.has_ended() || job.has_problems();
        match detect_file_type(&self.packed) {
            FileType::Other(format) => return job.add_problem(format),
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

    /// Reads gzip data that is completely in memory.
    fn read_whole_gzip(&mut self, job: &mut FileReadJob<'_>, sink: &mut ItemSink<'_>) {
        let packed = self.packed.as_slice();
        match unpack_whole(&mut self.inflate, packed, &mut self.text) {
            Some(text) => match find_unsupported_format(text) {
                Some(format) => job.add_problem(format),
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

/// Returns the format of the decompressed data if it is not text.
fn find_unsupported_format(text: &[u8]) -> Option<UnsupportedFormat> {
    match detect_file_type(text.get(..MAGIC_HEAD_LENGTH).unwrap_or(text)) {
        FileType::Text => None,
        FileType::Gzip => Some(UnsupportedFormat::GzipTwice),
        FileType::Other(format) => Some(format),
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
    let mut is_checked = false;
    loop {
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        let (count, problem) = text.fill_buffer(buffer.get_mut(kept..size).unwrap_or_default());
        let length = kept.saturating_add(count);
        let last = length < size || problem.is_some();
        let piece = buffer.get(..length).unwrap_or_default();
        if let Some(format) = find_unsupported_format(piece).filter(|_| !is_checked) {
            return job.add_problem(format);
        }
        is_checked = true;
        if let Some(problem) = problem {
            job.add_problem(problem);
        }
        let used = job.split_piece(piece, last, count, text.consumed_bytes(), sink);
        // The splitter always consumes a part of the largest piece, because that piece is longer
        // than any record. This check only prevents an endless loop.
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
