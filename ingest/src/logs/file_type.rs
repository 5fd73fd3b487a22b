//! Detects the type of a file from its first bytes. File names are not used.

use super::problem::UnsupportedFormat;

/// The number of bytes at the beginning of a file that the detection needs.
pub(crate) const MAGIC_HEAD_LENGTH: usize = 512;

/// The type of a file, according to its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileType {
    /// Gzip data.
    Gzip,
    /// Any other data, which is read as text.
    Text,
    /// A known format that is not supported.
    Other(UnsupportedFormat),
}

/// The magic bytes of unsupported formats, with their offsets.
const MAGIC_BYTES: [(usize, &[u8], UnsupportedFormat); 9] = [
    (0, b"PK\x03\x04", UnsupportedFormat::Zip),
    (0, b"PK\x05\x06", UnsupportedFormat::Zip),
    (0, b"\x28\xB5\x2F\xFD", UnsupportedFormat::Zstd),
    (0, b"BZh", UnsupportedFormat::Bzip2),
    (0, b"\xFD7zXZ\0", UnsupportedFormat::Xz),
    (0, b"PAR1", UnsupportedFormat::Parquet),
    (257, b"ustar", UnsupportedFormat::Tar),
    (0, b"\xFE\xFF", UnsupportedFormat::Utf16),
    (0, b"\xFF\xFE", UnsupportedFormat::Utf16),
];

/// Returns the type of the file that begins with `head`.
pub(crate) fn detect_file_type(head: &[u8]) -> FileType {
    if head.starts_with(b"\x1F\x8B") {
        return FileType::Gzip;
    }
    let known = MAGIC_BYTES
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    match known {
        Some((_, _, format)) => FileType::Other(*format),
        None if is_unmarked_utf16(head) => FileType::Other(UnsupportedFormat::Utf16),
        None => FileType::Text,
    }
}

/// Returns whether the text is UTF-16 without a byte order mark. In UTF-16, every second byte of
/// ASCII text is zero, and the other bytes are not zero. In a hole of a sparse file, all bytes are
/// zero.
fn is_unmarked_utf16(head: &[u8]) -> bool {
    let (pairs, _) = head.as_chunks::<2>();
    let pairs = pairs.get(..pairs.len().min(32)).unwrap_or_default();
    pairs.len() >= 2
        && (pairs.iter().all(|[first, second]| *first == 0 && *second != 0)
            || pairs.iter().all(|[first, second]| *first != 0 && *second == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_determine_the_type() {
        let mut tar = vec![b'a'; 257];
        tar.extend_from_slice(b"ustar\0");
        let cases: [(&[u8], FileType); 12] = [
            (b"\x1F\x8B\x08\0", FileType::Gzip),
            (b"{\"Records\":[", FileType::Text),
            (b"\xEF\xBB\xBF{}", FileType::Text),
            (b"", FileType::Text),
            (b"\0\0\0\0\0\0", FileType::Text),
            (b"\xFF\xFE{\0\"\0", FileType::Other(UnsupportedFormat::Utf16)),
            (b"{\0\"\0R\0", FileType::Other(UnsupportedFormat::Utf16)),
            (b"\0{\0\"\0R", FileType::Other(UnsupportedFormat::Utf16)),
            (b"PK\x03\x04....", FileType::Other(UnsupportedFormat::Zip)),
            (b"BZh91AY", FileType::Other(UnsupportedFormat::Bzip2)),
            (b"PAR1....", FileType::Other(UnsupportedFormat::Parquet)),
            (&tar, FileType::Other(UnsupportedFormat::Tar)),
        ];
        for (head, content) in cases {
            assert_eq!(detect_file_type(head), content, "{head:?}");
        }
    }
}
