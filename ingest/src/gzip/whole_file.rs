//! Unpacks a whole small gzip file at once, which is what nearly every log is.

use libdeflater::Decompressor;

/// A file that is longer, as stored, is unpacked piece by piece.
pub(crate) const MAX_PACKED: usize = 8 << 20;

/// So is one that would unpack to more.
const MAX_UNPACKED: usize = 24 << 20;

/// The shortest header, behind which no second member may begin.
const MIN_HEADER_LENGTH: usize = 10;

/// Unpacks `packed` into `text`, which is reused, if it is one undamaged member and nothing else.
///
/// Whatever is odd about it gives none: the slower way says what it is.
pub(crate) fn unpack_whole<'t>(
    inflate: &mut Decompressor,
    packed: &[u8],
    text: &'t mut Vec<u8>,
) -> Option<&'t [u8]> {
    // The three bytes may be there by chance: then the slower way finds that it is one member.
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
    // With anything behind the member, the last four bytes are not its size.
    let count = inflate.gzip_decompress(packed, text).ok()?;
    (count == size).then_some(text)
}
