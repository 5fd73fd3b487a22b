//! Compares texts of a policy with texts of a request.

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
    let Some(filled) = template.fill_variables(variables) else { return false };
    let pattern = write_symbols(&filled, form);
    let text: Vec<char> = match form {
        TextForm::ExactIgnoringCase => text.chars().flat_map(char::to_lowercase).collect(),
        _ => text.chars().collect(),
    };
    // A pattern of one star matches every ARN. AWS does not document it, but accepts it in policies.
    if form != TextForm::Arn || pattern == [Symbol::Star] {
        return symbols_match(&pattern, &text);
    }
    let (wanted, parts) = (
        split_arn(&pattern, |symbol| *symbol == Symbol::Char(':')),
        split_arn(&text, |c| *c == ':'),
    );
    wanted.len() == parts.len()
        && wanted.iter().zip(&parts).all(|(wanted, part)| symbols_match(wanted, part))
}

/// A character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Char(char),
    Question,
    Star,
}

fn write_symbols(template: &Template, form: TextForm) -> Vec<Symbol> {
    let is_exact = matches!(form, TextForm::Exact | TextForm::ExactIgnoringCase);
    let mut symbols = Vec::new();
    for part in template.parts() {
        match part {
            TemplatePart::Text(text) if form == TextForm::ExactIgnoringCase => {
                symbols.extend(text.chars().flat_map(char::to_lowercase).map(Symbol::Char));
            }
            TemplatePart::Text(text) => symbols.extend(text.chars().map(Symbol::Char)),
            TemplatePart::Star if is_exact => symbols.push(Symbol::Char('*')),
            TemplatePart::Question if is_exact => symbols.push(Symbol::Char('?')),
            TemplatePart::Star => symbols.push(Symbol::Star),
            TemplatePart::Question => symbols.push(Symbol::Question),
            TemplatePart::Variable { .. } => {}
        }
    }
    symbols
}

/// Splits an ARN at its first five colons.
fn split_arn<T>(whole: &[T], is_colon: impl Fn(&T) -> bool) -> Vec<&[T]> {
    whole.splitn(6, is_colon).collect()
}

/// Matches a pattern. On a mismatch, the last star matches one more character.
fn symbols_match(pattern: &[Symbol], text: &[char]) -> bool {
    let (mut wanted, mut rest) = (pattern, text);
    let mut star: Option<(&[Symbol], &[char])> = None;
    loop {
        match (wanted.split_first(), rest.split_first()) {
            (None, None) => return true,
            (Some((Symbol::Star, after)), _) => {
                star = Some((after, rest));
                wanted = after;
                continue;
            }
            (Some((Symbol::Question, after)), Some((_, left))) => {
                (wanted, rest) = (after, left);
                continue;
            }
            (Some((Symbol::Char(character), after)), Some((found, left))) if character == found => {
                (wanted, rest) = (after, left);
                continue;
            }
            _ => {}
        }
        let Some((after, taken)) = star else { return false };
        let Some((_, left)) = taken.split_first() else { return false };
        star = Some((after, left));
        (wanted, rest) = (after, left);
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
