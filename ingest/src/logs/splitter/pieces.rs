//! Splits a text in pieces of any size, for the fuzz targets.

use super::RecordSplitter;
use crate::logs::item::ItemSink;
use crate::logs::problem::DocumentError;

/// Splits a text as a reader does that receives `size` bytes at a time, and passes the items to
/// `sink`. `longest` is the maximum size of a record in bytes. Returns the problems of the text.
///
/// A reader itself begins with pieces of 1 MiB, which are longer than the inputs of a fuzz target.
///
/// # Panics
/// If the splitter does not consume the complete text.
pub fn split_in_pieces(
    text: &[u8],
    size: usize,
    longest: usize,
    sink: &mut ItemSink<'_>,
) -> Vec<DocumentError> {
    let mut splitter = RecordSplitter::new(longest);
    let (mut start, mut end) = (0_usize, 0_usize);
    loop {
        end = end.saturating_add(size.max(1)).min(text.len());
        let last = end == text.len();
        let piece = text.get(start..end).unwrap_or_default();
        start = start.saturating_add(splitter.split_window(piece, last, sink));
        if last {
            let is_complete = start == end || splitter.is_stopped();
            assert!(is_complete, "the splitter left {} bytes", end.saturating_sub(start));
            return splitter.document_problems().to_vec();
        }
    }
}
