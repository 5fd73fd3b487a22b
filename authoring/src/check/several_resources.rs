//! Diagnostics for policies that report only one of the resources of a call.

use super::locate_word;
use super::type_check::PolicyExpressions;
use crate::services::models::{CallSide, ResolvedShape, ServiceModel, service_models};
use evenkeel_engine::{SyntaxKind, SyntaxNode};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{ExpressionRole, Policy, PolicyExpression};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Warns about an id of the resource that is the first element of a list of the call, and about calls
/// whose parameters identify several resources, if the policy does not define `resource.each`.
pub(super) fn lint_several_resources(
    policy: &Policy,
    expressions: &PolicyExpressions<'_>,
) -> Vec<Diagnostic> {
    if policy.evaluates_each_resource() {
        return Vec::new();
    }
    let found = lint_first_elements(policy, expressions);
    if found.is_empty() { lint_plural_calls(policy, expressions) } else { found }
}

/// Warns about each expression that takes the first element of a list of the call, if the id or the
/// ARN of the resource uses it.
fn lint_first_elements(policy: &Policy, expressions: &PolicyExpressions<'_>) -> Vec<Diagnostic> {
    let variables = variable_definitions(expressions);
    let identifying = identifying_variables(expressions, &variables);
    let mut found = Vec::new();
    for (written, syntax) in expressions {
        let identifies = match written.role {
            ExpressionRole::ResourceId | ExpressionRole::ResourceArn => true,
            ExpressionRole::Variable(name) => identifying.contains(name.as_str()),
            _ => false,
        };
        if !identifies {
            continue;
        }
        syntax.walk_tree(&mut |part| {
            if first_element_of(part).is_some_and(|list| is_list_of_call(list, &variables)) {
                found.push(Diagnostic::new_warning(
                    "first-resource",
                    &policy.file,
                    written.file_span(&part.span),
                    "the resource is the first element of a list; the policy does not report the \
                     other elements"
                        .to_owned(),
                ));
            }
        });
    }
    found
}

fn variable_definitions<'e>(
    expressions: &'e PolicyExpressions<'_>,
) -> BTreeMap<&'e str, &'e SyntaxNode> {
    let definition = |(written, syntax): &'e (PolicyExpression<'_>, SyntaxNode)| match written.role
    {
        ExpressionRole::Variable(name) => Some((name.as_str(), syntax)),
        _ => None,
    };
    expressions.iter().filter_map(definition).collect()
}

/// Returns the variables that the id or the ARN of the resource uses, directly or through other
/// variables.
fn identifying_variables<'e>(
    expressions: &'e PolicyExpressions<'_>,
    variables: &BTreeMap<&'e str, &'e SyntaxNode>,
) -> BTreeSet<&'e str> {
    let mut identifying = BTreeSet::new();
    let identity = |role: &ExpressionRole| {
        matches!(role, ExpressionRole::ResourceId | ExpressionRole::ResourceArn)
    };
    let mut open: Vec<&SyntaxNode> =
        expressions.iter().filter(|one| identity(one.0.role)).map(|one| &one.1).collect();
    while let Some(syntax) = open.pop() {
        syntax.walk_tree(&mut |part| {
            if let SyntaxKind::Name(name) = &part.kind
                && let Some((name, definition)) = variables.get_key_value(name.as_str())
                && identifying.insert(*name)
            {
                open.push(definition);
            }
        });
    }
    identifying
}

/// Returns the list of which a part is the first element: `list` of `list[0]` and `list[?0]`.
fn first_element_of(part: &SyntaxNode) -> Option<&SyntaxNode> {
    match &part.kind {
        SyntaxKind::Call { function, args, .. } if function.starts_with("_[") => match &args[..] {
            [list, index] if index.kind == SyntaxKind::Literal(Value::from(0)) => Some(list),
            _ => None,
        },
        _ => None,
    }
}

