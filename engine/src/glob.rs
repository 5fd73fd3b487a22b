//! Matches whole strings with the wildcards `*` and `?` as in IAM policies. The comparison is
//! case-sensitive.

/// The maximum number of characters that one match examines. Without this limit, the number could
/// be the product of both lengths.
const MAX_STEPS: usize = 4_000_000;

/// Returns whether `text` matches `pattern`. In a pattern, `*` matches any run of characters and
/// `?` matches any single character.
///
/// The result is `false` if the comparison exceeds the step limit.
///
/// ```
/// use evenkeel_engine::glob::matches_pattern;
///
/// assert!(matches_pattern("s3:Get*", "s3:GetObject"));
/// assert!(!matches_pattern("s3:Get*", "s3:PutObject"));
/// ```
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    match_within_limit(pattern, text).unwrap_or(false)
}

/// Returns whether `text` matches `pattern`, or `None` if the comparison exceeds the step limit.
///
/// On a mismatch, the function goes back to the last `*` and lets it match one more character. It
/// does not go back to an earlier `*`, because that cannot change the result.
pub fn match_within_limit(pattern: &str, text: &str) -> Option<bool> {
    match_counting_steps(pattern, text).0
}

/// Returns the result of [`match_within_limit`], and the number of characters that were examined.
pub(crate) fn match_counting_steps(pattern: &str, text: &str) -> (Option<bool>, usize) {
    let (mut pattern, mut rest) = (pattern.chars(), text.chars());
    let mut star = None;
    for steps in 0..MAX_STEPS {
        let here = rest.clone();
        match (pattern.next(), rest.next()) {
            (None, None) => return (Some(true), steps),
            (Some('*'), _) => {
                star = Some((pattern.clone(), here.clone()));
                rest = here;
            }
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                let Some((after, taken)) = &mut star else { return (Some(false), steps) };
                if taken.next().is_none() {
                    return (Some(false), steps);
                }
                pattern = after.clone();
                rest = taken.clone();
            }
        }
    }
    (None, MAX_STEPS)
}

#[cfg(test)]
mod tests {
    use super::matches_pattern;

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
            assert!(matches_pattern(pattern, text), "{pattern} {text}");
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
            assert!(!matches_pattern(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_finish_within_the_step_limit() {
        assert!(!matches_pattern(&"*a".repeat(50), &"a".repeat(49)));
        assert!(!matches_pattern(&format!("{}b", "*a".repeat(40)), &"a".repeat(5_000)));
    }
}
