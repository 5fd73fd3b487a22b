//! Variables and parameters that nothing looks at.

use super::typed::Expressions;
use evenkeel_engine::{Syntax, SyntaxKind};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, Role};
use serde_json::Value;

/// What of a policy is written and never used.
pub(super) fn lint(policy: &Policy, expressions: &Expressions<'_>) -> Vec<Diagnostic> {
    let (mut names, mut params) = (Vec::new(), Some(Vec::new()));
    for (_, syntax) in expressions {
        syntax.walk(&mut |part| {
            names.extend(name(part));
            for child in part.parts().into_iter().filter(|child| name(child) == Some("params")) {
                match (field(part, child), &mut params) {
                    (Some(field), Some(params)) => params.push(field.to_owned()),
                    // Handed on as a whole: who knows what is used of it.
                    (None, params) => *params = None,
                    (Some(_), None) => {}
                }
            }
        });
    }
    let wrong = |code, span, message| Diagnostic::warning(code, &policy.file, span, message);
    let mut found = Vec::new();
    for (written, _) in expressions {
        if let Role::Variable(variable) = written.role
            && !names.contains(&variable.as_str())
        {
            let span = written.span(&(0..written.text.len()));
            let before = policy.text().get(..span.start).unwrap_or_default();
            let start = before.rfind(variable.as_str()).unwrap_or(span.start);
            let span = start..start.saturating_add(variable.len());
            found.push(wrong(
                "unused-variable",
                span,
                format!("nothing uses the variable `{variable}`"),
            ));
        }
    }
    for parameter in policy.parameters.keys() {
        if params.as_ref().is_some_and(|params| !params.contains(parameter)) {
            let span = super::place(policy.text(), "parameters:", parameter);
            found.push(wrong(
                "unused-parameter",
                span,
                format!("nothing uses `params.{parameter}`"),
            ));
        }
    }
    found
}

fn name(part: &Syntax) -> Option<&str> {
    match &part.kind {
        SyntaxKind::Name(name) => Some(name),
        _ => None,
    }
}

/// The field of `of` that a part is.
fn field<'s>(part: &'s Syntax, of: &Syntax) -> Option<&'s str> {
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
