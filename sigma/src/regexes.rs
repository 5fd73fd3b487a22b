//! Checks that regular expressions have the same meaning in PCRE and in Rust, and generates texts
//! that match them.

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The reason why a regular expression of a rule cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegexError {
    /// An escaped angle bracket, which has another meaning in Rust than in PCRE.
    #[error("`\\{0}` is a word boundary in Rust, but a literal character in PCRE")]
    WordBorder(char),
    /// An operator in a character class, such as `&&`. PCRE reads it as literal characters.
    #[error("a character class contains an operator that PCRE does not have")]
    ClassOperator,
    /// A possessive quantifier.
    #[error("possessive quantifiers are not supported")]
    Possessive,
    /// A recursive expression.
    #[error("recursion is not supported")]
    Recursion,
    /// The expression does not compile. The text contains the reason.
    #[error("{0}")]
    Syntax(String),
}

/// Compiles a regular expression of a rule. Fails if the expression has another meaning in Rust
/// than in PCRE.
pub(crate) fn compile_compatible(pattern: &str) -> Result<Regex, RegexError> {
    reject_pcre_differences(pattern)?;
    compile_regex(pattern)
}

/// Compiles a regular expression.
pub(crate) fn compile_regex(pattern: &str) -> Result<Regex, RegexError> {
    Regex::new(pattern).map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default();
        RegexError::Syntax(reason.strip_prefix("error: ").unwrap_or(reason).to_owned())
    })
}

/// Returns an error if the expression contains syntax that has another meaning in Rust than in
/// PCRE.
fn reject_pcre_differences(pattern: &str) -> Result<(), RegexError> {
    let (mut class, mut rest, mut last) = (false, pattern, ' ');
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let starts = |part: &str| rest.starts_with(part);
        if c == '\\' {
            let escaped = after.chars().next().unwrap_or(' ');
            if matches!(escaped, '<' | '>') {
                return Err(RegexError::WordBorder(escaped));
            }
            rest = after.get(escaped.len_utf8()..).unwrap_or_default();
            last = ' ';
            continue;
        }
        if class && (starts("&&") || starts("--") || starts("~~") || c == '[' && !starts("[:")) {
            return Err(RegexError::ClassOperator);
        }
        if !class && c == '+' && matches!(last, '*' | '+' | '?' | '}') {
            return Err(RegexError::Possessive);
        }
        if !class && starts("(?R") {
            return Err(RegexError::Recursion);
        }
        match c {
            '[' if starts("[:") && class => {
                let end = rest.find(":]").unwrap_or_default().saturating_add(2);
                rest = rest.get(end..).unwrap_or_default();
                continue;
            }
            '[' => {
                class = true;
                // A closing bracket at the beginning of a class is a literal character.
                let start = after.strip_prefix('^').unwrap_or(after);
                rest = start.strip_prefix(']').unwrap_or(start);
                last = ' ';
                continue;
            }
            ']' => class = false,
            _ => {}
        }
        last = c;
        rest = after;
    }
    Ok(())
}

/// Returns a text that the expression matches.
pub(crate) fn sample_match(pattern: &str) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut out = String::new();
    write_sample(&hir, &mut out);
    Some(out)
}

fn write_sample(hir: &Hir, out: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => out.extend(sample_class_member(class)),
        HirKind::Repetition(part) => {
            let least = part.min.max(u32::from(part.max != Some(0))).min(1_000);
            for _ in 0..least {
                write_sample(&part.sub, out);
            }
        }
        HirKind::Capture(capture) => write_sample(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write_sample(part, out)),
        HirKind::Alternation(parts) => {
            if let Some(first) = parts.first() {
                write_sample(first, out);
            }
        }
    }
}

/// Returns a character of a class: a letter, a digit or a common mark if the class contains one.
fn sample_class_member(class: &Class) -> Option<char> {
    const PREFERRED_CHARS: &str = "abcxyzABCXYZ0123456789-_. /:";
    let Class::Unicode(class) = class else { return None };
    let has = |c: char| class.iter().any(|range| range.start() <= c && c <= range.end());
    let first = || class.iter().map(regex_syntax::hir::ClassUnicodeRange::start).next();
    PREFERRED_CHARS.chars().find(|c| has(*c)).or_else(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_with_another_meaning_in_rust_are_refused() {
        for pattern in
            ["a(?=b)", "(?<!x)a", r"(a)\1", "a++", "a{2}+", r"\<a", "[a&&b]", "[a[b]", "(?R)", "("]
        {
            assert!(compile_compatible(pattern).is_err(), "{pattern}");
        }
        for pattern in [r"a\+\+", "[a-z+]+", "[]a]", "[^]]", "[[:digit:]x]", "^a.*b$", r"\d{2,3}"] {
            assert!(compile_compatible(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn a_sample_matches_its_expression() {
        for pattern in [
            "^a.b$",
            "(?i)^admin-[a-z]{3}$",
            "a|b",
            "[^a]+",
            r"arn:aws:iam::\d{12}:root",
            "(?:x)?y",
        ] {
            let text = sample_match(pattern).unwrap();
            assert!(regex::Regex::new(pattern).unwrap().is_match(&text), "{pattern}: {text}");
        }
    }
}
