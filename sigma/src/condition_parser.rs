//! Parses the condition of a rule, which consists of the names of selections, `and`, `or`, `not`,
//! brackets, `1 of` and `all of`.

use crate::import_error::ImportError;
use crate::rule_condition::RuleCondition;
use std::iter::Peekable;
use std::vec::IntoIter;

/// The maximum depth of nested brackets.
const MAX_DEPTH: usize = 50;

/// A function that returns a selection by its name.
type SelectionLookup<'f> = dyn Fn(&str) -> Result<RuleCondition, ImportError> + 'f;

struct ConditionParser<'f> {
    words: Peekable<IntoIter<String>>,
    /// The names of all selections.
    names: &'f [String],
    find: &'f SelectionLookup<'f>,
}

/// Parses a condition.
pub(crate) fn parse_condition(
    text: &str,
    names: &[String],
    find: &SelectionLookup<'_>,
) -> Result<RuleCondition, ImportError> {
    let words = split_words(text)?;
    let mut parser = ConditionParser { words: words.into_iter().peekable(), names, find };
    let expr = parser.parse_or(0)?;
    match parser.words.next() {
        None => Ok(expr),
        Some(word) if word == "near" => {
            Err(condition_error("`near` compares several events, but a policy evaluates one event"))
        }
        Some(word) => Err(condition_error(&format!("unexpected `{word}`"))),
    }
}

fn condition_error(why: &str) -> ImportError {
    ImportError::Condition(why.to_owned())
}

fn split_words(text: &str) -> Result<Vec<String>, ImportError> {
    let (mut words, mut word) = (Vec::new(), String::new());
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() || "_-*.".contains(c) {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        match c {
            '(' | ')' => words.push(c.to_string()),
            '|' => {
                return Err(condition_error(
                    "`|` counts or compares several events, but a policy evaluates one event",
                ));
            }
            c if c.is_whitespace() => {}
            other => return Err(condition_error(&format!("unexpected `{other}`"))),
        }
    }
    Ok(words)
}

impl ConditionParser<'_> {
    fn take_word(&mut self, word: &str) -> bool {
        self.words.next_if(|next| next.eq_ignore_ascii_case(word)).is_some()
    }

    fn parse_or(&mut self, depth: usize) -> Result<RuleCondition, ImportError> {
        if depth > MAX_DEPTH {
            let why = format!("brackets are nested deeper than {MAX_DEPTH} levels");
            return Err(condition_error(&why));
        }
        let mut parts = vec![self.parse_and(depth)?];
        while self.take_word("or") {
            parts.push(self.parse_and(depth)?);
        }
        Ok(join_parts(parts, RuleCondition::Any))
    }

    fn parse_and(&mut self, depth: usize) -> Result<RuleCondition, ImportError> {
        let mut parts = vec![self.parse_not(depth)?];
        while self.take_word("and") {
            parts.push(self.parse_not(depth)?);
        }
        Ok(join_parts(parts, RuleCondition::All))
    }

    fn parse_not(&mut self, depth: usize) -> Result<RuleCondition, ImportError> {
        let mut negated = false;
        while self.take_word("not") {
            negated = !negated;
        }
        let part = self.parse_operand(depth)?;
        Ok(if negated { RuleCondition::Not(Box::new(part)) } else { part })
    }

    fn parse_operand(&mut self, depth: usize) -> Result<RuleCondition, ImportError> {
        let Some(word) = self.words.next() else {
            return Err(condition_error("a selection is missing at the end"));
        };
        if word == "(" {
            let inner = self.parse_or(depth.saturating_add(1))?;
            return if self.take_word(")") {
                Ok(inner)
            } else {
                Err(condition_error("a `)` is missing"))
            };
        }
        if self.words.peek().is_some_and(|next| next.eq_ignore_ascii_case("of")) {
            drop(self.words.next());
            return self.parse_quantifier(&word);
        }
        let keyword = ["and", "or", "not", "of", ")"].iter().any(|k| word.eq_ignore_ascii_case(k));
        if keyword {
            return Err(condition_error(&format!("unexpected `{word}`")));
        }
        self.find_selection(&word)
    }

    /// Parses a quantifier such as `1 of selection*` or `all of them`.
    fn parse_quantifier(&mut self, quantity: &str) -> Result<RuleCondition, ImportError> {
        let Some(pattern) = self.words.next() else {
            return Err(condition_error("the name of a selection is missing after `of`"));
        };
        let join = match quantity.to_ascii_lowercase().as_str() {
            "1" | "any" => RuleCondition::Any as fn(Vec<RuleCondition>) -> RuleCondition,
            "all" => RuleCondition::All,
            other => {
                return Err(condition_error(&format!(
                    "`{other} of` is not a valid quantifier; use `1 of` or `all of`"
                )));
            }
        };
        let them = pattern.eq_ignore_ascii_case("them");
        let is_match = |name: &&String| {
            let hidden = name.starts_with('_') && !pattern.starts_with('_');
            !hidden && (them || evenkeel_engine::glob::matches_pattern(&pattern, name))
        };
        let parts: Vec<RuleCondition> = self
            .names
            .iter()
            .filter(is_match)
            .map(|name| self.find_selection(name))
            .collect::<Result<_, _>>()?;
        if parts.is_empty() {
            return Err(condition_error(&format!("no selection matches `{pattern}`")));
        }
        Ok(join_parts(parts, join))
    }

    fn find_selection(&self, name: &str) -> Result<RuleCondition, ImportError> {
        if !self.names.iter().any(|known| known == name) {
            return Err(condition_error(&format!("there is no selection `{name}`")));
        }
        Ok(RuleCondition::Named(name.to_owned(), Box::new((self.find)(name)?)))
    }
}

