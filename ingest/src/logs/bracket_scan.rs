//! Finds the end of a JSON object or list, 64 bytes at a time, without parsing it.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "bit masks of 64 bytes and counts bounded by the input's length"
)]

use wide::u8x32;

/// The number of bytes that are scanned together: one bit each in a `u64`.
const BLOCK_SIZE: usize = 64;

/// The bit that maps `[` to `{` and `]` to `}`.
const BRACKET_FOLD: u8 = 0x20;

/// A scan for the bracket that closes an object or a list. The scan can continue from one slice to
/// the next.
///
/// The scan does not distinguish the two kinds of brackets, so it accepts `{]`. The caller that
/// parses the record detects this error. The depth is a number and not a stack, so deep nesting
/// needs no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BracketScanner {
    depth: u64,
    /// All ones if the next byte is inside a string, otherwise zero.
    quoted: u64,
    /// One if a backslash escapes the next byte, otherwise zero.
    escaped: u64,
}

impl BracketScanner {
    /// Creates a scan that begins outside of a string, at a nesting level of `depth` brackets.
    pub(crate) fn new(depth: u64) -> Self {
        Self { depth, quoted: 0, escaped: 0 }
    }

    /// Returns the offset directly after the bracket that closes the outermost bracket, or `None`
    /// if `bytes` ends before the closing bracket. After `None`, the next call continues the scan
    /// with the bytes that follow `bytes`.
    pub(crate) fn find_close(&mut self, bytes: &[u8]) -> Option<usize> {
        let (blocks, rest) = bytes.as_chunks::<BLOCK_SIZE>();
        for (index, block) in blocks.iter().enumerate() {
            if let Some(bit) = self.scan_block(&BlockMasks::from_block(block), BLOCK_SIZE) {
                return Some(index * BLOCK_SIZE + bit + 1);
            }
        }
        if rest.is_empty() {
            return None;
        }
        // The zero bytes after the end are not brackets, quotes or backslashes, so they have no
        // effect.
        let mut padded = [0; BLOCK_SIZE];
        for (to, from) in padded.iter_mut().zip(rest) {
            *to = *from;
        }
        let bit = self.scan_block(&BlockMasks::from_block(&padded), rest.len())?;
        Some(blocks.len() * BLOCK_SIZE + bit + 1)
    }

    /// Scans one block, of which the first `length` bytes are valid. Returns the bit of the closing
    /// bracket if the block contains it.
    #[inline]
    fn scan_block(&mut self, masks: &BlockMasks, length: usize) -> Option<usize> {
        let quotes = masks.quotes & !self.find_escaped(masks.backslashes, length);
        let inside = running_parity(quotes) ^ self.quoted;
        self.quoted = 0u64.wrapping_sub(inside >> 63);
        let opens = masks.opens & !inside;
        let closes = masks.closes & !inside;
        let closing = u64::from(closes.count_ones());
        // The block can contain the end only if its closing brackets alone reduce the depth to
        // zero.
        if self.depth > closing {
            self.depth = self.depth - closing + u64::from(opens.count_ones());
            return None;
        }
        self.find_last_close(opens, closes)
    }

    /// Counts the brackets one by one. This is necessary only in the blocks that can contain the
    /// end.
    fn find_last_close(&mut self, opens: u64, closes: u64) -> Option<usize> {
        let mut left = opens | closes;
        while left != 0 {
            let bit = left.trailing_zeros();
            left &= left - 1;
            if (opens >> bit) & 1 == 1 {
                self.depth += 1;
            } else {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return usize::try_from(bit).ok();
                }
            }
        }
        None
    }

    /// Returns the bytes that a backslash escapes. A run of backslashes can begin in the previous
    /// block.
    #[inline]
    fn find_escaped(&mut self, backslashes: u64, length: usize) -> u64 {
        let mut escaped = self.escaped;
        let mut left = backslashes & !escaped;
        self.escaped = 0;
        while left != 0 {
            let next = left.trailing_zeros() + 1;
            // An escaped backslash does not escape the next byte.
            left &= (left - 1) & !1u64.checked_shl(next).unwrap_or(0);
            if usize::try_from(next) == Ok(length) {
                self.escaped = 1;
            } else {
                escaped |= 1 << next;
            }
        }
        escaped
    }
}

