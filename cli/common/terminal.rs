//! Output to the terminal: styles, and escapes for text that could deceive a reader.
//!
//! `anstream` removes the styles if the output is not a terminal.

use crate::common::exit::CommandError;
use anstyle::{AnsiColor, Style};
use evenkeel_rules::is_deceptive;
use std::io::Write;

/// The style of emphasized text.
pub(crate) const BOLD: Style = Style::new().bold();
/// The style of less important text.
pub(crate) const DIM: Style = Style::new().dimmed();
/// The style of a success.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// The style of an error.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
/// The style of a warning.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Returns `text` with the escape sequences of a style.
pub(crate) fn style_text(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Returns a number with its noun: `singular` for 1, otherwise `plural`.
pub(crate) fn format_count(number: usize, singular: &str, plural: &str) -> String {
    if number == 1 { format!("1 {singular}") } else { format!("{number} {plural}") }
}

/// Returns `part` of `whole` in percent, and 100 if `whole` is 0.
pub(crate) fn compute_percent(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 { 100.0 } else { 100.0 * number(part) / number(whole) }
}

/// Escapes the deceptive characters of a text from an event, a file or a name: control characters,
/// line breaks, and characters that change the direction of writing.
pub(crate) fn escape_terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) {
            out += &format!("\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Writes `text` to standard output. A closed pipe, as with `| head`, is not an error.
///
/// # Errors
/// [`CommandError::Io`] if the write fails for another reason.
pub(crate) fn print_stdout(text: &str) -> Result<(), CommandError> {
    ignore_broken_pipe(anstream::stdout().lock().write_all(text.as_bytes()))
        .map_err(CommandError::io_error("cannot write to standard output"))
}

/// Converts the result of a write: a closed pipe counts as success.
pub(crate) fn ignore_broken_pipe(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes an error message to standard error.
pub(crate) fn print_error(message: &str) {
    print_stderr(&format!("{} {message}\n", style_text(RED, "error:")));
}

/// Writes `text` to standard error. The function ignores a failed write, because no other output
/// could report it.
pub(crate) fn print_stderr(text: &str) {
    drop(anstream::stderr().lock().write_all(text.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::escape_terminal;

    #[test]
    fn deceptive_characters_are_escaped() {
        assert_eq!(escape_terminal("a\u{1b}[31mb\u{7}\r\nc"), "a\\u{1b}[31mb\\u{7}\\u{d}\\u{a}c");
        assert_eq!(escape_terminal("user\u{202e}gpj.exe\u{200b}"), "user\\u{202e}gpj.exe\\u{200b}");
        assert_eq!(escape_terminal("Zoë — 日本"), "Zoë — 日本");
    }
}
