//! Whether the expressions of a policy fit the events that they are about, and each other.

use crate::types::inference::Inference;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::engine::{Functions, Syntax};
use evenkeel_rules::policy::{Policy, Written};
use std::borrow::Cow;

/// The expressions of a policy, as they were written and as they read.
pub(super) type Expressions<'p> = [(Written<'p>, Cow<'p, Syntax>)];

/// The expressions of a policy: each compiled already, and kept as it reads where the policy is watched.
pub(crate) fn expressions(policy: &Policy) -> Vec<(Written<'_>, Cow<'_, Syntax>)> {
    let mut all = Vec::new();
    for written in policy.expressions() {
        let kept = written.syntax.map(Cow::Borrowed);
        let syntax = kept.or_else(|| Syntax::read(written.text).ok().map(Cow::Owned));
        all.extend(syntax.map(|syntax| (written, syntax)));
    }
    all
}

/// What is wrong with the types in a policy.
pub(super) fn lint(
    policy: &Policy,
    functions: &Functions,
    expressions: &Expressions<'_>,
) -> Vec<Diagnostic> {
    let all: Vec<&Syntax> = expressions.iter().map(|one| &*one.1).collect();
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
