//! Compares the splitter with a JSON parser on random documents, and different chunk sizes on
//! damaged documents.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "small random numbers"
)]

use serde_json::Value;

use super::*;

/// A generator of random documents. The same seed always gives the same documents.
struct DocumentRandom(u64);

impl DocumentRandom {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn space(&mut self, out: &mut String) {
        for _ in 0..self.below(4).saturating_sub(2) {
            out.push([' ', '\n', '\t', '\r'][self.below(4) as usize]);
        }
    }

    fn string(&mut self, out: &mut String) {
        const PARTS: [&str; 14] = [
            "a", "{", "}", "[", "]", ",", ":", r"\\", r#"\""#, r"\\\\", r"\u007b", "é", "\u{7f}",
            r"\n",
        ];
        out.push('"');
        let length = if self.below(8) == 0 { self.below(150) } else { self.below(12) };
        for _ in 0..length {
            out.push_str(PARTS[self.below(14) as usize]);
        }
        out.push('"');
    }

    fn value(&mut self, depth: u64, out: &mut String) {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => out.push_str("null"),
            1 => out.push_str("-1.5e3"),
            2 | 3 => self.string(out),
            4 => self.object(depth - 1, out),
            _ => {
                out.push('[');
                for index in 0..self.below(4) {
                    out.push_str(if index > 0 { "," } else { "" });
                    self.space(out);
                    self.value(depth - 1, out);
                }
                out.push(']');
            }
        }
    }

    fn object(&mut self, depth: u64, out: &mut String) {
        out.push('{');
        for index in 0..self.below(5) {
            out.push_str(if index > 0 { "," } else { "" });
            self.space(out);
            self.string(out);
            self.space(out);
            out.push(':');
            self.value(depth, out);
            self.space(out);
        }
        out.push('}');
    }
}

#[test]
fn random_documents_are_split_as_a_parser_parses_them() {
    for seed in 1..150 {
        let mut random = DocumentRandom(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15));
        let mut text = String::from(r#"{"Records":["#);
        for index in 0..random.below(7) {
            text.push_str(if index > 0 { "," } else { "" });
            random.space(&mut text);
            random.object(4, &mut text);
            random.space(&mut text);
        }
        text.push_str("]}");
        let parsed: Value = serde_json::from_str(&text).unwrap();
        let (items, _) = split(&text);
        let seen: Vec<Value> = items
            .iter()
            .map(|item| match item {
                OwnedItem::Record(_, text) => serde_json::from_str(text).unwrap(),
                other => panic!("{other:?} in {text}"),
            })
            .collect();
        assert_eq!(Value::from(seen), parsed["Records"], "{text}");
    }
}

#[test]
fn damaged_documents_are_split_equally_in_pieces_of_any_size() {
    const DAMAGE: &[u8] = b"{}[]\",:\\\n \0x\xEF";
    for seed in 1..2000 {
        let mut random = DocumentRandom(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15));
        let (open, between, close) = [
            (r#"{"Records":["#, ",", "]}\n"),
            ("", "\n", "\n"),
            ("[", ",\n", "]"),
            (r#"{"a":{},"Events":["#, ",", r#"],"Records":[]}"#),
            (r#"{"Records":[{}],"x":"y"}"#, "\r\n", ""),
        ][random.below(5) as usize];
        let mut text = String::from(open);
        for index in 0..random.below(5) {
            text.push_str(if index > 0 { between } else { "" });
            match random.below(3) {
                0 => text.push_str(A),
                1 => text.push_str(B),
                _ => random.object(2, &mut text),
            }
        }
        text.push_str(close);
        let mut text = text.into_bytes();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len() as u64) as usize;
            match random.below(4) {
                0 => text[at] = DAMAGE[random.below(DAMAGE.len() as u64) as usize],
                1 => text.insert(at, DAMAGE[random.below(DAMAGE.len() as u64) as usize]),
                2 if text.len() > 1 => drop(text.remove(at)),
                _ => text.truncate(at.max(1)),
            }
        }
        let whole = split_in(&text, text.len());
        for chunk in [1, 2, 3, 7, 63, 64, 65, 200] {
            let pieces = split_in(&text, chunk);
            assert_eq!(pieces, whole, "pieces of {chunk}: {}", text.escape_ascii());
        }
    }
}
