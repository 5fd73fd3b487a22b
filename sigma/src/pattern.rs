//! The patterns of Sigma strings, which consist of characters and wildcards.
//!
//! Source: Sigma specification 2, section "Escape Character".

/// An element of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatternUnit {
    /// A literal character.
    Char(char),
    /// Any text.
    AnyText,
    /// Any one character.
    AnyChar,
    /// Any character that Windows accepts as a dash.
    Dash,
}

/// The characters that the modifier `windash` treats as equal.
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// A pattern, and its case sensitivity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SigmaPattern {
    /// The elements of the pattern.
    pub(crate) units: Vec<PatternUnit>,
    /// `true` if the pattern is case-sensitive.
    pub(crate) cased: bool,
}

/// The simplest comparison that is equivalent to a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PatternComparison {
    /// Any text.
    Everything,
    /// A text that is equal to this text.
    Equal(String),
    /// A text that contains this text.
    Contains(String),
    /// A text that starts with this text.
    StartsWith(String),
    /// A text that ends with this text.
    EndsWith(String),
    /// Any other pattern. It needs a regular expression.
    Other,
}

impl SigmaPattern {
    /// Creates a pattern of literal characters.
    pub(crate) fn from_literal(text: &str) -> Self {
        SigmaPattern { units: text.chars().map(PatternUnit::Char).collect(), cased: false }
    }

    /// Parses a Sigma string. A backslash before `*`, `?` or a backslash makes that character
    /// literal. Before any other character, the backslash itself is literal.
    pub(crate) fn parse_pattern(text: &str) -> Self {
        let mut units = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            units.push(match c {
                '\\' => match rest.next_if(|next| matches!(next, '*' | '?' | '\\')) {
                    Some(escaped) => PatternUnit::Char(escaped),
                    None => PatternUnit::Char('\\'),
                },
                '*' => PatternUnit::AnyText,
                '?' => PatternUnit::AnyChar,
                other => PatternUnit::Char(other),
            });
        }
        units.dedup_by(|one, other| *one == PatternUnit::AnyText && *other == PatternUnit::AnyText);
        SigmaPattern { units, cased: false }
    }

    /// Adds a wildcard for any text before the pattern, after it, or both.
    #[must_use]
    pub(crate) fn with_wildcards(mut self, before: bool, behind: bool) -> Self {
        if before && self.units.first() != Some(&PatternUnit::AnyText) {
            self.units.insert(0, PatternUnit::AnyText);
        }
        if behind && self.units.last() != Some(&PatternUnit::AnyText) {
            self.units.push(PatternUnit::AnyText);
        }
        self
    }

    /// Replaces each dash by an element that matches any dash.
    #[must_use]
    pub(crate) fn with_any_dash(mut self) -> Self {
        for unit in &mut self.units {
            if matches!(unit, PatternUnit::Char(c) if DASHES.contains(c)) {
                *unit = PatternUnit::Dash;
            }
        }
        self
    }

    /// Returns the characters of the pattern, or `None` if it contains wildcards.
    pub(crate) fn literal_text(&self) -> Option<String> {
        join_literal_units(&self.units)
    }

    /// Returns the simplest comparison that is equivalent to the pattern.
    pub(crate) fn to_comparison(&self) -> PatternComparison {
        let shape = match self.units.as_slice() {
            [PatternUnit::AnyText] => Some(PatternComparison::Everything),
            [PatternUnit::AnyText, inner @ .., PatternUnit::AnyText] => {
                join_literal_units(inner).map(PatternComparison::Contains)
            }
            [PatternUnit::AnyText, inner @ ..] => {
                join_literal_units(inner).map(PatternComparison::EndsWith)
            }
            [inner @ .., PatternUnit::AnyText] => {
                join_literal_units(inner).map(PatternComparison::StartsWith)
            }
            all => join_literal_units(all).map(PatternComparison::Equal),
        };
        // `lowerAscii` converts only ASCII letters. Other letters need a regular expression.
        let plain = |unit: &PatternUnit| match unit {
            PatternUnit::Char(c) => {
                self.cased || c.is_ascii() || !(c.is_uppercase() || c.is_lowercase())
            }
            _ => true,
        };
        shape.filter(|_| self.units.iter().all(plain)).unwrap_or(PatternComparison::Other)
    }

    /// Returns a regular expression that is equivalent to the pattern.
    pub(crate) fn to_regex(&self) -> String {
        let mut out = (if self.cased { "(?s)^" } else { "(?is)^" }).to_owned();
        for unit in &self.units {
            match unit {
                PatternUnit::Char(c) => out.push_str(&regex::escape(&c.to_string())),
                PatternUnit::AnyText => out.push_str(".*"),
                PatternUnit::AnyChar => out.push('.'),
                PatternUnit::Dash => out.push_str("[-/–—―]"),
            }
        }
        out.push('$');
        out
    }

    /// Returns whether the pattern matches the whole text.
    ///
    /// On a mismatch, the function goes back to the last `*` and lets it match one more character.
    pub(crate) fn matches_text(&self, text: &str) -> bool {
        let (mut units, mut rest) = (self.units.iter(), text.chars());
        let mut star = None;
        loop {
            let here = rest.clone();
            match (units.next(), rest.next()) {
                (None, None) => return true,
                (Some(PatternUnit::AnyText), _) => {
                    star = Some((units.clone(), here.clone()));
                    rest = here;
                }
                (Some(unit), Some(c)) if self.matches_char(*unit, c) => {}
                _ => {
                    let Some((after, taken)) = &mut star else { return false };
                    if taken.next().is_none() {
                        return false;
                    }
                    units = after.clone();
                    rest = taken.clone();
                }
            }
        }
    }

    fn matches_char(&self, unit: PatternUnit, c: char) -> bool {
        match unit {
            PatternUnit::Char(wanted) if self.cased => wanted == c,
            PatternUnit::Char(wanted) => wanted.to_lowercase().eq(c.to_lowercase()),
            PatternUnit::Dash => DASHES.contains(&c),
            PatternUnit::AnyChar | PatternUnit::AnyText => true,
        }
    }

    /// Returns a text that matches the pattern.
    pub(crate) fn sample_text(&self) -> String {
        let character = |unit: &PatternUnit| match unit {
            PatternUnit::Char(c) => Some(*c),
            PatternUnit::AnyText => None,
            PatternUnit::AnyChar => Some('x'),
            PatternUnit::Dash => Some('-'),
        };
        self.units.iter().filter_map(character).collect()
    }
}