/// Returns whether a part is a list of the request or the response, or the elements of such a list
/// that a condition selects.
fn is_list_of_call(part: &SyntaxNode, variables: &BTreeMap<&str, &SyntaxNode>) -> bool {
    match &part.kind {
        SyntaxKind::Name(name) => {
            ["request", "response"].contains(&name.as_str())
                || variables.get(name.as_str()).is_some_and(|variable| {
                    // A variable uses only variables above it, so that the search ends.
                    is_list_of_call(variable, variables)
                })
        }
        SyntaxKind::Field { of, .. } => is_list_of_call(of, variables),
        SyntaxKind::Loop { name, range, .. } => {
            ["filter", "map"].contains(name) && is_list_of_call(range, variables)
        }
        SyntaxKind::Call { function, args, .. }
            if ["_?_:_", "_+_"].contains(&function.as_str()) =>
        {
            args.iter().any(|part| is_list_of_call(part, variables))
        }
        SyntaxKind::Call { target, function, args } => {
            let first = target.as_deref().or(args.first());
            ["as_list", "orValue", "or", "distinct", "sort"].contains(&function.as_str())
                && first.is_some_and(|first| is_list_of_call(first, variables))
        }
        SyntaxKind::Literal(_)
        | SyntaxKind::Has { .. }
        | SyntaxKind::List(_)
        | SyntaxKind::Map(_)
        | SyntaxKind::Bind { .. } => false,
    }
}

/// Warns about each event of `match` whose parameters identify the resource only by a list.
fn lint_plural_calls(policy: &Policy, expressions: &PolicyExpressions<'_>) -> Vec<Diagnostic> {
    let Some(identifying) = identifying_fields(expressions) else { return Vec::new() };
    let mut found = Vec::new();
    for source in &policy.matches.event_source {
        for name in &policy.matches.event_name {
            let list =
                service_models(source).find_map(|model| required_list(model, name, &identifying));
            if let Some(list) = list {
                let span = locate_word(policy.file_text(), "match:", name);
                let message = format!(
                    "{name} is about each element of `{list}`, but the policy does not define \
                     `resource.each`"
                );
                found.push(Diagnostic::new_warning(
                    "several-resources",
                    &policy.file,
                    span,
                    message,
                ));
            }
        }
    }
    found
}

/// Returns the fields of the request that the id or the ARN of the resource uses, or `None` if it
/// uses the response.
fn identifying_fields<'e>(expressions: &'e PolicyExpressions<'_>) -> Option<BTreeSet<&'e str>> {
    let variables = variable_definitions(expressions);
    let identifying = identifying_variables(expressions, &variables);
    let (mut fields, mut uses_response) = (BTreeSet::new(), false);
    for (written, syntax) in expressions {
        let identifies = match written.role {
            ExpressionRole::ResourceId | ExpressionRole::ResourceArn => true,
            ExpressionRole::Variable(name) => identifying.contains(name.as_str()),
            _ => false,
        };
        if identifies {
            syntax.walk_tree(&mut |part| match &part.kind {
                SyntaxKind::Name(name) => uses_response |= name == "response",
                SyntaxKind::Field { of, field, .. }
                    if matches!(&of.kind, SyntaxKind::Name(name) if name == "request") =>
                {
                    fields.insert(field.as_str());
                }
                _ => {}
            });
        }
    }
    (!uses_response).then_some(fields)
}

/// Returns the required parameter that is a list, if no parameter that is a text is required or
/// identifies the resource.
fn required_list(
    model: &'static ServiceModel,
    operation: &str,
    identifying: &BTreeSet<&str>,
) -> Option<&'static str> {
    let mut list = None;
    for member in model.side_members(operation, CallSide::Request) {
        let identifies = identifying.iter().any(|field| field.eq_ignore_ascii_case(member.name));
        match model.resolve_shape(member.shape) {
            ResolvedShape::Text | ResolvedShape::Enum(_) if member.required || identifies => {
                return None;
            }
            ResolvedShape::List(_) if member.required && list.is_none() => list = Some(member.name),
            _ => {}
        }
    }
    list
}
