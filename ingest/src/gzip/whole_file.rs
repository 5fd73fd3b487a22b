//! Decompresses a gzip file of at most 8 MiB in one call. Nearly every log file is smaller.

use libdeflater::Decompressor;

/// The maximum size of a compressed file for this method, in bytes. Larger files are streamed.
pub(crate) const MAX_PACKED: usize = 8 << 20;

/// The maximum size of a decompressed file for this method, in bytes. Larger files are streamed.
const MAX_UNPACKED: usize = 24 << 20;

/// The length of the shortest gzip header, in bytes. A second member cannot begin inside the header
/// of the first member.
const MIN_HEADER_LENGTH: usize = 10;

/// Decompresses `packed` into `text`, a buffer that the caller reuses. `packed` must consist of
/// exactly one undamaged member.
///
/// Returns `None` in all other cases. [`GzipStream`](super::GzipStream) then decompresses the file,
/// and reports the exact error.
pub(crate) fn unpack_whole<'t>(
    inflate: &mut Decompressor,
    packed: &[u8],
    text: &'t mut Vec<u8>,
) -> Option<&'t [u8]> {
    // Each member begins with these three bytes. If the compressed data contains them by chance,
    // the function also returns `None`: the streaming method can decompress any file.
    if memchr::memmem::find(packed.get(MIN_HEADER_LENGTH..)?, b"\x1F\x8B\x08").is_some() {
        return None;
    }
    let size = usize::try_from(u32::from_le_bytes(*packed.last_chunk()?)).ok()?;
    if size > MAX_UNPACKED {
        return None;
    }
    if text.len() < size {
        text.resize(size, 0);
    }
    let text = text.get_mut(..size)?;
    // If other data follows the member, the last four bytes are not the size of its text. Therefore
    // the function compares this size with the number of decompressed bytes.
    let count = inflate.gzip_decompress(packed, text).ok()?;
    (count == size).then_some(text)
}
