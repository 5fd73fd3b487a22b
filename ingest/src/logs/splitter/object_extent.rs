//! Where an object ends, if need be by the line that begins with the next one.

use crate::logs::bracket_scan::BracketScanner;
use crate::logs::member_scan::is_space;

/// An object is followed so far before its lines are looked at, then twice as far each time.
const FIRST_STRIDE: usize = 1 << 10;

/// How far an object goes.
pub(super) enum ObjectExtent {
    /// It ends before this offset.
    Closed(usize),
    /// It does not end before the line at this offset, which begins with another.
    Line(usize),
    /// Neither is in the text.
    Open,
}

/// How far the object that `text` begins with goes; it may have `lines` that end it. Looks only a little
/// further than that, whatever follows.
pub(super) fn find_extent(text: &[u8], lines: bool) -> ObjectExtent {
    let mut brackets = BracketScanner::new(1);
    let (mut at, mut stride) = (1usize, FIRST_STRIDE);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let piece = rest.get(..stride).unwrap_or(rest);
        let closed = brackets.find_close(piece).map(|length| at.saturating_add(length));
        let end = closed.unwrap_or(at.saturating_add(piece.len()));
        // One byte more: the line feed may be the last of the piece before.
        let from = at.saturating_sub(1);
        let seen = text.get(from..end).unwrap_or_default();
        match (closed, find_object_line(seen).filter(|_| lines)) {
            (_, Some(line)) => return ObjectExtent::Line(from.saturating_add(line)),
            (Some(end), None) => return ObjectExtent::Closed(end),
            (None, None) if piece.len() == rest.len() => return ObjectExtent::Open,
            (None, None) => {}
        }
        at = end;
        stride = stride.saturating_mul(2);
    }
}

/// The text before the first line that begins with another object, if it has `lines` that do.
pub(super) fn text_before_next_object(text: &[u8], lines: bool) -> Option<&[u8]> {
    text.get(..find_object_line(text).filter(|_| lines)?)
}

/// The offset of the first bracket that begins both a line and an object, behind the first byte.
pub(super) fn find_object_line(text: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, b"\n{").map(|feed| feed.saturating_add(1))
}

/// Whether an object goes on in the line of its opening bracket: whatever prints over many lines breaks there.
pub(super) fn is_on_one_line(object: &[u8]) -> bool {
    let inner = object.get(1..).unwrap_or_default();
    let next = inner.iter().find(|byte| !is_space(**byte) || **byte == b'\n');
    next != Some(&b'\n')
}
