//! Policies that find what another finds already.

use super::typed::expressions;
use evenkeel_rules::engine::{Syntax, SyntaxKind};
use evenkeel_rules::policy::{Policy, PolicySet, Role};
use evenkeel_rules::{Diagnostic, Level};
use std::collections::BTreeMap;

/// Policies with the expressions of another that watches at least the same.
pub(super) fn lint(set: &PolicySet) -> Vec<Diagnostic> {
    let mut alike: BTreeMap<String, Vec<&Policy>> = BTreeMap::new();
    for policy in set.policies() {
        alike.entry(deciding(policy)).or_default().push(policy);
    }
    let mut found = Vec::new();
    for policies in alike.into_values().filter(|policies| policies.len() > 1) {
        for policy in &policies {
            // Of two that are the same, the later one is one too many.
            let other = policies.iter().find(|other| {
                other.id != policy.id
                    && covers(other, policy)
                    && (!covers(policy, other) || other.id < policy.id)
            });
            if let Some(other) = other {
                let message = format!("`{}` finds all that this finds", other.id);
                let span = super::events::place(policy.text(), "// METADATA", "match");
                let wrong = Diagnostic::error("duplicate-policy", &policy.file, span, message);
                found.push(Diagnostic { level: Level::Warning, ..wrong });
            }
        }
    }
    found
}

/// Whether `one` watches all that `other` watches.
fn covers(one: &Policy, other: &Policy) -> bool {
    let (one, other) = (&one.matches, &other.matches);
    let all = |of: &[String], within: &[String]| of.iter().all(|name| within.contains(name));
    one.outcome == other.outcome
        && all(&other.event_source, &one.event_source)
        && all(&other.event_name, &one.event_name)
        && all(&other.resource_type, &one.resource_type)
}

/// What decides whether a policy finds something, however it is laid out.
fn deciding(policy: &Policy) -> String {
    let mut text = String::new();
    for (written, mut syntax) in expressions(policy) {
        if matches!(written.role, Role::Body | Role::Variable(_)) {
            forget_places(&mut syntax);
            text += &format!("{:?} {:?}\n", written.role, syntax.kind);
        }
    }
    for (name, parameter) in &policy.parameters {
        text += &format!("{name} {}\n", parameter.default);
    }
    text
}

fn forget_places(syntax: &mut Syntax) {
    syntax.span = 0..0;
    match &mut syntax.kind {
        SyntaxKind::Name(_) | SyntaxKind::Literal(_) => {}
        SyntaxKind::Field { of, .. } | SyntaxKind::Has { of, .. } => forget_places(of),
        SyntaxKind::Call { target, args, .. } => {
            if let Some(target) = target {
                forget_places(target);
            }
            args.iter_mut().for_each(forget_places);
        }
        SyntaxKind::List(elements) => elements.iter_mut().for_each(forget_places),
        SyntaxKind::Map(entries) => {
            for (key, value) in entries {
                forget_places(key);
                forget_places(value);
            }
        }
        SyntaxKind::Loop { range, parts, .. } => {
            forget_places(range);
            parts.iter_mut().for_each(forget_places);
        }
        SyntaxKind::Bind { value, body, .. } => {
            forget_places(value);
            forget_places(body);
        }
    }
}
