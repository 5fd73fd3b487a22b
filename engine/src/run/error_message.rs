//! Converts errors of the crate `cel` into messages that contain no evaluated value.
//!
//! An event can contain secrets, and more people can read an error than the event. Therefore a
//! message contains only names of types, names of functions, and text of the policy itself.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};
use cel::{ExecutionError, Value};

/// The error messages of the crate `cel` and of the library that contain no values. An entry is a
/// complete message, or the beginning of a message that continues with a number or a type name. A
/// message that is not in the list may contain a value, so a general message replaces it.
const SAFE_MESSAGES: &[&str] = &[
    "a backslash must precede a digit or a backslash",
    "a condition is not an object",
    "a key is not a string",
    "a key occurs more than once",
    "a rule lacks a field",
    "a statement is not an object",
    "a string is longer than ",
    "a value of type ",
    "an argument is missing",
    "an argument must be a string",
    "an element is not a string",
    "an object where strings are expected",
    "control character ",
    "EOF while parsing ",
    "expected `,` or `]` at line ",
    "expected `,` or `}` at line ",
    "expected `:` at line ",
    "expected ident at line ",
    "expected value at line ",
    "input contains invalid characters",
    "input is not enough for unique date and time",
    "input is out of range",
    "integer overflow",
    "invalid escape at line ",
    "invalid number at line ",
    "invalid unicode code point at line ",
    "key must be a string at line ",
    "list elements must be comparable",
    "list elements must have the same type",
    "lone leading surrogate in hex escape at line ",
    "needs a list or a map, not a value of type ",
    "needs a string",
    "needs a value and a path",
    "needs an account id",
    "needs two ",
    "not a map",
    "number out of range at line ",
    "optional.none() dereference",
    "out of range",
    "premature end of input",
    "range error parsing duration",
    "range error parsing timestamp",
    "recursion limit exceeded at line ",
    "the argument must be a list",
    "the comparison with this pattern exceeds the step limit",
    "the decoded text is not utf-8",
    "the evaluation exceeds its budget of ",
    "the list must not be empty",
    "the lists have more than ",
    "the pattern has more than one group",
    "statement ",
    "the policy document has no statement",
    "the policy document is not an object",
    "the replacement names a group that the pattern does not have",
    "the result is longer than ",
    "the text is longer than ",
    "the value nests deeper than ",
    "timestamp out of range",
    "trailing characters at line ",
    "trailing comma at line ",
    "trailing input",
];

/// The endings of the library messages that begin with a quoted value.
const QUOTED_TEXT_ENDINGS: &[&str] =
    &[" is not an ip address", " is not a cidr range", " is not an arn", " is not an effect"];

/// The type names that an error message may contain.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "int",
    "list",
    "map",
    "null",
    "null_type",
    "optional_type",
    "string",
    "timestamp",
    "type",
    "uint",
    "function",
];

/// Returns the message for an error at `node`.
pub(super) fn describe_error(error: &ExecutionError, node: &IdedExpr) -> String {
    let kind = |value: &Value| value.type_of().to_string();
    match error {
        ExecutionError::NoSuchKey(key) if is_written(node, key) => format!("no such key: `{key}`"),
        ExecutionError::NoSuchKey(_) => "no such key".to_owned(),
        ExecutionError::NoSuchOverload(overload) => {
            let name = overload.function().trim_start_matches('@');
            format!("`{name}` does not accept ({})", overload.argument_types().join(", "))
        }
        ExecutionError::UndeclaredReference(name) => format!("undeclared name `{name}`"),
        ExecutionError::FunctionError { function, message } => {
            format!("{}: {}", function.trim_start_matches('@'), describe_function_error(message))
        }
        ExecutionError::UnexpectedType { got, want } => {
            let got = TYPES.iter().find(|kind| **kind == got.as_str()).unwrap_or(&"another type");
            format!("expected {want}, got {got}")
        }
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            format!("`{operator}` does not accept ({}, {})", kind(left), kind(right))
        }
        ExecutionError::ValuesNotComparable(left, right) => {
            format!("{} and {} cannot be compared", kind(left), kind(right))
        }
        ExecutionError::UnsupportedIndex(index, value) => {
            format!("a value of type {} cannot be indexed by {}", kind(value), kind(index))
        }
        ExecutionError::UnsupportedKeyType(key) => {
            format!("a value of type {} cannot be a map key", kind(key))
        }
        ExecutionError::DuplicateKey(_) => "a key occurs more than once".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "division by zero".to_owned()
        }
        ExecutionError::Overflow(operator, ..) => format!("`{operator}` overflows"),
        ExecutionError::IndexOutOfBounds(_) => "the index is out of bounds".to_owned(),
        ExecutionError::InvalidArgumentCount { expected, actual } => {
            format!("expected {expected} arguments, got {actual}")
        }
        ExecutionError::MissingArgumentOrTarget => "an argument is missing".to_owned(),
        ExecutionError::NotSupportedAsMethod { method, target } => {
            format!("`{method}` is not a method of {}", kind(target))
        }
        // All other errors contain the values that caused them.
        _ => "the expression cannot be evaluated".to_owned(),
    }
}

/// Returns whether the policy itself contains the key, as a field name or as a string literal
/// between brackets.
fn is_written(node: &IdedExpr, key: &str) -> bool {
    match &node.expr {
        Expr::Select(select) => select.field == key,
        Expr::Call(call) => {
            let indexes = [operators::INDEX, operators::OPT_INDEX, operators::OPT_SELECT];
            indexes.contains(&call.func_name.as_str())
                && matches!(
                    call.args.last().map(|index| &index.expr),
                    Some(Expr::Literal(LiteralValue::String(text))) if text.inner() == key
                )
        }
        _ => false,
    }
}

/// Returns the message of a failed function without its arguments.
fn describe_function_error(message: &str) -> String {
    if SAFE_MESSAGES.iter().any(|known| message.starts_with(known)) {
        return message.to_owned();
    }
    if message.starts_with("bad pattern ") {
        return "bad pattern".to_owned();
    }
    match QUOTED_TEXT_ENDINGS.iter().find(|ending| message.ends_with(**ending)) {
        Some(ending) => format!("the string{ending}"),
        None => "the function cannot use its arguments".to_owned(),
    }
}
