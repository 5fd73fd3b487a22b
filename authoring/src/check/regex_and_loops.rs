//! Warns about misleading regular expressions, and about nested loops that can exceed the
//! evaluation limit.

use super::type_check::PolicyExpressions;
use evenkeel_engine::{SyntaxKind, SyntaxNode};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{ExpressionRole, Policy};
use serde_json::Value;
use std::collections::BTreeMap;

/// The greatest depth of nested loops over independent lists that causes no warning.
const MAX_LOOP_DEPTH: usize = 1;

/// Warns about `|` inside a character class, and about nested loops over independent lists.
pub(super) fn lint_regex_and_loops(
    policy: &Policy,
    expressions: &PolicyExpressions<'_>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut loops = LoopDepths::default();
    for (written, syntax) in expressions {
        let mut warn = |code, part: &SyntaxNode, message: String, help: &str| {
            let span = written.file_span(&part.span);
            let wrong = Diagnostic::new_warning(code, &policy.file, span, message);
            found.push(wrong.with_help(Some(help.to_owned())));
        };
        syntax.walk_tree(&mut |part| {
            let pattern = find_regex_literal(part);
            if let Some((literal, text)) = pattern
                && has_bar_in_class(text)
            {
                let message =
                    "`|` in `[...]` is a literal character, not a separator of alternatives"
                        .to_owned();
                warn(
                    "regex-class",
                    literal,
                    message,
                    "write `(a|b)` for alternatives, or `\\|` for the character",
                );
            }
        });
        let depth = loops.measure_depth(syntax);
        if depth > MAX_LOOP_DEPTH {
            let message = format!("{depth} nested loops over independent lists of the event");
            warn(
                "costly",
                syntax,
                message,
                "long lists may exceed the evaluation limit; see `evenkeel explain costly`",
            );
        }
        if let ExpressionRole::Variable(name) = written.role {
            loops.variables.insert(name, depth);
        }
    }
    found
}

/// Returns the literal regular expression of a call, and its text.
fn find_regex_literal(part: &SyntaxNode) -> Option<(&SyntaxNode, &str)> {
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

/// The state of the measurement of an expression's loops.
#[derive(Default)]
struct LoopDepths<'s> {
    /// The loop depth of each variable of the policy.
    variables: BTreeMap<&'s str, usize>,
    /// The element variables of the enclosing loops.
    elements: Vec<&'s str>,
    /// The names that `cel.bind` binds to a value whose length does not depend on the event. A loop
    /// over such a value does not count.
    short: Vec<&'s str>,
}

impl<'s> LoopDepths<'s> {
    /// Returns the greatest depth of nested loops over independent lists whose length depends on
    /// the event.
    ///
    /// A loop over a part of an outer loop's element does not count, because it visits each part
    /// only once.
    fn measure_depth(&mut self, syntax: &'s SyntaxNode) -> usize {
        match &syntax.kind {
            SyntaxKind::Name(name) => {
                self.variables.get(name.as_str()).copied().unwrap_or_default()
            }
            SyntaxKind::Loop { range, parts, variable, .. } => {
                let own =
                    usize::from(self.is_long(range) && !mentions_element(range, &self.elements));
                let before = self.measure_depth(range);
                self.elements.push(variable);
                let inner = self.measure_deepest(parts.iter());
                self.elements.pop();
                before.max(inner.saturating_add(own))
            }
            SyntaxKind::Bind { name, value, body } => {
                let before = self.measure_depth(value);
                let short = !self.is_long(value);
                self.short.extend(short.then_some(name.as_str()));
                let inner = self.measure_depth(body);
                self.short.truncate(self.short.len().saturating_sub(usize::from(short)));
                before.max(inner)
            }
            _ => self.measure_deepest(syntax.direct_parts().into_iter()),
        }
    }

    fn measure_deepest(&mut self, parts: impl Iterator<Item = &'s SyntaxNode>) -> usize {
        parts.map(|part| self.measure_depth(part)).max().unwrap_or_default()
    }

    /// Returns whether the length of a list depends on the event. The result is false for literals,
    /// parameters, sums of lists and the parts of a split text.
    fn is_long(&self, range: &SyntaxNode) -> bool {
        match &range.kind {
            SyntaxKind::List(_) | SyntaxKind::Literal(_) => false,
            SyntaxKind::Name(name) => !self.short.contains(&name.as_str()),
            SyntaxKind::Call { function, args, .. } if function == "keys" => {
                args.iter().any(|range| self.is_long(range))
            }
            SyntaxKind::Call { function, .. } => function != "split" && function != "_+_",
            _ => !crate::types::inference::dotted_path(range)
                .is_some_and(|path| path.starts_with("params.")),
        }
    }
}

fn mentions_element(range: &SyntaxNode, elements: &[&str]) -> bool {
    let mut found = false;
    range.walk_tree(&mut |part| {
        found |= matches!(&part.kind, SyntaxKind::Name(name) if elements.contains(&name.as_str()));
    });
    found
}
