//! Warns about conditions with a constant result, and about events that a policy never reports.

use super::locate_word;
use super::type_check::PolicyExpressions;
use crate::services::events::has_event;
use evenkeel_engine::{SyntaxKind, SyntaxNode};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{ExpressionRole, Policy};
use serde_json::Value;
use std::collections::BTreeMap;

/// An event of `match`, of which the source and the name are known before an evaluation.
struct KnownEvent<'a> {
    source: &'a str,
    name: &'a str,
    variables: BTreeMap<&'a str, &'a SyntaxNode>,
}

/// Warns about conditions whose result is the same for every event of `match`, and about events for
/// which the body is always false.
pub(super) fn lint_constant_conditions(
    policy: &Policy,
    expressions: &PolicyExpressions<'_>,
) -> Vec<Diagnostic> {
    let variables: BTreeMap<&str, &SyntaxNode> =
        expressions.iter().filter_map(|one| as_variable_definition(&one.0, &one.1)).collect();
    let matches = &policy.matches;
    if matches.matches_any_name() {
        return Vec::new();
    }
    let mut events = Vec::new();
    for source in &matches.event_source {
        for name in matches.event_name.iter().filter(|name| has_event(source, name)) {
            events.push(KnownEvent { source, name, variables: variables.clone() });
        }
    }
    // A policy with `resourceType` is not checked: the same body also evaluates configuration
    // items, which have no event name.
    if events.is_empty() || !matches.resource_type.is_empty() {
        return Vec::new();
    }
    let Some((written, body)) = expressions.iter().find(|one| *one.0.role == ExpressionRole::Body)
    else {
        return Vec::new();
    };
    let dead: Vec<&KnownEvent<'_>> =
        events.iter().filter(|event| event.evaluates_to(body, false)).collect();
    let warn = |code, span, message| Diagnostic::new_warning(code, &policy.file, span, message);
    let mut found = Vec::new();
    if dead.len() == events.len() {
        let span = written.file_span(&body.span);
        let message = "the body is false for every event of `match`".to_owned();
        found.push(warn("constant-condition", span, message));
        return found;
    }
    for event in dead {
        let span = locate_word(policy.file_text(), "match:", event.name);
        let KnownEvent { source, name, .. } = event;
        let message = format!("the body is false for every {name} event of {source}");
        found.push(warn("dead-event", span, message));
    }
    for (written, syntax) in expressions {
        let mut constant = Vec::new();
        collect_constant_operands(syntax, &events, &mut constant);
        found.extend(constant.into_iter().map(|(part, truth)| {
            let message = format!("this condition is {truth} for every event of `match`");
            warn("constant-condition", written.file_span(&part.span), message)
        }));
    }
    found
}

fn as_variable_definition<'a>(
    written: &evenkeel_rules::policy::PolicyExpression<'a>,
    syntax: &'a SyntaxNode,
) -> Option<(&'a str, &'a SyntaxNode)> {
    match written.role {
        ExpressionRole::Variable(name) => Some((name.as_str(), syntax)),
        _ => None,
    }
}

/// Collects the outermost operands of `&&`, `||`, `!` and `?` that have one value for all events.
fn collect_constant_operands<'s>(
    syntax: &'s SyntaxNode,
    events: &[KnownEvent<'_>],
    constant: &mut Vec<(&'s SyntaxNode, bool)>,
) {
    let tests: &[SyntaxNode] = match &syntax.kind {
        SyntaxKind::Call { function, args, .. } => match function.as_str() {
            "_&&_" | "_||_" | "!_" => args,
            "_?_:_" => args.get(..1).unwrap_or_default(),
            _ => &[],
        },
        _ => &[],
    };
    for part in syntax.direct_parts() {
        let is_test = tests.iter().any(|test| std::ptr::eq(test, part));
        let truth = (is_test && !matches!(part.kind, SyntaxKind::Literal(_))).then(|| {
            [true, false]
                .into_iter()
                .find(|truth| events.iter().all(|event| event.evaluates_to(part, *truth)))
        });
        match truth.flatten() {
            Some(truth) => constant.push((part, truth)),
            None => collect_constant_operands(part, events, constant),
        }
    }
}

impl KnownEvent<'_> {
    fn evaluates_to(&self, syntax: &SyntaxNode, truth: bool) -> bool {
        self.evaluate_constant(syntax, 0) == Some(Value::Bool(truth))
    }

    /// Returns the value of an expression, if it depends only on the source and the name.
    fn evaluate_constant(&self, syntax: &SyntaxNode, depth: usize) -> Option<Value> {
        // Without this limit, deeply nested expressions could overflow the stack.
        if depth > 64 {
            return None;
        }
        let value = |syntax: &SyntaxNode| self.evaluate_constant(syntax, depth.saturating_add(1));
        match &syntax.kind {
            SyntaxKind::Literal(literal) => Some(literal.clone()),
            SyntaxKind::Name(name) => value(self.variables.get(name.as_str())?),
            SyntaxKind::Field { of, field, .. } if matches!(&of.kind, SyntaxKind::Name(name) if name == "event") => {
                match field.as_str() {
                    "eventName" => Some(self.name.into()),
                    "eventSource" => Some(self.source.into()),
                    _ => None,
                }
            }
            SyntaxKind::List(elements) => {
                elements.iter().map(value).collect::<Option<Vec<_>>>().map(Value::Array)
            }
            SyntaxKind::Call { target, function, args } => match target {
                Some(target) => {
                    evaluate_method(function, &value(target)?, value(args.first()?).as_ref())
                }
                None => evaluate_call(function, args, &value),
            },
            _ => None,
        }
    }
}

fn evaluate_method(function: &str, of: &Value, with: Option<&Value>) -> Option<Value> {
    if function == "orValue" {
        return Some(of.clone());
    }
    let (of, with) = (of.as_str()?, with?.as_str()?);
    match function {
        "startsWith" => Some(of.starts_with(with).into()),
        "endsWith" => Some(of.ends_with(with).into()),
        "contains" => Some(of.contains(with).into()),
        _ => None,
    }
}

fn evaluate_call(
    function: &str,
    args: &[SyntaxNode],
    value: &dyn Fn(&SyntaxNode) -> Option<Value>,
) -> Option<Value> {
    let truth = |syntax: &SyntaxNode| value(syntax).and_then(|value| value.as_bool());
    match (function, args) {
        ("_&&_", [left, right]) => match (truth(left), truth(right)) {
            (Some(false), _) | (_, Some(false)) => Some(false.into()),
            (Some(true), Some(true)) => Some(true.into()),
            _ => None,
        },
        ("_||_", [left, right]) => match (truth(left), truth(right)) {
            (Some(true), _) | (_, Some(true)) => Some(true.into()),
            (Some(false), Some(false)) => Some(false.into()),
            _ => None,
        },
        ("!_", [of]) => truth(of).map(|truth| (!truth).into()),
        ("_?_:_", [test, yes, no]) => match truth(test) {
            Some(true) => value(yes),
            Some(false) => value(no),
            None => None,
        },
        ("_==_", [left, right]) => Some((value(left)? == value(right)?).into()),
        ("_!=_", [left, right]) => Some((value(left)? != value(right)?).into()),
        ("in", [left, right]) => Some(value(right)?.as_array()?.contains(&value(left)?).into()),
        _ => None,
    }
}
