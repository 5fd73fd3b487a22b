//! Decompresses a small gzip file in one call. Nearly every log file is small enough.

use libdeflater::Decompressor;

/// The maximum size of a compressed file for this method, in bytes. Larger files are streamed.
pub(crate) const MAX_PACKED: usize = 8 << 20;

/// The maximum size of a decompressed file for this method, in bytes. Larger files are streamed.
const MAX_UNPACKED: usize = 24 << 20;

/// The length of the shortest header. A second member cannot begin before its end.
const MIN_HEADER_LENGTH: usize = 10;

/// Decompresses `packed` into `text`, which is reused. `packed` must consist of exactly one
/// undamaged member.
///
/// Returns `None` in all other cases. The streaming method then reports the exact error.
pub(crate) fn unpack_whole<'t>(
    inflate: &mut Decompressor,
    packed: &[u8],
    text: &'t mut Vec<u8>,
) -> Option<&'t [u8]> {
    // The three bytes can be there by chance. In this case, the streaming method handles the file,
    // too.
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
    // If other data follows the member, the last four bytes are not its size.
    let count = inflate.gzip_decompress(packed, text).ok()?;
    (count == size).then_some(text)
}
