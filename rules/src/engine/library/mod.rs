//! What policies can call beyond the CEL standard library, one file a domain.

mod address;
mod arn;
mod captures;
mod convert;
mod entries;
mod iam;
mod internet;
mod json;
mod macros;
mod network;
mod nodes;
mod paths;
pub(super) mod regexes;
mod sets;
mod text;
mod time;
mod values;

pub use iam::refuses_plain_http;

use std::sync::LazyLock;

use cel::{DeclarationError, Env, ExecutionError};

/// A call as written in a policy, and what it gives, in one line. A receiver is one letter.
type Doc = (&'static str, &'static str);

/// A group of functions, declared and documented together.
struct Domain {
    docs: &'static [Doc],
    add: fn(&mut Env) -> Result<(), DeclarationError>,
}

const DOMAINS: &[Domain] = &[
    Domain { docs: macros::DOCS, add: macros::add },
    Domain { docs: text::DOCS, add: text::add },
    Domain { docs: &[], add: regexes::add },
    Domain { docs: captures::DOCS, add: captures::add },
    Domain { docs: sets::DOCS, add: sets::add },
    Domain { docs: time::DOCS, add: time::add },
    Domain { docs: network::DOCS, add: network::add },
    Domain { docs: internet::DOCS, add: internet::add },
    Domain { docs: arn::DOCS, add: arn::add },
    Domain { docs: json::DOCS, add: json::add },
    Domain { docs: paths::DOCS, add: paths::add },
    Domain { docs: iam::DOCS, add: iam::add },
];

/// Every function and macro, for the reference page and for suggestions.
pub(super) static DOCS: LazyLock<Vec<Doc>> =
    LazyLock::new(|| DOMAINS.iter().flat_map(|domain| domain.docs).copied().collect());

/// Declares the whole library on `env`.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    for domain in DOMAINS {
        (domain.add)(env)?;
    }
    Ok(())
}

/// A failed call of `function`.
fn fail(function: &str, message: impl ToString) -> ExecutionError {
    ExecutionError::function_error(function, message)
}

/// The start of `text`, short enough for an error message.
fn excerpt(text: &str) -> String {
    const LIMIT: usize = 60;
    let mut short: String = text.chars().take(LIMIT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod testing {
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
        crate::engine::budget::reset(1);
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
        crate::engine::budget::reset(1);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_documented_once() {
        let mut signatures: Vec<_> = DOCS.iter().map(|(signature, _)| signature).collect();
        signatures.sort_unstable();
        signatures.dedup();
        assert_eq!(signatures.len(), DOCS.len());
        assert!(DOCS.iter().all(|(_, summary)| !summary.is_empty() && !summary.ends_with('.')));
    }

    #[test]
    fn an_excerpt_is_short() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"é".repeat(500)).chars().count(), 61);
    }
}
