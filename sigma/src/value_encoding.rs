//! Encodes values for the modifiers `base64`, `base64offset` and `utf16`.

/// The byte order of a text in UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    /// The low byte first.
    Little,
    /// The high byte first.
    Big,
    /// The low byte first, after a byte order mark.
    Marked,
}

/// Encodes a text in UTF-16.
pub(crate) fn to_utf16(text: &str, order: ByteOrder) -> Vec<u8> {
    let mark: &[u8] = if order == ByteOrder::Marked { &[0xff, 0xfe] } else { &[] };
    let unit = |unit: u16| match order {
        ByteOrder::Little | ByteOrder::Marked => unit.to_le_bytes(),
        ByteOrder::Big => unit.to_be_bytes(),
    };
    mark.iter().copied().chain(text.encode_utf16().flat_map(unit)).collect()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes bytes in Base64. Source: RFC 4648, section 4.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for (at, shift) in [18_u32, 12, 6, 0].into_iter().enumerate() {
            let index = usize::try_from((bits >> shift) & 63).unwrap_or_default();
            let known = at <= group.len();
            out.push(if known {
                ALPHABET.get(index).copied().map_or('=', char::from)
            } else {
                '='
            });
        }
    }
    out
}

/// Returns the Base64 texts by which the bytes can be found inside a longer encoded text.
///
/// Base64 encodes groups of three bytes, so the bytes can begin at three positions in a group. For
/// each position, the result contains the characters that do not depend on the bytes before and
/// after. The result is empty if `bytes` is empty.
pub(crate) fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    // The number of characters that depend on the bytes before, in the first group, and on the
    // bytes after, in the last group.
    let (first, last) = ([0_usize, 2, 3], [0_usize, 3, 2]);
    (0..3_usize)
        .filter_map(|shift| {
            let padded: Vec<u8> = std::iter::repeat_n(b' ', shift).chain(bytes.to_vec()).collect();
            let text = to_base64(&padded);
            let cut = last.get(padded.len().checked_rem(3)?)?;
            let end = text.len().checked_sub(*cut)?;
            text.get(*first.get(shift)?..end).filter(|text| !text.is_empty()).map(str::to_owned)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_standard() {
        // RFC 4648, section 10.
        for (text, want) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(to_base64(text.as_bytes()), want);
        }
    }

    #[test]
    fn a_text_is_found_at_every_offset() {
        let found = base64_offsets(b"AdministratorAccess");
        for (before, variant) in ["", "x", "xy"].iter().zip(&found) {
            for behind in ["", "z", "zz", "zzz"] {
                let whole = to_base64(format!("{before}AdministratorAccess{behind}").as_bytes());
                assert!(whole.contains(variant.as_str()), "{whole} {variant}");
            }
        }
    }

    #[test]
    fn utf16_has_three_byte_orders() {
        assert_eq!(to_utf16("cm", ByteOrder::Little), [0x63, 0, 0x6d, 0]);
        assert_eq!(to_utf16("cm", ByteOrder::Big), [0, 0x63, 0, 0x6d]);
        assert_eq!(to_utf16("c", ByteOrder::Marked), [0xff, 0xfe, 0x63, 0]);
    }
}
