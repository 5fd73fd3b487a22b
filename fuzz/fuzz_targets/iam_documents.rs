//! Calls the functions for IAM policy documents with arbitrary bytes as a document.
#![no_main]

use evenkeel_engine::ast::SourceTexts;
use evenkeel_engine::{
    CelError, CompiledExpression, EvaluationScope, ExpressionCompiler, ExpressionValue,
    FunctionSet, start_event_budget,
};
use evenkeel_iam::{PolicyDocument, Surroundings, grants_new_access};
use evenkeel_fuzz::{run_on_large_stack, run_within_limit};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const EXPRESSIONS: [&str; 9] = [
    "iam.statements(doc)",
    "iam.public(doc)",
    "iam.public_by_s3(doc)",
    "iam.outsiders(doc, '111122223333', ['222233334444'])",
    "iam.grants(doc, ['s3:Get*'], ['*'])",
    "iam.grants_all(doc, ['iam:*'], ['*'])",
    "iam.administrator(doc)",
    "iam.insecure(doc, ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'])",
    "iam.open_trust(doc)",
];

thread_local! {
    static COMPILED: Vec<(&'static str, CompiledExpression, SourceTexts)> =
        EXPRESSIONS.map(compile_expression).into();
}

fuzz_target!(|data: &[u8]| run_on_large_stack(data, check_document));

fn compile_expression(text: &'static str) -> (&'static str, CompiledExpression, SourceTexts) {
    let functions = FunctionSet::default();
    let mut compiler = ExpressionCompiler::new(&functions);
    let compiled = compiler.compile_expression(text, &["doc"]).expect("the expression is valid");
    (text, compiled, compiler.into_sources())
}

/// Evaluates each function twice, and checks that a document does not grant more than itself.
fn check_document(data: &[u8]) {
    let text = Value::from(String::from_utf8_lossy(data));
    let parsed = serde_json::from_slice::<Value>(data).ok().filter(Value::is_object);
    if let Some(document) = parsed.as_ref().and_then(|json| PolicyDocument::from_json(json).ok()) {
        let answer = grants_new_access(&document, &document, &Surroundings::default());
        assert!(!answer.is_yes(), "a document grants more than itself");
    }
    COMPILED.with(|compiled| {
        for (name, expression, sources) in compiled {
            let call = |doc: &Value| evaluate_with(expression, sources, doc);
            let of_text = run_within_limit(|| call(&text));
            assert_eq!(call(&text), of_text, "two calls of {name} differ");
            let Some(parsed) = &parsed else { continue };
            let of_value = run_within_limit(|| call(parsed));
            // A text and a value cost different units, so that only one of them may be too costly.
            if let (Ok(of_text), Ok(of_value)) = (&of_text, &of_value) {
                assert_eq!(of_text, of_value, "{name} of a text and of its value differ");
            }
        }
    });
}

fn evaluate_with(
    expression: &CompiledExpression,
    sources: &SourceTexts,
    doc: &Value,
) -> Result<ExpressionValue, CelError> {
    start_event_budget();
    let mut scope = EvaluationScope::default();
    scope.bind_value("doc", doc);
    expression.evaluate_in(&scope, sources)
}
