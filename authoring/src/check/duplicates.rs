//! Warns about policies whose findings another policy also reports.

use super::type_check::PolicyExpressions;
use evenkeel_engine::{SyntaxKind, SyntaxNode};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{ExpressionRole, Policy, PolicySet};
use std::collections::BTreeMap;

/// Warns about each policy that has the same logic as another policy, if the other policy matches
/// at least the same events.
///
/// `logic` contains the [canonical logic](canonicalize_logic) of each policy, in the order of the
/// policies.
pub(super) fn lint_duplicates(set: &PolicySet, logic: &[String]) -> Vec<Diagnostic> {
    let mut alike: BTreeMap<&str, Vec<&Policy>> = BTreeMap::new();
    for (policy, logic) in set.policies().iter().zip(logic) {
        alike.entry(logic).or_default().push(policy);
    }
    let mut found = Vec::new();
    for policies in alike.into_values().filter(|policies| policies.len() > 1) {
        for policy in &policies {
            // If both policies match the same events, only the policy with the later id gets the
            // warning, because the author must delete only one of them.
            let other = policies.iter().find(|other| {
                other.id != policy.id
                    && is_match_superset(other, policy)
                    && (!is_match_superset(policy, other) || other.id < policy.id)
            });
            if let Some(other) = other {
                let message =
                    format!("policy `{}` reports everything that this policy reports", other.id);
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

/// Returns whether `one` matches all events and resource types that `other` matches.
fn is_match_superset(one: &Policy, other: &Policy) -> bool {
    let (one, other) = (&one.matches, &other.matches);
    let all = |of: &[String], within: &[String]| of.iter().all(|name| within.contains(name));
    one.outcome == other.outcome
        && all(&other.event_source, &one.event_source)
        && all(&other.event_name, &one.event_name)
        && all(&other.resource_type, &one.resource_type)
}

/// Returns the logic of a policy as text: its expressions without their layout, and the defaults of
/// its parameters.
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

/// Appends an expression without its layout.
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