/// The positions of the relevant bytes in one block.
#[derive(Default)]
struct BlockMasks {
    quotes: u64,
    backslashes: u64,
    opens: u64,
    closes: u64,
}

impl BlockMasks {
    #[inline]
    fn from_block(block: &[u8; BLOCK_SIZE]) -> Self {
        let (halves, _) = block.as_chunks::<32>();
        let [low, high] = halves else { return Self::default() };
        let (low, high) = (u8x32::new(*low), u8x32::new(*high));
        let fold = u8x32::splat(BRACKET_FOLD);
        let (folded_low, folded_high) = (low | fold, high | fold);
        Self {
            quotes: join_bitmasks(match_byte(low, b'"'), match_byte(high, b'"')),
            backslashes: join_rare_bitmasks(match_byte(low, b'\\'), match_byte(high, b'\\')),
            opens: join_bitmasks(match_byte(folded_low, b'{'), match_byte(folded_high, b'{')),
            closes: join_bitmasks(match_byte(folded_low, b'}'), match_byte(folded_high, b'}')),
        }
    }
}

#[inline]
fn match_byte(half: u8x32, byte: u8) -> u8x32 {
    half.simd_eq(u8x32::splat(byte))
}

#[inline]
fn join_bitmasks(low: u8x32, high: u8x32) -> u64 {
    u64::from(low.to_bitmask()) | u64::from(high.to_bitmask()) << 32
}

/// Joins the bit masks of a byte that most blocks do not contain. For these blocks, the function
/// needs only one test.
#[inline]
fn join_rare_bitmasks(low: u8x32, high: u8x32) -> u64 {
    if (low | high).to_bitmask() == 0 { 0 } else { join_bitmasks(low, high) }
}

/// Returns the parity of the bits up to each bit. If `bits` are the positions of quotes, the result
/// has ones between an opening and a closing quote.
#[inline]
fn running_parity(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds the closing bracket byte by byte.
    fn close_slowly(bytes: &[u8]) -> Option<usize> {
        let (mut depth, mut quoted, mut escaped) = (1u64, false, false);
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b'"' if !escaped => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => depth -= 1,
                _ => {}
            }
            escaped = *byte == b'\\' && !escaped;
            if depth == 0 {
                return Some(index + 1);
            }
        }
        None
    }

    /// Returns a random text of relevant bytes only, so that all pairs of adjacent bytes occur at
    /// all positions of a block.
    fn text(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % 16).unwrap()
        };
        (0..length).map(|_| b"\\\\\\\"\"{[]}}|;^~\xDB\xFD"[next()]).collect()
    }

    #[test]
    fn the_end_of_every_text_is_where_a_simple_scan_finds_it() {
        let mut closed = 0;
        for seed in 1..4000 {
            let text =
                [&b"{[{[{[{["[..usize::try_from(seed % 9).unwrap()], &text(seed, 300)].concat();
            let expected = close_slowly(&text);
            closed += usize::from(expected.is_some_and(|end| end > BLOCK_SIZE));
            assert_eq!(
                BracketScanner::new(1).find_close(&text),
                expected,
                "{}",
                text.escape_ascii()
            );
        }
        assert!(closed > 100, "the texts are too simple: {closed}");
    }

    #[test]
    fn a_scan_continues_in_the_next_slice() {
        for seed in 1..60 {
            let text = [b"{[{[{[".as_slice(), &text(seed, 300)].concat();
            let expected = close_slowly(&text);
            for size in 1..=200 {
                let mut brackets = BracketScanner::new(1);
                let mut start = 0;
                let found = text.chunks(size).find_map(|chunk| {
                    let end = brackets.find_close(chunk).map(|end| start + end);
                    start += chunk.len();
                    end
                });
                assert_eq!(found, expected, "slices of {size}: {}", text.escape_ascii());
            }
        }
    }

    #[test]
    fn runs_of_backslashes_cross_blocks() {
        for before in 0..130 {
            for run in 0..130 {
                let text =
                    format!("{}\"{}\"}}\"}}", " ".repeat(before), "\\".repeat(run)).into_bytes();
                assert_eq!(
                    BracketScanner::new(1).find_close(&text),
                    close_slowly(&text),
                    "{before} {run}"
                );
            }
        }
    }
}
