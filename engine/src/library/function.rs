//! The type of documentation entries and the constructor of errors, which all functions of the
//! library use.

use cel::ExecutionError;

/// The documentation of a function: its signature, and a description of its result in one line. The
/// receiver of a method is one letter.
pub(super) type FunctionDoc = (&'static str, &'static str);

/// Creates the error of a failed call of `function`.
pub(super) fn function_error(function: &str, message: impl ToString) -> ExecutionError {
    ExecutionError::function_error(function, message)
}

/// Returns the first 60 characters of `text`, for an error message. A longer text ends with `…`.
pub(super) fn text_excerpt(text: &str) -> String {
    const LIMIT: usize = 60;
    let mut short: String = text.chars().take(LIMIT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::text_excerpt;

    #[test]
    fn an_excerpt_is_short() {
        assert_eq!(text_excerpt("short"), "short");
        assert_eq!(text_excerpt(&"é".repeat(500)).chars().count(), 61);
    }
}
