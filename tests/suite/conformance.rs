//! CEL as its specification has it: the cases of `tests/conformance/`, through our engine.

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
    /// Why our engine does otherwise.
    known: Option<String>,
}

impl Case {
    /// The expression, compared with what is wanted: an equal value of an equal type.
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

    /// Whether the engine does what the specification says.
    fn holds(&self) -> bool {
        assert_ne!(self.want.is_some(), self.error, "{}: a value or an error", self.name);
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
fn the_engine_agrees_with_the_specification_but_for_what_is_known() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let (mut cases, mut known, mut wrong) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for case in serde_saphyr::from_str::<Vec<Case>>(&text).unwrap() {
            cases += 1;
            known += usize::from(case.known.is_some());
            // What is known to differ must still differ, so that a repair is noticed.
            if case.holds() == case.known.is_some() {
                wrong.push(format!("{}: {}: {}", path.display(), case.name, case.expr));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    // The numbers that policies/README.md states.
    assert_eq!((cases, known), (926, 4));
}
