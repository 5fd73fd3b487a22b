//! What reaches the terminal: colours only where there is one, and no hostile text.

use crate::common::exit::CommandError;
use anstyle::{AnsiColor, Style};
use evenkeel_rules::is_deceptive;
use std::io::Write;

/// Text for emphasis.
pub(crate) const BOLD: Style = Style::new().bold();
/// Text that is less important.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Something good.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// Something bad.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
/// Something to look at.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();

/// `text` in a style.
pub(crate) fn style_text(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A number of things, in words.
pub(crate) fn format_count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// A part of a whole in percent; all of nothing.
pub(crate) fn compute_percent(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 { 100.0 } else { 100.0 * number(part) / number(whole) }
}

/// Text from an event, a file or a name, with what could deceive a reader made visible: control
/// characters, line breaks, and those that change the direction of writing.
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

/// Writes to standard output. A reader that has gone away, as in `| head`, is no failure.
pub(crate) fn print_stdout(text: &str) -> Result<(), CommandError> {
    ignore_broken_pipe(anstream::stdout().lock().write_all(text.as_bytes()))
        .map_err(CommandError::io_error("cannot write to standard output"))
}

/// A write's result, in which a closed pipe counts as success.
pub(crate) fn ignore_broken_pipe(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes an error to standard error.
pub(crate) fn print_error(message: &str) {
    print_stderr(&format!("{} {message}\n", style_text(RED, "error:")));
}

/// Writes to standard error. Nobody can be told if that fails.
pub(crate) fn print_stderr(text: &str) {
    drop(anstream::stderr().lock().write_all(text.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::escape_terminal;

    #[test]
    fn hostile_text_is_shown_and_not_obeyed() {
        assert_eq!(escape_terminal("a\u{1b}[31mb\u{7}\r\nc"), "a\\u{1b}[31mb\\u{7}\\u{d}\\u{a}c");
        assert_eq!(escape_terminal("user\u{202e}gpj.exe\u{200b}"), "user\\u{202e}gpj.exe\\u{200b}");
        assert_eq!(escape_terminal("Zoë — 日本"), "Zoë — 日本");
    }
}
