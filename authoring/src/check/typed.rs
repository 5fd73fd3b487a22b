//! Whether the expressions of a policy fit the events that they are about, and each other.

use crate::types::inference::Inference;
use evenkeel_engine::{Functions, Syntax};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, Written};

/// The expressions of a policy, as they were written and as they read.
pub(super) type Expressions<'p> = [(Written<'p>, Syntax)];

/// The expressions of a policy: each compiled already, and read once more as its author wrote it.
pub(crate) fn expressions(policy: &Policy) -> Vec<(Written<'_>, Syntax)> {
    policy
        .expressions()
        .filter_map(|written| {
            let syntax = Syntax::read(written.text).ok()?;
            Some((written, syntax))
        })
        .collect()
}

/// What is wrong with the types in a policy.
pub(super) fn lint(
    policy: &Policy,
    functions: &Functions,
    expressions: &Expressions<'_>,
) -> Vec<Diagnostic> {
    let all: Vec<&Syntax> = expressions.iter().map(|one| &one.1).collect();
    let mut inference = Inference::new(policy, functions, &all);
    let mut found = Vec::new();
    for (written, syntax) in expressions {
        for remark in inference.expression(written.role, syntax) {
            found.push(Diagnostic {
                code: remark.code,
                level: remark.level,
                file: policy.file.clone(),
                span: written.span(&remark.span),
                message: remark.message,
                help: remark.help,
            });
        }
    }
    found
}
