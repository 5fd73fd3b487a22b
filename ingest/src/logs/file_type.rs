//! Tells from the first bytes what a file is; names decide nothing.

use super::problem::Form;

/// How many first bytes are enough to tell.
pub(crate) const ENOUGH: usize = 512;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileType {
    /// Gzip data.
    Gzip,
    /// Text, as far as can be seen.
    Text,
    /// Something that is known and not read.
    Other(Form),
}

/// Where a form's magic bytes stand, and what they are.
const MAGIC: [(usize, &[u8], Form); 9] = [
    (0, b"PK\x03\x04", Form::Zip),
    (0, b"PK\x05\x06", Form::Zip),
    (0, b"\x28\xB5\x2F\xFD", Form::Zstd),
    (0, b"BZh", Form::Bzip2),
    (0, b"\xFD7zXZ\0", Form::Xz),
    (0, b"PAR1", Form::Parquet),
    (257, b"ustar", Form::Tar),
    (0, b"\xFE\xFF", Form::Utf16),
    (0, b"\xFF\xFE", Form::Utf16),
];

/// What the file is that begins with `head`.
pub(crate) fn sniff(head: &[u8]) -> FileType {
    if head.starts_with(b"\x1F\x8B") {
        return FileType::Gzip;
    }
    let known = MAGIC.iter().find(|(at, magic, _)| {
        head.get(*at..).is_some_and(|from_there| from_there.starts_with(magic))
    });
    match known {
        Some((_, _, form)) => FileType::Other(*form),
        None if utf16_without_mark(head) => FileType::Other(Form::Utf16),
        None => FileType::Text,
    }
}

/// ASCII text in UTF-16 has a zero in every second byte; a hole in a file has them in all.
fn utf16_without_mark(head: &[u8]) -> bool {
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
            (b"\xFF\xFE{\0\"\0", FileType::Other(Form::Utf16)),
            (b"{\0\"\0R\0", FileType::Other(Form::Utf16)),
            (b"\0{\0\"\0R", FileType::Other(Form::Utf16)),
            (b"PK\x03\x04....", FileType::Other(Form::Zip)),
            (b"BZh91AY", FileType::Other(Form::Bzip2)),
            (b"PAR1....", FileType::Other(Form::Parquet)),
            (&tar, FileType::Other(Form::Tar)),
        ];
        for (head, content) in cases {
            assert_eq!(sniff(head), content, "{head:?}");
        }
    }
}
