//! The engine's errors in our style, without any value that was evaluated.
//!
//! What an event holds may be a secret, and an error goes where more people read than may read the event: names
//! of types, of functions and of what the policy itself says are all that is told.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};
use cel::{ExecutionError, Value};

/// What the engine and the library say of a call that failed: all of the text, or how it begins where a number or
/// the name of a type follows. Whatever is not listed may hold a value.
const SAFE_MESSAGES: &[&str] = &[
    "a backslash must precede a digit or a backslash",
    "a condition is not an object",
    "a key is not a string",
    "a key repeats",
    "a list is needed",
    "a statement is not an object",
    "a text is needed",
    "a value of type ",
    "an argument is missing",
    "an element is no string",
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
    "more than ",
    "nests too deep",
    "not a map",
    "number out of range at line ",
    "optional.none() dereference",
    "out of range",
    "premature end of input",
    "range error parsing duration",
    "range error parsing timestamp",
    "recursion limit exceeded at line ",
    "text longer than ",
    "the decoded text is not utf-8",
    "the list must not be empty",
    "the lists are too long",
    "the pattern has more than one group",
    "the pattern takes too long on this string",
    "the policy document has no statement",
    "the policy document is not an object",
    "the replacement names a group the pattern lacks",
    "the result is too long",
    "the text is too long",
    "timestamp out of range",
    "trailing characters at line ",
    "trailing comma at line ",
    "trailing input",
    "wants a list or a map, not a value of type ",
    "wants a string",
    "wants a value and a path",
    "wants an account id",
    "wants two ",
];

/// How the library ends what it says of a text that it quotes.
const QUOTED_TEXT_ENDINGS: &[&str] =
    &[" is not an ip address", " is not a cidr range", " is not an arn", " is not an effect"];

/// The types of which an error may say that a value is of one.
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

/// What went wrong at `node`.
pub(super) fn describe_error(error: &ExecutionError, node: &IdedExpr) -> String {
    let kind = |value: &Value| value.type_of().to_string();
    match error {
        ExecutionError::NoSuchKey(key) if is_written(node, key) => format!("no such key: `{key}`"),
        ExecutionError::NoSuchKey(_) => "no such key".to_owned(),
        ExecutionError::NoSuchOverload(overload) => {
            let name = overload.function().trim_start_matches('@');
            format!("`{name}` does not take ({})", overload.argument_types().join(", "))
        }
        ExecutionError::UndeclaredReference(name) => format!("undeclared name `{name}`"),
        ExecutionError::FunctionError { function, message } => {
            format!("{}: {}", function.trim_start_matches('@'), describe_function_error(message))
        }
        ExecutionError::UnexpectedType { got, want } => {
            let got = TYPES.iter().find(|kind| **kind == got.as_str()).unwrap_or(&"another");
            format!("a {want} is needed, this is {got}")
        }
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            format!("`{operator}` does not take ({}, {})", kind(left), kind(right))
        }
        ExecutionError::ValuesNotComparable(left, right) => {
            format!("{} and {} cannot be compared", kind(left), kind(right))
        }
        ExecutionError::UnsupportedIndex(index, value) => {
            format!("a {} has no elements by {}", kind(value), kind(index))
        }
        ExecutionError::UnsupportedKeyType(key) => format!("a {} cannot be a key", kind(key)),
        ExecutionError::DuplicateKey(_) => "a key repeats".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "division by zero".to_owned()
        }
        ExecutionError::Overflow(operator, ..) => format!("`{operator}` overflows"),
        ExecutionError::IndexOutOfBounds(_) => "the index is out of bounds".to_owned(),
        ExecutionError::InvalidArgumentCount { expected, actual } => {
            format!("{expected} arguments are needed, these are {actual}")
        }
        ExecutionError::MissingArgumentOrTarget => "an argument is missing".to_owned(),
        ExecutionError::NotSupportedAsMethod { method, target } => {
            format!("`{method}` is no method of {}", kind(target))
        }
        // Whatever else the engine may say holds the values that it is about.
        _ => "it cannot be evaluated".to_owned(),
    }
}

/// Whether the policy itself names the key: as a field, or as a text between brackets.
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

/// What a function says, without what it was given.
fn describe_function_error(message: &str) -> String {
    if SAFE_MESSAGES.iter().any(|known| message.starts_with(known)) {
        return message.to_owned();
    }
    if message.starts_with("bad pattern ") {
        return "bad pattern".to_owned();
    }
    match QUOTED_TEXT_ENDINGS.iter().find(|ending| message.ends_with(**ending)) {
        Some(ending) => format!("the text{ending}"),
        None => "it cannot use what it is given".to_owned(),
    }
}
