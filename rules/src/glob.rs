//! Matching with `*` and `?`, as IAM does: the whole text, case-sensitive, in linear time a star.

/// Whether `text` matches `pattern`, in which `*` is any run of characters and `?` any one.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (mut rest, mut from) = (text.chars(), pattern.chars());
    // Where to take up again after the last star: the pattern behind it, the text it has not eaten.
    let mut star: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        match (from.next(), rest.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                star = Some((from.clone(), before.clone()));
                rest = before;
            }
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                let Some((behind, mut eaten)) = star.take() else { return false };
                if eaten.next().is_none() {
                    return false;
                }
                from = behind.clone();
                rest = eaten.clone();
                star = Some((behind, eaten));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "a"),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("a?c", "abc"),
            ("**", "x"),
            ("*a*b*c", "xxaxxbxxbc"),
            ("SecurityPolicy_TLS13_*", "SecurityPolicy_TLS13_1_3_2025_09"),
            ("é?", "éà"),
            ("", ""),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("a*c", "abd"),
            ("a?c", "ac"),
            ("A", "a"),
            ("*a", "ab"),
            ("?", ""),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_end_soon() {
        assert!(!matches(&"*a".repeat(50), &"a".repeat(49)));
        assert!(!matches(&format!("{}b", "*a".repeat(40)), &"a".repeat(5_000)));
    }
}
