//! Warns about variables and parameters that no expression uses.

use super::type_check::PolicyExpressions;
use evenkeel_engine::{SyntaxKind, SyntaxNode};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{ExpressionRole, Policy};
use serde_json::Value;

/// Warns about the variables and parameters of a policy that no expression uses.
pub(super) fn lint_unused(policy: &Policy, expressions: &PolicyExpressions<'_>) -> Vec<Diagnostic> {
    let (mut names, mut params) = (Vec::new(), Some(Vec::new()));
    for (_, syntax) in expressions {
        syntax.walk_tree(&mut |part| {
            names.extend(referenced_name(part));
            for child in part
                .direct_parts()
                .into_iter()
                .filter(|child| referenced_name(child) == Some("params"))
            {
                match (accessed_field(part, child), &mut params) {
                    (Some(field), Some(params)) => params.push(field.to_owned()),
                    // An expression uses `params` as a whole, so it may use any parameter.
                    (None, params) => *params = None,
                    (Some(_), None) => {}
                }
            }
        });
    }
    let wrong = |code, span, message| Diagnostic::new_warning(code, &policy.file, span, message);
    let mut found = Vec::new();
    for (written, _) in expressions {
        if let ExpressionRole::Variable(variable) = written.role
            && !names.contains(&variable.as_str())
        {
            let span = written.file_span(&(0..written.text.len()));
            let before = policy.file_text().get(..span.start).unwrap_or_default();
            let start = before.rfind(variable.as_str()).unwrap_or(span.start);
            let span = start..start.saturating_add(variable.len());
            found.push(wrong(
                "unused-variable",
                span,
                format!("no expression uses the variable `{variable}`"),
            ));
        }
    }
    for parameter in policy.parameters.keys() {
        if params.as_ref().is_some_and(|params| !params.contains(parameter)) {
            let span = super::locate_word(policy.file_text(), "parameters:", parameter);
            found.push(wrong(
                "unused-parameter",
                span,
                format!("no expression uses `params.{parameter}`"),
            ));
        }
    }
    found
}

fn referenced_name(part: &SyntaxNode) -> Option<&str> {
    match &part.kind {
        SyntaxKind::Name(name) => Some(name),
        _ => None,
    }
}

/// Returns the name of the field of `of` that a part accesses.
fn accessed_field<'s>(part: &'s SyntaxNode, of: &SyntaxNode) -> Option<&'s str> {
    match &part.kind {
        SyntaxKind::Field { field, .. } | SyntaxKind::Has { field, .. } => Some(field),
        SyntaxKind::Call { function, args, .. }
            if ["_[_]", "_[?_]"].contains(&function.as_str()) =>
        {
            let key = args.get(1).filter(|_| args.first().is_some_and(|first| first == of))?;
            match &key.kind {
                SyntaxKind::Literal(Value::String(key)) => Some(key),
                _ => None,
            }
        }
        _ => None,
    }
}
