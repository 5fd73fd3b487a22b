//! The condition of a rule: names of selections, `and`, `or`, `not`, brackets, `1 of` and `all of`.

use crate::expr::Expr;
use crate::refusal::Refusal;
use std::iter::Peekable;
use std::vec::IntoIter;

/// How deep brackets may stand.
const MAX_DEPTH: usize = 50;

/// What finds a selection by its name.
type Find<'f> = dyn Fn(&str) -> Result<Expr, Refusal> + 'f;

struct Parser<'f> {
    words: Peekable<IntoIter<String>>,
    /// The names of all selections.
    names: &'f [String],
    find: &'f Find<'f>,
}

/// Reads a condition.
pub(crate) fn read(text: &str, names: &[String], find: &Find<'_>) -> Result<Expr, Refusal> {
    let words = words(text)?;
    let mut parser = Parser { words: words.into_iter().peekable(), names, find };
    let expr = parser.any(0)?;
    match parser.words.next() {
        None => Ok(expr),
        Some(word) if word == "near" => {
            Err(wrong("`near` looks at several events, and a policy at one"))
        }
        Some(word) => Err(wrong(&format!("`{word}` is not expected here"))),
    }
}

fn wrong(why: &str) -> Refusal {
    Refusal::Condition(why.to_owned())
}

fn words(text: &str) -> Result<Vec<String>, Refusal> {
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
                return Err(wrong("`|` counts or compares several events, and a policy sees one"));
            }
            c if c.is_whitespace() => {}
            other => return Err(wrong(&format!("`{other}` is not expected here"))),
        }
    }
    Ok(words)
}

impl Parser<'_> {
    fn takes(&mut self, word: &str) -> bool {
        self.words.next_if(|next| next.eq_ignore_ascii_case(word)).is_some()
    }

    fn any(&mut self, depth: usize) -> Result<Expr, Refusal> {
        if depth > MAX_DEPTH {
            return Err(wrong("brackets stand too deep"));
        }
        let mut parts = vec![self.all(depth)?];
        while self.takes("or") {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Expr::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, Refusal> {
        let mut parts = vec![self.not(depth)?];
        while self.takes("and") {
            parts.push(self.not(depth)?);
        }
        Ok(one_or(parts, Expr::All))
    }

    fn not(&mut self, depth: usize) -> Result<Expr, Refusal> {
        let mut negated = false;
        while self.takes("not") {
            negated = !negated;
        }
        let part = self.part(depth)?;
        Ok(if negated { Expr::Not(Box::new(part)) } else { part })
    }

    fn part(&mut self, depth: usize) -> Result<Expr, Refusal> {
        let Some(word) = self.words.next() else {
            return Err(wrong("something is missing at its end"));
        };
        if word == "(" {
            let inner = self.any(depth.saturating_add(1))?;
            return if self.takes(")") { Ok(inner) } else { Err(wrong("a `)` is missing")) };
        }
        if self.words.peek().is_some_and(|next| next.eq_ignore_ascii_case("of")) {
            drop(self.words.next());
            return self.of(&word);
        }
        let keyword = ["and", "or", "not", "of", ")"].iter().any(|k| word.eq_ignore_ascii_case(k));
        if keyword {
            return Err(wrong(&format!("`{word}` is not expected here")));
        }
        self.named(&word)
    }

    /// `1 of selection*`, `all of them`.
    fn of(&mut self, quantity: &str) -> Result<Expr, Refusal> {
        let Some(pattern) = self.words.next() else {
            return Err(wrong("something is missing behind `of`"));
        };
        let join = match quantity.to_ascii_lowercase().as_str() {
            "1" | "any" => Expr::Any as fn(Vec<Expr>) -> Expr,
            "all" => Expr::All,
            other => {
                return Err(wrong(&format!(
                    "`{other} of`: the specification has `1 of` and `all of`"
                )));
            }
        };
        let them = pattern.eq_ignore_ascii_case("them");
        let fits = |name: &&String| {
            let hidden = name.starts_with('_') && !pattern.starts_with('_');
            !hidden && (them || evenkeel_engine::glob::matches(&pattern, name))
        };
        let parts: Vec<Expr> = self
            .names
            .iter()
            .filter(fits)
            .map(|name| self.named(name))
            .collect::<Result<_, _>>()?;
        if parts.is_empty() {
            return Err(wrong(&format!("no selection is called `{pattern}`")));
        }
        Ok(one_or(parts, join))
    }

    fn named(&self, name: &str) -> Result<Expr, Refusal> {
        if !self.names.iter().any(|known| known == name) {
            return Err(wrong(&format!("no selection is called `{name}`")));
        }
        Ok(Expr::Named(name.to_owned(), Box::new((self.find)(name)?)))
    }
}

/// The only part, or all of them joined.
pub(crate) fn one_or(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
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

    /// The condition, with a letter for each selection.
    fn show(expr: &Expr) -> String {
        let join = |parts: &[Expr], with: &str| {
            format!("({})", parts.iter().map(show).collect::<Vec<_>>().join(with))
        };
        match expr {
            Expr::All(parts) => join(parts, "&"),
            Expr::Any(parts) => join(parts, "|"),
            Expr::Not(part) => format!("!{}", show(part)),
            Expr::Named(name, _) => name.clone(),
            Expr::Test(_) => "?".to_owned(),
        }
    }

    fn parse(text: &str) -> Result<String, Refusal> {
        let names = ["a", "b", "c", "sel_1", "sel_2", "_x"].map(str::to_owned);
        let find = |_: &str| Ok(Expr::All(vec![]));
        read(text, &names, &find).map(|expr| show(&expr))
    }

    #[test]
    fn what_binds_more_comes_first() {
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
    fn what_is_no_condition_is_refused() {
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
            (&"(".repeat(200), "too deep"),
        ] {
            assert!(
                parse(text).is_err_and(|error| error.to_string().contains(why)),
                "{text}: {:?}",
                parse(text)
            );
        }
    }
}
