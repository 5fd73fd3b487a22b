//! Reports defaults in expressions that are not the defaults of AWS.

use super::type_check::PolicyExpressions;
use crate::services::defaults::find_default;
use evenkeel_engine::{SyntaxKind, SyntaxNode};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::Policy;
use serde_json::Value;

/// Warns about `request.?x.orValue(literal)` if AWS documents another default of `x` for an event of
/// the policy that creates a resource.
pub(super) fn lint_defaults(
    policy: &Policy,
    expressions: &PolicyExpressions<'_>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (written, syntax) in expressions {
        syntax.walk_tree(&mut |part| {
            let Some((parameters, literal)) = read_default(part) else { return };
            for parameter in parameters {
                let Some((operation, default)) = find_other_default(policy, parameter, &literal)
                else {
                    continue;
                };
                let message = format!(
                    "the default of `{parameter}` is `{default}` for {operation}, not `{literal}`"
                );
                let span = written.file_span(&part.span);
                found.push(Diagnostic::new_warning("wrong-default", &policy.file, span, message));
            }
        });
    }
    found
}

/// Returns the parameters of the request, and the literal, of `request.?a.or(request.?b).orValue(1)`.
fn read_default(part: &SyntaxNode) -> Option<(Vec<&str>, String)> {
    let SyntaxKind::Call { target: Some(target), function, args } = &part.kind else { return None };
    let [SyntaxNode { kind: SyntaxKind::Literal(literal), .. }] = args.as_slice() else {
        return None;
    };
    let literal = match literal {
        Value::Bool(_) | Value::Number(_) => literal.to_string(),
        Value::String(text) if !text.is_empty() => text.clone(),
        _ => return None,
    };
    (function == "orValue").then(|| (list_parameters(target), literal))
}

fn list_parameters(part: &SyntaxNode) -> Vec<&str> {
    match &part.kind {
        SyntaxKind::Field { of, field, .. } if is_of_request(of) => vec![field],
        SyntaxKind::Call { target: Some(target), function, args } if function == "or" => {
            args.iter().chain([&**target]).flat_map(list_parameters).collect()
        }
        _ => Vec::new(),
    }
}

fn is_of_request(part: &SyntaxNode) -> bool {
    match &part.kind {
        SyntaxKind::Name(name) => name == "request",
        SyntaxKind::Field { of, .. } => is_of_request(of),
        _ => false,
    }
}

/// Returns the first event of the policy that has another default, with this default.
fn find_other_default<'p>(
    policy: &'p Policy,
    parameter: &str,
    literal: &str,
) -> Option<(&'p str, &'static str)> {
    policy.matches.event_source.iter().find_map(|source| {
        policy.matches.event_name.iter().find_map(|operation| {
            let default = find_default(source, operation, parameter)?;
            (default != literal).then_some((operation.as_str(), default))
        })
    })
}