/// Joins parts into one condition. A single part is returned as it is.
pub(crate) fn join_parts(
    mut parts: Vec<RuleCondition>,
    join: fn(Vec<RuleCondition>) -> RuleCondition,
) -> RuleCondition {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            join(parts)
        }
        (None, _) => join(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a short form of the condition, with the names of its selections.
    fn show(expr: &RuleCondition) -> String {
        let join = |parts: &[RuleCondition], with: &str| {
            format!("({})", parts.iter().map(show).collect::<Vec<_>>().join(with))
        };
        match expr {
            RuleCondition::All(parts) => join(parts, "&"),
            RuleCondition::Any(parts) => join(parts, "|"),
            RuleCondition::Not(part) => format!("!{}", show(part)),
            RuleCondition::Named(name, _) => name.clone(),
            RuleCondition::Test(_) => "?".to_owned(),
        }
    }

    fn parse(text: &str) -> Result<String, ImportError> {
        let names = ["a", "b", "c", "sel_1", "sel_2", "_x"].map(str::to_owned);
        let find = |_: &str| Ok(RuleCondition::All(vec![]));
        parse_condition(text, &names, &find).map(|expr| show(&expr))
    }

    #[test]
    fn operators_have_the_correct_precedence() {
        for (text, want) in [
            ("a", "a"),
            ("a or b and not c", "(a|(b&!c))"),
            ("not a and b", "(!a&b)"),
            ("(a or b) and c", "((a|b)&c)"),
            ("not (a or b)", "!(a|b)"),
            ("not not a", "a"),
            ("a AND b", "(a&b)"),
            ("1 of sel_*", "(sel_1|sel_2)"),
            ("a and not 1 of sel*", "(a&!(sel_1|sel_2))"),
            ("all of sel_*", "(sel_1&sel_2)"),
            ("1 of *_1", "sel_1"),
            ("all of them", "(a&b&c&sel_1&sel_2)"),
            ("1 of _*", "_x"),
        ] {
            assert_eq!(parse(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn invalid_conditions_are_refused() {
        for (text, why) in [
            ("", "missing"),
            ("a and", "missing"),
            ("(a", "`)`"),
            ("a b", "`b`"),
            ("a)", "`)`"),
            ("and a", "`and`"),
            ("x", "`x`"),
            ("2 of sel*", "`2 of`"),
            ("1 of y*", "`y*`"),
            ("a | count() > 3", "`|`"),
            ("a near b", "`near`"),
            ("a & b", "`&`"),
            (&"(".repeat(200), "deeper than 50"),
        ] {
            assert!(
                parse(text).is_err_and(|error| error.to_string().contains(why)),
                "{text}: {:?}",
                parse(text)
            );
        }
    }
}
