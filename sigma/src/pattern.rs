//! A Sigma string: characters, wildcards and escapes, as the specification's section "Escape Character" has them.

/// One place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatternUnit {
    /// This character.
    Char(char),
    /// Any text.
    AnyText,
    /// Any one character.
    AnyChar,
    /// Any of the characters that Windows takes for a dash.
    Dash,
}

/// What the modifier `windash` takes for one another.
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// A pattern, and whether it minds upper and lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SigmaPattern {
    /// Its places.
    pub(crate) units: Vec<PatternUnit>,
    /// Whether it minds case.
    pub(crate) cased: bool,
}

/// What kind of comparison says the same as a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PatternComparison {
    /// Any text.
    Everything,
    /// This text.
    Equal(String),
    /// A text with this in it.
    Contains(String),
    /// A text that begins so.
    StartsWith(String),
    /// A text that ends so.
    EndsWith(String),
    /// What only a regular expression says.
    Other,
}

impl SigmaPattern {
    /// A text's characters, taken as they are.
    pub(crate) fn from_literal(text: &str) -> Self {
        SigmaPattern { units: text.chars().map(PatternUnit::Char).collect(), cased: false }
    }

    /// Reads a value as Sigma writes it. A backslash before `*`, `?` or a backslash takes away their meaning;
    /// before anything else it stands for itself.
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

    /// With any text before it, behind it, or both.
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

    /// With each dash standing for all of them.
    #[must_use]
    pub(crate) fn with_any_dash(mut self) -> Self {
        for unit in &mut self.units {
            if matches!(unit, PatternUnit::Char(c) if DASHES.contains(c)) {
                *unit = PatternUnit::Dash;
            }
        }
        self
    }

    /// The characters of a pattern that has no wildcards.
    pub(crate) fn literal_text(&self) -> Option<String> {
        join_literal_units(&self.units)
    }

    /// The comparison that says the same.
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
        // Only ASCII is compared by `lowerAscii`: other letters need a regular expression.
        let plain = |unit: &PatternUnit| match unit {
            PatternUnit::Char(c) => {
                self.cased || c.is_ascii() || !(c.is_uppercase() || c.is_lowercase())
            }
            _ => true,
        };
        shape.filter(|_| self.units.iter().all(plain)).unwrap_or(PatternComparison::Other)
    }

    /// A regular expression that says the same.
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

    /// Whether all of a text fits: on a mismatch the last `*` takes one more character.
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

    /// A text that fits.
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
    fn escapes_are_those_of_the_specification() {
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
