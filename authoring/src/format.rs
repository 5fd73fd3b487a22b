//! Formats policies: a header in one order, a body with the same tokens and other spaces between them.
//!
//! What a policy means is never changed: that is looked at afterwards, and not believed.

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

/// What a file may begin with, and a policy does not.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A policy's text as it should be.
///
/// # Errors
/// What is wrong with the syntax of the header or the body. Also where another order or indentation would
/// change what the header means: the text is then best left as it is.
pub fn format_policy(file: &str, text: &str) -> Result<String, Diagnostic> {
    match text.strip_prefix(BYTE_ORDER_MARK) {
        None => format_stably(file, text),
        Some(plain) => format_stably(file, plain).map_err(|wrong| Diagnostic {
            span: shift_span(&wrong.span, BYTE_ORDER_MARK.len_utf8()),
            ..wrong
        }),
    }
}

/// Formats until nothing changes any more: a text that is broken in odd places moves twice.
fn format_stably(file: &str, text: &str) -> Result<String, Diagnostic> {
    let mut last = format_once(file, text)?;
    for _ in 0..MAX_ROUNDS {
        let next = format_once(file, &last)?;
        if next == last {
            return Ok(last);
        }
        last = next;
    }
    let message = "the file does not settle in one form: it is left as it is".to_owned();
    Err(Diagnostic::new_error("fmt", file, 0..0, message))
}

/// More than any text was seen to need.
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
        return Err(refuse("to format the header would change what it means: it is left as it is")
            .with_help(Some(
                "write it in plain YAML: two spaces a level, each key once".to_owned(),
            )));
    }
    if !BodyTokens::from_text(&new_body).is_ok_and(|new_tokens| new_tokens.has_same_tokens(&tokens))
    {
        return Err(refuse("to format the body would change what it means: it is left as it is"));
    }
    // Spaces count towards the limit of an expression's length.
    check_syntax(&new_body)
        .map_err(|failure| refuse(&format!("the body cannot be formatted: {}", failure.message)))?;
    Ok(new)
}

/// The body's tokens, or where it is not CEL.
fn read_body<'a>(file: &str, body: &'a str, at: usize) -> Result<BodyTokens<'a>, Diagnostic> {
    let wrong = |span: &std::ops::Range<usize>, message: String| {
        Diagnostic::new_error("expression", file, shift_span(span, at), message)
    };
    check_syntax(body)
        .map_err(|failure| wrong(&failure.span, failure.message).with_help(failure.help))?;
    BodyTokens::from_text(body).map_err(|no_token| wrong(&no_token.span, no_token.message))
}

fn shift_span(span: &std::ops::Range<usize>, by: usize) -> std::ops::Range<usize> {
    span.start.saturating_add(by)..span.end.saturating_add(by)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod properties;
