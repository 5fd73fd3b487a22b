//! Runs the CEL conformance cases of `tests/conformance/` with our engine.

use evenkeel_engine::{
    EvaluationScope, ExpressionCompiler, ExpressionValue, FunctionSet, on_large_stack,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    expr: String,
    want: Option<String>,
    #[serde(default)]
    error: bool,
    #[serde(default)]
    bindings: BTreeMap<String, String>,
    /// The reason why our engine differs from the specification, if it does.
    known: Option<String>,
}

impl Case {
    /// Returns a CEL expression that is true if the result equals `want` in value and type.
    fn source(&self) -> String {
        let expr = &self.expr;
        let compared = match &self.want {
            Some(want) => format!("[({expr}\n)].all(q, q == ({want}) && type(q) == type({want}))"),
            None => expr.clone(),
        };
        self.bindings
            .iter()
            .fold(compared, |inner, (name, value)| format!("cel.bind({name}, {value}, {inner})"))
    }

    /// Returns whether the engine follows the specification in this case.
    fn holds(&self) -> bool {
        assert_ne!(
            self.want.is_some(),
            self.error,
            "{}: a case needs either `want` or `error: true`",
            self.name
        );
        let source = self.source();
        let answer = on_large_stack(|| {
            let functions = FunctionSet::default();
            let mut compiler = ExpressionCompiler::new(&functions);
            let expression = compiler.compile_expression(&source, &[])?;
            expression.evaluate_in(&<EvaluationScope<'_>>::default(), &compiler.into_sources())
        });
        match answer.unwrap() {
            Ok(answer) => answer == ExpressionValue::Bool(true) && !self.error,
            Err(_) => self.error,
        }
    }
}

#[test]
fn the_engine_follows_the_specification_except_for_known_differences() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let (mut cases, mut known, mut wrong) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for case in serde_saphyr::from_str::<Vec<Case>>(&text).unwrap() {
            cases += 1;
            known += usize::from(case.known.is_some());
            // A known difference must still exist; otherwise `known` is out of date.
            if case.holds() == case.known.is_some() {
                wrong.push(format!("{}: {}: {}", path.display(), case.name, case.expr));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    // policies/README.md states these numbers.
    assert_eq!((cases, known), (926, 4));
}
