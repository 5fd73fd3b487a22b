//! Policies that find what another finds already.

use super::type_check::PolicyExpressions;
use evenkeel_engine::{SyntaxKind, SyntaxNode};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{ExpressionRole, Policy, PolicySet};
use std::collections::BTreeMap;

/// Policies with the expressions of another that watches at least the same.
///
/// `deciding` has what [decides](canonicalize_logic) in each policy, in their order.
pub(super) fn lint_duplicates(set: &PolicySet, deciding: &[String]) -> Vec<Diagnostic> {
    let mut alike: BTreeMap<&str, Vec<&Policy>> = BTreeMap::new();
    for (policy, deciding) in set.policies().iter().zip(deciding) {
        alike.entry(deciding).or_default().push(policy);
    }
    let mut found = Vec::new();
    for policies in alike.into_values().filter(|policies| policies.len() > 1) {
        for policy in &policies {
            // Of two that are the same, the later one is one too many.
            let other = policies.iter().find(|other| {
                other.id != policy.id
                    && is_match_superset(other, policy)
                    && (!is_match_superset(policy, other) || other.id < policy.id)
            });
            if let Some(other) = other {
                let message = format!("`{}` finds all that this finds", other.id);
                let span = super::locate_word(policy.file_text(), "// match:", "match");
                found.push(Diagnostic::new_warning(
                    "duplicate-policy",
                    &policy.file,
                    span,
                    message,
                ));
            }
        }
    }
    found
}

/// Whether `one` watches all that `other` watches.
fn is_match_superset(one: &Policy, other: &Policy) -> bool {
    let (one, other) = (&one.matches, &other.matches);
    let all = |of: &[String], within: &[String]| of.iter().all(|name| within.contains(name));
    one.outcome == other.outcome
        && all(&other.event_source, &one.event_source)
        && all(&other.event_name, &one.event_name)
        && all(&other.resource_type, &one.resource_type)
}

/// What decides whether a policy finds something, however it is laid out.
pub(super) fn canonicalize_logic(policy: &Policy, expressions: &PolicyExpressions<'_>) -> String {
    let mut text = String::new();
    for (written, syntax) in expressions {
        if matches!(written.role, ExpressionRole::Body | ExpressionRole::Variable(_)) {
            text += &format!("{:?} ", written.role);
            write_canonical_syntax(syntax, &mut text);
        }
    }
    for (name, parameter) in &policy.parameters {
        text += &format!("{name} {}\n", parameter.default);
    }
    text
}

/// An expression without its layout.
fn write_canonical_syntax(syntax: &SyntaxNode, out: &mut String) {
    out.push('(');
    *out += &match &syntax.kind {
        SyntaxKind::Name(name) => name.clone(),
        SyntaxKind::Literal(value) => value.to_string(),
        SyntaxKind::Field { field, optional, .. } => format!(".{field} {optional}"),
        SyntaxKind::Has { field, .. } => format!("has {field}"),
        SyntaxKind::Call { function, target, .. } => format!("{function} {}", target.is_some()),
        SyntaxKind::List(_) => "list".to_owned(),
        SyntaxKind::Map(_) => "map".to_owned(),
        SyntaxKind::Loop { name, variable, .. } => format!("{name} {variable}"),
        SyntaxKind::Bind { name, .. } => format!("bind {name}"),
    };
    for part in syntax.direct_parts() {
        write_canonical_syntax(part, out);
    }
    out.push(')');
}
