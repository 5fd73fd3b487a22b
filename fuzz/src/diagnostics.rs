//! Checks the diagnostics of files.

use evenkeel_rules::{Diagnostic, line_and_column};

/// Fails if the position of a diagnostic is not in its file. An editor marks this position.
///
/// # Panics
/// If the position is outside of the text or inside a character, or if the message is empty.
pub fn check_diagnostic(diagnostic: &Diagnostic, text: &str) {
    let span = diagnostic.span.clone();
    assert!(text.get(span.clone()).is_some(), "{diagnostic:?} in a text of {} bytes", text.len());
    assert!(line_and_column(text, span.start).0 > 0);
    assert!(!diagnostic.message.is_empty(), "{diagnostic:?}");
}
