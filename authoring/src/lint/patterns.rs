//! Regular expressions that mean something else than they look like, and loops that cost too much.

use super::typed::Expressions;
use evenkeel_rules::engine::{Syntax, SyntaxKind};
use evenkeel_rules::policy::{Policy, Role};
use evenkeel_rules::{Diagnostic, Level};
use serde_json::Value;
use std::collections::BTreeMap;

/// Loops within each other over lists that do not depend on each other, as many as are still cheap.
const DEEP: usize = 1;

/// What is odd about the regular expressions and the loops of a policy.
pub(super) fn lint(policy: &Policy, expressions: &Expressions<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    for (written, syntax) in expressions {
        let mut warn = |code, part: &Syntax, message: String, help: &str| {
            let wrong = Diagnostic::error(code, &policy.file, written.span(&part.span), message);
            found.push(
                Diagnostic { level: Level::Warning, ..wrong }.with_help(Some(help.to_owned())),
            );
        };
        syntax.walk(&mut |part| {
            let pattern = pattern(part);
            if let Some((literal, text)) = pattern
                && has_bar_in_class(text)
            {
                let message =
                    "in `[...]` a `|` is a character like others, and no alternative".to_owned();
                warn(
                    "regex-class",
                    literal,
                    message,
                    "write `(a|b)` for one of two, or `\\|` for the character",
                );
            }
        });
        let depth = depth(syntax, &depths, &mut Vec::new());
        if depth > DEEP {
            let message = format!(
                "{depth} loops within each other over lists of the event that do not depend on each other"
            );
            warn(
                "costly",
                syntax,
                message,
                "an event with long lists may exceed the budget: `evenkeel explain costly`",
            );
        }
        if let Role::Variable(name) = written.role {
            depths.insert(name, depth);
        }
    }
    found
}

/// A literal that is a regular expression.
fn pattern(part: &Syntax) -> Option<(&Syntax, &str)> {
    let SyntaxKind::Call { function, args, .. } = &part.kind else { return None };
    let number = match function.as_str() {
        "matches" => args.len().saturating_sub(1),
        name if name.starts_with("regex.") => 1,
        _ => return None,
    };
    let literal = args.get(number)?;
    match &literal.kind {
        SyntaxKind::Literal(Value::String(text)) => Some((literal, text)),
        _ => None,
    }
}

fn has_bar_in_class(pattern: &str) -> bool {
    let (mut open, mut first) = (false, false);
    let mut letters = pattern.chars();
    while let Some(c) = letters.next() {
        match c {
            '\\' => drop(letters.next()),
            '[' if !open => (open, first) = (true, true),
            ']' if open && !first => open = false,
            '|' if open => return true,
            '^' if open && first => {}
            _ => first = false,
        }
        if c != '[' && c != '^' {
            first = false;
        }
    }
    false
}

/// How many loops over lists that an event makes long, and that do not depend on each other, are within each other:
/// what goes through the parts of an outer loop's element visits each part once.
fn depth<'s>(
    syntax: &'s Syntax,
    variables: &BTreeMap<&str, usize>,
    bound: &mut Vec<&'s str>,
) -> usize {
    match &syntax.kind {
        SyntaxKind::Name(name) => variables.get(name.as_str()).copied().unwrap_or_default(),
        SyntaxKind::Loop { range, parts, variable, .. } => {
            let own = usize::from(is_long(range) && !mentions(range, bound));
            let before = depth(range, variables, bound);
            bound.push(variable);
            let inner =
                parts.iter().map(|part| depth(part, variables, bound)).max().unwrap_or_default();
            bound.pop();
            before.max(inner.saturating_add(own))
        }
        _ => syntax
            .parts()
            .into_iter()
            .map(|part| depth(part, variables, bound))
            .max()
            .unwrap_or_default(),
    }
}

fn mentions(range: &Syntax, bound: &[&str]) -> bool {
    let mut found = false;
    range.walk(&mut |part| {
        found |= matches!(&part.kind, SyntaxKind::Name(name) if bound.contains(&name.as_str()));
    });
    found
}

/// Whether a list is as long as an event makes it: literals, parameters and parts of a text are short.
fn is_long(range: &Syntax) -> bool {
    match &range.kind {
        SyntaxKind::List(_) | SyntaxKind::Literal(_) => false,
        SyntaxKind::Call { function, .. } => function != "split" && function != "_+_",
        _ => !crate::infer::path(range).is_some_and(|path| path.starts_with("params.")),
    }
}
