//! Decompresses gzip data of any length and with any number of members. Distinguishes data that is
//! cut off, damaged data, other data after the last member, and decompression bombs.

mod whole_file;

pub(crate) use whole_file::{MAX_PACKED, unpack_whole};

use std::io::{ErrorKind, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// An error in the decompression of gzip data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GzipError {
    /// The compressed data cannot be read.
    #[error("cannot be read: {0}")]
    Read(ErrorKind),
    /// The data ends before the end of a member.
    #[error(
        "the gzip data is cut off; only the data before the cut was read; download the file again"
    )]
    CutOff,
    /// The data is damaged, or its checksum does not match.
    #[error(
        "the gzip data is damaged; only the data before the damage was read; download the file \
         again"
    )]
    Damaged,
    /// Bytes that are not gzip follow the last member.
    #[error("bytes that are not gzip follow the compressed data; these bytes were not read")]
    Trailing,
    /// The decompressed data exceeds 64 MiB, and exceeds the size of the compressed data by more
    /// than this factor. No log has such a ratio.
    #[error(
        "decompresses to more than {0} times its size, which is not plausible for a log; the rest \
         was not read"
    )]
    Bomb(u64),
}

/// The minimum size of an output, in bytes, that can be refused as a decompression bomb.
const BOMB_BYTES: u64 = 64 << 20;

/// The maximum ratio between the sizes of output and input. Logs reach a ratio of about 50.
const BOMB_RATIO: u64 = 250;

/// The size of the buffer for compressed data, in bytes.
const INPUT_BUFFER_SIZE: usize = 128 << 10;

/// The largest window size that the format allows, as the exponent of a power of two.
const WINDOW_BITS: u8 = 15;

/// Decompresses complete gzip data. Returns `None` if the output exceeds `limit` bytes or if the
/// data is a decompression bomb.
pub(crate) fn unpack_within(packed: &[u8], limit: usize) -> Result<Option<Vec<u8>>, GzipError> {
    let mut gunzip = GzipStream::new(packed);
    let mut text = Vec::new();
    let mut length = 0usize;
    loop {
        // The buffer grows with the output, because the size in the data cannot be trusted.
        let size = length.saturating_mul(2).max(64 << 10).min(limit.saturating_add(1));
        text.resize(size, 0);
        let (count, problem) = gunzip.fill_buffer(text.get_mut(length..).unwrap_or_default());
        length = length.saturating_add(count);
        match problem {
            Some(GzipError::Bomb(_)) => return Ok(None),
            Some(error) => return Err(error),
            None if length > limit => return Ok(None),
            None if length < size => break,
            None => {}
        }
    }
    text.truncate(length);
    Ok(Some(text))
}

/// A stream that decompresses gzip data.
pub(crate) struct GzipStream<R> {
    packed: CompressedInput<R>,
    inflate: Decompress,
    /// True if no byte of the current member was decompressed yet.
    fresh: bool,
    /// The number of complete members so far.
    members: u64,
    unpacked: u64,
    ended: bool,
}

impl<R: Read> GzipStream<R> {
    pub(crate) fn new(packed: R) -> Self {
        Self {
            packed: CompressedInput::new(packed),
            inflate: Decompress::new_gzip(WINDOW_BITS),
            fresh: true,
            members: 0,
            unpacked: 0,
            ended: false,
        }
    }

    /// Returns the number of compressed bytes that are consumed so far.
    pub(crate) fn consumed_bytes(&self) -> u64 {
        self.packed.used
    }

    /// Decompresses into `out` until it is full or the data ends. Returns the number of bytes and
    /// the error, if there is one. The bytes before an error are in `out`.
    pub(crate) fn fill_buffer(&mut self, out: &mut [u8]) -> (usize, Option<GzipError>) {
        let mut filled = 0;
        while !self.ended {
            let free = out.get_mut(filled..).unwrap_or_default();
            if free.is_empty() {
                break;
            }
            let (count, problem) = self.decompress_step(free);
            filled = filled.saturating_add(count);
            if problem.is_some() {
                self.ended = true;
                return (filled, problem);
            }
        }
        (filled, None)
    }

    fn decompress_step(&mut self, free: &mut [u8]) -> (usize, Option<GzipError>) {
        let packed = match self.packed.peek_bytes() {
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
                return (0, Some(GzipError::Trailing));
            }
            // The decompressor can still contain output that did not fit into the previous buffer.
            None | Some(_) => {}
        }
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let result = self.inflate.decompress(packed, free, FlushDecompress::None);
        let used = self.inflate.total_in().saturating_sub(before_in);
        let count = self.inflate.total_out().saturating_sub(before_out);
        let is_not_gzip = self.fresh && self.members > 0 && count == 0;
        self.fresh = false;
        self.packed.advance_by(used);
        self.unpacked = self.unpacked.saturating_add(count);
        let problem = match result {
            Ok(Status::StreamEnd) => {
                self.inflate.reset(true);
                self.fresh = true;
                self.members = self.members.saturating_add(1);
                None
            }
            Ok(Status::Ok | Status::BufError) if used > 0 || count > 0 => None,
            _ if exhausted => Some(GzipError::CutOff),
            Err(_) if is_not_gzip => Some(GzipError::Trailing),
            Ok(_) | Err(_) => Some(GzipError::Damaged),
        };
        let count = usize::try_from(count).unwrap_or(free.len());
        (count, problem.or_else(|| self.check_bomb()))
    }

    fn check_bomb(&self) -> Option<GzipError> {
        let limit = self.packed.used.saturating_mul(BOMB_RATIO);
        (self.unpacked > BOMB_BYTES && self.unpacked > limit).then_some(GzipError::Bomb(BOMB_RATIO))
    }
}

/// A buffered reader of compressed data.
struct CompressedInput<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    used: u64,
}

impl<R: Read> CompressedInput<R> {
    fn new(source: R) -> Self {
        Self { source, buffer: vec![0; INPUT_BUFFER_SIZE], start: 0, end: 0, used: 0 }
    }

    /// Returns the next bytes, or an empty slice at the end of the data.
    fn peek_bytes(&mut self) -> Result<&[u8], GzipError> {
        while self.start >= self.end {
            match self.source.read(&mut self.buffer) {
                Ok(count) => {
                    (self.start, self.end) = (0, count);
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(GzipError::Read(error.kind())),
            }
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    fn advance_by(&mut self, used: u64) {
        self.used = self.used.saturating_add(used);
        self.start = self.start.saturating_add(usize::try_from(used).unwrap_or(usize::MAX));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn data_that_exceeds_the_limit_is_refused() {
        for length in [0usize, 1, 100, 1 << 16, 1 << 18] {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&vec![b'x'; length]).unwrap();
            let packed = encoder.finish().unwrap();
            for limit in [0, 1, 99, 100, 1 << 16, 1 << 18, 1 << 20] {
                let text = unpack_within(&packed, limit).unwrap();
                assert_eq!(text.map(|text| text.len()), (length <= limit).then_some(length));
            }
        }
    }
}
