//! Whether the expressions of a policy fit the events that they are about, and each other.

use crate::types::inference::TypeInference;
use evenkeel_engine::{FunctionSet, SyntaxNode};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, PolicyExpression};

/// The expressions of a policy, as they were written and as they read.
pub(super) type PolicyExpressions<'p> = [(PolicyExpression<'p>, SyntaxNode)];

/// The expressions of a policy: each compiled already, and read once more as its author wrote it.
pub(crate) fn parse_expressions(policy: &Policy) -> Vec<(PolicyExpression<'_>, SyntaxNode)> {
    policy
        .list_expressions()
        .filter_map(|written| {
            let syntax = SyntaxNode::parse_text(written.text).ok()?;
            Some((written, syntax))
        })
        .collect()
}

/// What is wrong with the types in a policy.
pub(super) fn lint_types(
    policy: &Policy,
    functions: &FunctionSet,
    expressions: &PolicyExpressions<'_>,
) -> Vec<Diagnostic> {
    let all: Vec<&SyntaxNode> = expressions.iter().map(|one| &one.1).collect();
    let mut inference = TypeInference::new(policy, functions, &all);
    let mut found = Vec::new();
    for (written, syntax) in expressions {
        for remark in inference.infer_expression(written.role, syntax) {
            found.push(Diagnostic {
                code: remark.code,
                level: remark.level,
                file: policy.file.clone(),
                span: written.file_span(&remark.span),
                message: remark.message,
                help: remark.help,
            });
        }
    }
    found
}