fn join_literal_units(units: &[PatternUnit]) -> Option<String> {
    let character = |unit: &PatternUnit| match unit {
        PatternUnit::Char(c) => Some(*c),
        PatternUnit::AnyText | PatternUnit::AnyChar | PatternUnit::Dash => None,
    };
    units.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_follow_the_specification() {
        for (written, text, other) in [
            (r"a\*b", "a*b", "axb"),
            (r"a\?b", "a?b", "axb"),
            (r"a\b", r"a\b", r"a\\b"),
            (r"a\\b", r"a\b", r"a\\b"),
            (r"a\\*", r"a\xyz", "a*"),
            (r"a\\\*", r"a\*", r"a\x"),
            (r"a\\\b", r"a\\b", r"a\b"),
            (r"a\\\\b", r"a\\b", r"a\b"),
            ("a*c?", "ABBcd", "abbc"),
            ("*", "", "\n*never*"),
            ("", "", "a"),
            ("É*", "éa", "ea"),
        ] {
            let pattern = SigmaPattern::parse_pattern(written);
            let regex = regex::Regex::new(&pattern.to_regex()).unwrap();
            assert!(pattern.matches_text(text) && regex.is_match(text), "{written} {text}");
            if other != "\n*never*" {
                assert!(
                    !pattern.matches_text(other) && !regex.is_match(other),
                    "{written} {other}"
                );
            }
            assert!(pattern.matches_text(&pattern.sample_text()), "{written}");
        }
    }

    #[test]
    fn the_simplest_comparison_is_found() {
        let shape = |text: &str| SigmaPattern::parse_pattern(text).to_comparison();
        assert_eq!(shape("a"), PatternComparison::Equal("a".to_owned()));
        assert_eq!(shape("*a*"), PatternComparison::Contains("a".to_owned()));
        assert_eq!(shape("a*"), PatternComparison::StartsWith("a".to_owned()));
        assert_eq!(shape("*a"), PatternComparison::EndsWith("a".to_owned()));
        assert_eq!(shape("**"), PatternComparison::Everything);
        assert_eq!(
            (shape("a*b"), shape("é")),
            (PatternComparison::Other, PatternComparison::Other)
        );
        assert_eq!(shape("日本"), PatternComparison::Equal("日本".to_owned()));
    }
}
