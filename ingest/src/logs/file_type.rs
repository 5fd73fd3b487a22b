//! Tells from the first bytes what a file is; names decide nothing.

use super::problem::UnsupportedFormat;

/// How many first bytes are enough to tell.
pub(crate) const MAGIC_HEAD_LENGTH: usize = 512;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileType {
    /// Gzip data.
    Gzip,
    /// Text, as far as can be seen.
    Text,
    /// Something that is known and not read.
    Other(UnsupportedFormat),
}

/// Where a form's magic bytes stand, and what they are.
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

/// What the file is that begins with `head`.
pub(crate) fn detect_file_type(head: &[u8]) -> FileType {
    if head.starts_with(b"\x1F\x8B") {
        return FileType::Gzip;
    }
    let known = MAGIC_BYTES.iter().find(|(at, magic, _)| {
        head.get(*at..).is_some_and(|from_there| from_there.starts_with(magic))
    });
    match known {
        Some((_, _, form)) => FileType::Other(*form),
        None if is_unmarked_utf16(head) => FileType::Other(UnsupportedFormat::Utf16),
        None => FileType::Text,
    }
}

/// ASCII text in UTF-16 has a zero in every second byte; a hole in a file has them in all.
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
    fn the_first_bytes_tell() {
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
