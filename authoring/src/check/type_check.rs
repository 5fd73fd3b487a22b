//! Reports type errors, unknown fields and unknown values in the expressions of a policy.

use crate::types::ExpressionType;
use crate::types::inference::TypeInference;
use evenkeel_engine::{FunctionSet, SyntaxNode};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{ExpressionRole, Policy, PolicyExpression};

/// The expressions of a policy: the text of each and its syntax tree.
pub(super) type PolicyExpressions<'p> = [(PolicyExpression<'p>, SyntaxNode)];

/// Parses the expressions of a policy, and returns each with its syntax tree as the author wrote
/// it.
pub(crate) fn parse_expressions(policy: &Policy) -> Vec<(PolicyExpression<'_>, SyntaxNode)> {
    policy
        .list_expressions()
        .filter_map(|written| {
            let syntax = SyntaxNode::parse_text(written.text).ok()?;
            Some((written, syntax))
        })
        .collect()
}

/// Returns the diagnostics about types, fields and values in a policy's expressions.
pub(super) fn lint_types(
    policy: &Policy,
    functions: &FunctionSet,
    expressions: &PolicyExpressions<'_>,
) -> Vec<Diagnostic> {
    let all: Vec<&SyntaxNode> = expressions.iter().map(|one| &one.1).collect();
    let mut inference = TypeInference::new(policy, functions, &all);
    if let Some(kind) = infer_element_type(policy, functions, expressions) {
        inference.set_name_type("each", kind);
    }
    let mut found = Vec::new();
    for (written, syntax) in expressions {
        for issue in inference.infer_expression(written.role, syntax) {
            found.push(Diagnostic {
                code: issue.code,
                level: issue.level,
                file: policy.file.clone(),
                span: written.file_span(&issue.span),
                message: issue.message,
                help: issue.help,
            });
        }
    }
    found
}

/// Returns the parameters of the request that a policy reads, by name, with their types.
pub(super) fn infer_read_parameters(
    policy: &Policy,
    functions: &FunctionSet,
    expressions: &PolicyExpressions<'_>,
) -> Vec<(String, ExpressionType)> {
    let all: Vec<&SyntaxNode> = expressions.iter().map(|one| &one.1).collect();
    let mut inference = TypeInference::new(policy, functions, &all);
    if let Some(kind) = infer_element_type(policy, functions, expressions) {
        inference.set_name_type("each", kind);
    }
    for (written, syntax) in expressions {
        inference.infer_expression(written.role, syntax);
    }
    inference.into_read_parameters()
}

/// Returns the type of `each`: the type of the elements of `resource.each`. Variables above and below
/// it can use the name, so that its type must be known before their types.
fn infer_element_type(
    policy: &Policy,
    functions: &FunctionSet,
    expressions: &PolicyExpressions<'_>,
) -> Option<ExpressionType> {
    let all: Vec<&SyntaxNode> = expressions.iter().map(|one| &one.1).collect();
    let mut inference = TypeInference::new(policy, functions, &all);
    for (written, syntax) in expressions {
        if *written.role == ExpressionRole::ResourceList {
            return Some(inference.infer_element_type(syntax));
        }
        inference.infer_expression(written.role, syntax);
    }
    None
}
