//! A Sigma string: characters, wildcards and escapes, as the specification's section "Escape Character" has them.

/// One place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// This character.
    Char(char),
    /// Any text.
    Any,
    /// Any one character.
    One,
    /// Any of the characters that Windows takes for a dash.
    Dash,
}

/// What the modifier `windash` takes for one another.
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// A pattern, and whether it minds upper and lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Its places.
    pub(crate) units: Vec<Unit>,
    /// Whether it minds case.
    pub(crate) cased: bool,
}

/// What kind of comparison says the same as a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Any text.
    Everything,
    /// This text.
    Equal(String),
    /// A text with this in it.
    Contains(String),
    /// A text that begins so.
    Starts(String),
    /// A text that ends so.
    Ends(String),
    /// What only a regular expression says.
    Other,
}

impl Pattern {
    /// A text's characters, taken as they are.
    pub(crate) fn plain(text: &str) -> Self {
        Pattern { units: text.chars().map(Unit::Char).collect(), cased: false }
    }

    /// Reads a value as Sigma writes it. A backslash before `*`, `?` or a backslash takes away their meaning;
    /// before anything else it stands for itself.
    pub(crate) fn read(text: &str) -> Self {
        let mut units = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            units.push(match c {
                '\\' => match rest.next_if(|next| matches!(next, '*' | '?' | '\\')) {
                    Some(escaped) => Unit::Char(escaped),
                    None => Unit::Char('\\'),
                },
                '*' => Unit::Any,
                '?' => Unit::One,
                other => Unit::Char(other),
            });
        }
        units.dedup_by(|one, other| *one == Unit::Any && *other == Unit::Any);
        Pattern { units, cased: false }
    }

    /// With any text before it, behind it, or both.
    #[must_use]
    pub(crate) fn open(mut self, before: bool, behind: bool) -> Self {
        if before && self.units.first() != Some(&Unit::Any) {
            self.units.insert(0, Unit::Any);
        }
        if behind && self.units.last() != Some(&Unit::Any) {
            self.units.push(Unit::Any);
        }
        self
    }

    /// With each dash standing for all of them.
    #[must_use]
    pub(crate) fn any_dash(mut self) -> Self {
        for unit in &mut self.units {
            if matches!(unit, Unit::Char(c) if DASHES.contains(c)) {
                *unit = Unit::Dash;
            }
        }
        self
    }

    /// The characters of a pattern that has no wildcards.
    pub(crate) fn literal(&self) -> Option<String> {
        literal(&self.units)
    }

    /// The comparison that says the same.
    pub(crate) fn shape(&self) -> Shape {
        let shape = match self.units.as_slice() {
            [Unit::Any] => Some(Shape::Everything),
            [Unit::Any, inner @ .., Unit::Any] => literal(inner).map(Shape::Contains),
            [Unit::Any, inner @ ..] => literal(inner).map(Shape::Ends),
            [inner @ .., Unit::Any] => literal(inner).map(Shape::Starts),
            all => literal(all).map(Shape::Equal),
        };
        // Only ASCII is compared by `lowerAscii`: other letters need a regular expression.
        let plain = |unit: &Unit| match unit {
            Unit::Char(c) => self.cased || c.is_ascii() || !(c.is_uppercase() || c.is_lowercase()),
            _ => true,
        };
        shape.filter(|_| self.units.iter().all(plain)).unwrap_or(Shape::Other)
    }

    /// A regular expression that says the same.
    pub(crate) fn regex(&self) -> String {
        let mut out = (if self.cased { "(?s)^" } else { "(?is)^" }).to_owned();
        for unit in &self.units {
            match unit {
                Unit::Char(c) => out.push_str(&regex::escape(&c.to_string())),
                Unit::Any => out.push_str(".*"),
                Unit::One => out.push('.'),
                Unit::Dash => out.push_str("[-/–—―]"),
            }
        }
        out.push('$');
        out
    }

    /// Whether all of a text fits: on a mismatch the last `*` takes one more character.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let (mut units, mut rest) = (self.units.iter(), text.chars());
        let mut star = None;
        loop {
            let here = rest.clone();
            match (units.next(), rest.next()) {
                (None, None) => return true,
                (Some(Unit::Any), _) => {
                    star = Some((units.clone(), here.clone()));
                    rest = here;
                }
                (Some(unit), Some(c)) if self.is(*unit, c) => {}
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

    fn is(&self, unit: Unit, c: char) -> bool {
        match unit {
            Unit::Char(wanted) if self.cased => wanted == c,
            Unit::Char(wanted) => wanted.to_lowercase().eq(c.to_lowercase()),
            Unit::Dash => DASHES.contains(&c),
            Unit::One | Unit::Any => true,
        }
    }

    /// A text that fits.
    pub(crate) fn witness(&self) -> String {
        let character = |unit: &Unit| match unit {
            Unit::Char(c) => Some(*c),
            Unit::Any => None,
            Unit::One => Some('x'),
            Unit::Dash => Some('-'),
        };
        self.units.iter().filter_map(character).collect()
    }
}

fn literal(units: &[Unit]) -> Option<String> {
    let character = |unit: &Unit| match unit {
        Unit::Char(c) => Some(*c),
        Unit::Any | Unit::One | Unit::Dash => None,
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
            let pattern = Pattern::read(written);
            let regex = regex::Regex::new(&pattern.regex()).unwrap();
            assert!(pattern.fits(text) && regex.is_match(text), "{written} {text}");
            if other != "\n*never*" {
                assert!(!pattern.fits(other) && !regex.is_match(other), "{written} {other}");
            }
            assert!(pattern.fits(&pattern.witness()), "{written}");
        }
    }

    #[test]
    fn the_simplest_comparison_is_found() {
        let shape = |text: &str| Pattern::read(text).shape();
        assert_eq!(shape("a"), Shape::Equal("a".to_owned()));
        assert_eq!(shape("*a*"), Shape::Contains("a".to_owned()));
        assert_eq!(shape("a*"), Shape::Starts("a".to_owned()));
        assert_eq!(shape("*a"), Shape::Ends("a".to_owned()));
        assert_eq!(shape("**"), Shape::Everything);
        assert_eq!((shape("a*b"), shape("é")), (Shape::Other, Shape::Other));
        assert_eq!(shape("日本"), Shape::Equal("日本".to_owned()));
    }
}
