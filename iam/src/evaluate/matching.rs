//! Compares texts of a policy with texts of a request.

use std::borrow::Cow;

use crate::model::template::{Template, TemplatePart};

/// How a text of a policy is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextForm {
    /// The wildcards are ordinary characters.
    Exact,
    /// As `Exact`; upper and lower case are equal.
    ExactIgnoringCase,
    /// A wildcard matches any characters.
    Pattern,
    /// A wildcard matches characters of one part of the ARN. The sixth part can contain colons.
    Arn,
}

/// Returns whether a text of a request matches a text of a policy. `variables` returns the values of
/// policy variables. If a variable has neither a value nor a default, nothing matches.
pub(super) fn template_matches(
    template: &Template,
    text: &str,
    form: TextForm,
    variables: &dyn Fn(&str) -> Option<String>,
) -> bool {
    let Some(filled) = fill_template(template, variables) else { return false };
    if form != TextForm::Arn || filled.parts() == [TemplatePart::Star] {
        // A pattern of one star matches every ARN. AWS does not document it, but accepts it in
        // policies.
        return symbols_match(Symbols::new(filled.parts(), form), text.chars(), form);
    }
    let pattern: Vec<Symbol> = Symbols::new(filled.parts(), form).collect();
    let text: Vec<char> = text.chars().collect();
    let wanted = split_arn(&pattern, |symbol| *symbol == Symbol::Char(':'));
    let parts = split_arn(&text, |character| *character == ':');
    wanted.len() == parts.len()
        && wanted
            .iter()
            .zip(&parts)
            .all(|(wanted, part)| symbols_match(wanted.iter().copied(), part.iter().copied(), form))
}

/// Replaces the policy variables of a text.
fn fill_template<'t>(
    template: &'t Template,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Option<Cow<'t, Template>> {
    if template.has_variables() {
        template.fill_variables(variables).map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(template))
    }
}

/// A character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Char(char),
    Question,
    Star,
}

/// The characters of a text of a policy.
#[derive(Clone, Debug)]
struct Symbols<'t> {
    parts: std::slice::Iter<'t, TemplatePart>,
    text: std::str::Chars<'t>,
    is_exact: bool,
}

impl<'t> Symbols<'t> {
    fn new(parts: &'t [TemplatePart], form: TextForm) -> Self {
        let is_exact = matches!(form, TextForm::Exact | TextForm::ExactIgnoringCase);
        Symbols { parts: parts.iter(), text: "".chars(), is_exact }
    }
}

impl Iterator for Symbols<'_> {
    type Item = Symbol;

    fn next(&mut self) -> Option<Symbol> {
        loop {
            if let Some(character) = self.text.next() {
                return Some(Symbol::Char(character));
            }
            match self.parts.next()? {
                TemplatePart::Text(text) => self.text = text.chars(),
                TemplatePart::Star if self.is_exact => return Some(Symbol::Char('*')),
                TemplatePart::Question if self.is_exact => return Some(Symbol::Char('?')),
                TemplatePart::Star => return Some(Symbol::Star),
                TemplatePart::Question => return Some(Symbol::Question),
                TemplatePart::Variable { .. } => {}
            }
        }
    }
}

/// Splits an ARN at its first five colons.
fn split_arn<T>(whole: &[T], is_colon: impl Fn(&T) -> bool) -> Vec<&[T]> {
    whole.splitn(6, is_colon).collect()
}

/// Matches a pattern. On a mismatch, the last star matches one more character.
fn symbols_match(
    pattern: impl Iterator<Item = Symbol> + Clone,
    text: impl Iterator<Item = char> + Clone,
    form: TextForm,
) -> bool {
    let is_same = |wanted: char, found: char| {
        wanted == found
            || form == TextForm::ExactIgnoringCase && wanted.to_lowercase().eq(found.to_lowercase())
    };
    let (mut wanted, mut rest) = (pattern, text);
    let mut star = None;
    loop {
        let here = rest.clone();
        match (wanted.next(), rest.next()) {
            (None, None) => return true,
            (Some(Symbol::Star), _) => {
                star = Some((wanted.clone(), here.clone()));
                rest = here;
                continue;
            }
            (Some(Symbol::Question), Some(_)) => continue,
            (Some(Symbol::Char(character)), Some(found)) if is_same(character, found) => continue,
            _ => {}
        }
        let Some((after, taken)) = &mut star else { return false };
        if taken.next().is_none() {
            return false;
        }
        (wanted, rest) = (after.clone(), taken.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn matches(pattern: &str, text: &str, form: TextForm) -> bool {
        let variables = |key: &str| (key == "aws:username").then(|| "jo*".to_owned());
        template_matches(&Template::parse_text(pattern, true), text, form, &variables)
    }

    #[test]
    fn a_wildcard_of_an_arn_stays_in_its_part() {
        assert!(matches("arn:*:iam::1:role/*", "arn:aws:iam::1:role/a:b", TextForm::Arn));
        assert!(!matches("arn:*:1:role/x", "arn:aws:iam::1:role/x", TextForm::Arn));
        assert!(matches("arn:*:1:role/x", "arn:aws:iam::1:role/x", TextForm::Pattern));
        assert!(matches("*", "arn:aws:iam::1:role/x", TextForm::Arn));
    }

    #[test]
    fn the_value_of_a_variable_has_no_wildcards() {
        assert!(matches("home/${aws:username}/?*", "home/jo*/x", TextForm::Pattern));
        assert!(!matches("home/${aws:username}/?*", "home/joe/x", TextForm::Pattern));
        assert!(!matches("${aws:userid}", "", TextForm::Pattern));
    }

    #[test]
    fn exact_texts_have_no_wildcards() {
        assert!(matches("a*", "a*", TextForm::Exact) && !matches("a*", "ab", TextForm::Exact));
        assert!(matches("AbÉ", "aBé", TextForm::ExactIgnoringCase));
    }
}
