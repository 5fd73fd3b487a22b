//! Formats policies: the keys of the header get a fixed order, the body gets uniform spaces and
//! line breaks.
//!
//! Formatting never changes the meaning of a policy. The formatter compares the header's values and
//! the body's tokens before and after, and returns an error if they differ.

mod body;
mod header;
mod layout;
mod lexer;
mod line_wrapping;
mod token_roles;
mod yaml_lines;

use body::BodyTokens;
use evenkeel_engine::check_syntax;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::split_header;

/// The byte order mark, which the formatter removes from the beginning of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Returns the formatted text of a policy. `file` is the name that diagnostics contain.
///
/// ```
/// use evenkeel_authoring::format::format_policy;
///
/// let text = "// METADATA\n// severity: LOW\n// title: Example\n\na&&b\n";
/// let formatted = "// METADATA\n// title: Example\n// severity: LOW\n\na && b\n";
/// assert_eq!(format_policy("example.cel", text).unwrap(), formatted);
/// ```
///
/// # Errors
/// A [`Diagnostic`] with the code `header` or `expression` if the syntax of the header or of the
/// body is not valid, and with the code `fmt` if formatting would change the meaning of the policy.
pub fn format_policy(file: &str, text: &str) -> Result<String, Diagnostic> {
    match text.strip_prefix(BYTE_ORDER_MARK) {
        None => format_stably(file, text),
        Some(plain) => format_stably(file, plain).map_err(|wrong| Diagnostic {
            span: shift_span(&wrong.span, BYTE_ORDER_MARK.len_utf8()),
            ..wrong
        }),
    }
}

/// Formats a text until it no longer changes. A text with unusual line breaks needs two rounds.
fn format_stably(file: &str, text: &str) -> Result<String, Diagnostic> {
    let mut last = format_once(file, text)?;
    for _ in 0..MAX_ROUNDS {
        let next = format_once(file, &last)?;
        if next == last {
            return Ok(last);
        }
        last = next;
    }
    let message = "formatting does not reach a stable result; the file is unchanged".to_owned();
    Err(Diagnostic::new_error("fmt", file, 0..0, message))
}

/// The maximum number of rounds. All texts in the tests become stable in fewer rounds.
const MAX_ROUNDS: usize = 4;

fn format_once(file: &str, text: &str) -> Result<String, Diagnostic> {
    let (yaml, body_at) = split_header(file, text)?;
    let values = header::parse_header(file, &yaml)?;
    let (head, body) = text.split_at_checked(body_at).unwrap_or((text, ""));
    let tokens = read_body(file, body, body_at)?;
    let new_body = tokens.format_tokens();
    let new = format!("{}\n{new_body}\n", header::format_header(head));
    let refuse = |message: &str| Diagnostic::new_error("fmt", file, 0..0, message.to_owned());
    let (new_yaml, _) = split_header(file, &new)?;
    let same = header::parse_header(file, &new_yaml).is_ok_and(|new_values| new_values == values);
    if !same {
        let help = "write simple YAML: two spaces per level, each key once, no anchors".to_owned();
        let message = "formatting would change the meaning of the header; the file is unchanged";
        return Err(refuse(message).with_help(Some(help)));
    }
    if !BodyTokens::from_text(&new_body).is_ok_and(|new_tokens| new_tokens.has_same_tokens(&tokens))
    {
        let message = "formatting would change the meaning of the body; the file is unchanged";
        return Err(refuse(message));
    }
    // The formatted body can be longer than the original one, and the length of an expression is
    // limited. Therefore, the syntax check runs again.
    check_syntax(&new_body)
        .map_err(|failure| refuse(&format!("the body cannot be formatted: {}", failure.message)))?;
    Ok(new)
}

/// Returns the tokens of the body, or the position of its first syntax error.
fn read_body<'a>(file: &str, body: &'a str, at: usize) -> Result<BodyTokens<'a>, Diagnostic> {
    let wrong = |span: &std::ops::Range<usize>, message: String| {
        Diagnostic::new_error("expression", file, shift_span(span, at), message)
    };
    check_syntax(body)
        .map_err(|failure| wrong(&failure.span, failure.message).with_help(failure.help))?;
    BodyTokens::from_text(body).map_err(|error| wrong(&error.span, error.message))
}

fn shift_span(span: &std::ops::Range<usize>, by: usize) -> std::ops::Range<usize> {
    span.start.saturating_add(by)..span.end.saturating_add(by)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod properties;
