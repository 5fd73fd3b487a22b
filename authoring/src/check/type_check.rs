//! Reports type errors, unknown fields and unknown values in the expressions of a policy.

use crate::types::inference::TypeInference;
use evenkeel_engine::{FunctionSet, SyntaxNode};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, PolicyExpression};

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
