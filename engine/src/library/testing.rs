//! Test helpers that evaluate an expression with the whole library.

use cel::common::value::Val;
use cel::{Context, Env, Value, extensions};
use std::sync::Arc;

fn test_environment() -> Env {
    let mut env = Env::stdlib();
    env.add_extension(extensions::strings).unwrap();
    env.add_extension(extensions::lists).unwrap();
    env.add_extension(super::declare_library).unwrap();
    env
}

/// Evaluates `source`, and returns its value or the error message.
pub(super) fn evaluate_source(source: &str) -> Result<Value, String> {
    evaluate_with_texts(source, &[])
}

/// Evaluates `source` with string variables.
pub(super) fn evaluate_with_texts(source: &str, vars: &[(&str, &str)]) -> Result<Value, String> {
    crate::run::budget::reset_budget(1);
    let env = Arc::new(test_environment());
    let program = env.compile(source).map_err(|error| error.to_string())?;
    let mut context = Context::with_env(Arc::clone(&env));
    for (name, value) in vars {
        context.add_variable_from_value(*name, (*value).to_owned());
    }
    program.execute(&context).map_err(|error| error.to_string())
}

/// Evaluates `source` with the value `x`.
pub(super) fn evaluate_with_value(source: &str, x: &dyn Val) -> Result<Value, String> {
    crate::run::budget::reset_budget(1);
    let env = Arc::new(test_environment());
    let program = env.compile(source).map_err(|error| error.to_string())?;
    let mut context = Context::with_env(Arc::clone(&env));
    context.add_variable_as_val("x", x.clone_as_boxed());
    program.execute(&context).map_err(|error| error.to_string())
}

/// Asserts that every expression is true.
pub(super) fn assert_holds(sources: &[&str]) {
    for source in sources {
        assert_eq!(evaluate_source(source), Ok(Value::Bool(true)), "{source}");
    }
}

/// Asserts that every expression fails with a message that contains `part`.
pub(super) fn assert_fails(part: &str, sources: &[&str]) {
    for source in sources {
        let error = evaluate_source(source).expect_err(source);
        assert!(error.contains(part), "{source}: {error}");
    }
}
