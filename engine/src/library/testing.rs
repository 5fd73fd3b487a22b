//! Evaluates an expression against the whole library.

use cel::common::value::Val;
use cel::{Context, Env, Value, extensions};
use std::sync::Arc;

fn env() -> Env {
    let mut env = Env::stdlib();
    env.add_extension(extensions::strings).unwrap();
    env.add_extension(extensions::lists).unwrap();
    env.add_extension(super::add).unwrap();
    env
}

/// The value of `source`, or what went wrong.
pub(super) fn eval(source: &str) -> Result<Value, String> {
    eval_with(source, &[])
}

/// The value of `source`, given variables.
pub(super) fn eval_with(source: &str, vars: &[(&str, &str)]) -> Result<Value, String> {
    crate::run::budget::reset(1);
    let env = Arc::new(env());
    let program = env.compile(source).map_err(|error| error.to_string())?;
    let mut context = Context::with_env(Arc::clone(&env));
    for (name, value) in vars {
        context.add_variable_from_value(*name, (*value).to_owned());
    }
    program.execute(&context).map_err(|error| error.to_string())
}

/// The value of `source`, given a value for `x`.
pub(super) fn eval_val(source: &str, x: &dyn Val) -> Result<Value, String> {
    crate::run::budget::reset(1);
    let env = Arc::new(env());
    let program = env.compile(source).map_err(|error| error.to_string())?;
    let mut context = Context::with_env(Arc::clone(&env));
    context.add_variable_as_val("x", x.clone_as_boxed());
    program.execute(&context).map_err(|error| error.to_string())
}

/// Asserts that every expression is true.
pub(super) fn holds(sources: &[&str]) {
    for source in sources {
        assert_eq!(eval(source), Ok(Value::Bool(true)), "{source}");
    }
}

/// Asserts that every expression fails, with a message that has `part` in it.
pub(super) fn fails(part: &str, sources: &[&str]) {
    for source in sources {
        let error = eval(source).expect_err(source);
        assert!(error.contains(part), "{source}: {error}");
    }
}
