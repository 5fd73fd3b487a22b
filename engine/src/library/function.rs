//! What the functions of the library share: how a call is documented, and how one fails.

use cel::ExecutionError;

/// A call as written in a policy, and what it gives, in one line. A receiver is one letter.
pub(super) type FunctionDoc = (&'static str, &'static str);

/// A failed call of `function`.
pub(super) fn function_error(function: &str, message: impl ToString) -> ExecutionError {
    ExecutionError::function_error(function, message)
}

/// The start of `text`, short enough for an error message.
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
