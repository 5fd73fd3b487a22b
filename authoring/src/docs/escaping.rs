//! Escapes the texts of policies for Markdown and HTML, so that they are displayed literally.

use evenkeel_rules::is_deceptive;

/// Replaces invisible characters, and characters that change the writing direction, with visible
/// escapes such as `\u{202e}`.
pub(super) fn escape_invisible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_deceptive(c) {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// Escapes a text for a line of Markdown, or for a table cell.
pub(super) fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        let inside = before.is_alphanumeric() && chars.peek().is_some_and(|c| c.is_alphanumeric());
        let first = out.is_empty();
        match c {
            // GitHub turns addresses and mentions into links anywhere in a text.
            ':' if chars.peek() == Some(&'/') => out.push_str("&#58;"),
            '@' => out.push_str("&#64;"),
            '.' if out.to_lowercase().ends_with("www") => out.push_str("&#46;"),
            // Within a word, `_` has no meaning in Markdown.
            '_' if inside => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // At the beginning of a line, these characters begin a heading, a list or a rule.
            '#' | '+' | '-' | '=' if first => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if out.chars().all(|c| c.is_ascii_digit()) => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push(' '),
            _ => out.push(c),
        }
        before = c;
    }
    out
}

/// Formats a text as inline code in Markdown.
pub(super) fn format_inline_code(text: &str) -> String {
    let text = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let marks = "`".repeat(longest_run(&text, '`').saturating_add(1));
    if text.trim().is_empty() {
        return String::new();
    }
    // Markdown removes one space next to the marks, if there is one on both sides.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{marks}{pad}{text}{pad}{marks}")
}

/// Formats a text as inline code in a Markdown table cell, where an unescaped `|` ends the cell.
pub(super) fn format_cell_code(text: &str) -> String {
    format_inline_code(text).replace('|', "\\|")
}

/// Formats a text as a fenced code block in Markdown.
pub(super) fn format_code_block(text: &str) -> String {
    let marks = "`".repeat(longest_run(text, '`').saturating_add(1).max(3));
    format!("{marks}cel\n{}\n{marks}", text.trim_end_matches('\n'))
}

/// Returns the length of the longest run of a character.
fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|c| c != wanted).map(str::len).max().unwrap_or_default()
}

/// Formats a text as Markdown paragraphs. Words in backticks become code.
pub(super) fn format_prose(text: &str) -> String {
    let paragraphs = text.split('\n').filter(|line| !line.trim().is_empty());
    let paragraph = |line: &str| format_code_spans(line, escape_markdown, format_inline_code);
    paragraphs.map(paragraph).collect::<Vec<_>>().join("\n\n")
}

/// Formats a text as HTML paragraphs. Words in backticks become code.
pub(super) fn format_prose_html(text: &str) -> String {
    let paragraphs = text.split('\n').filter(|line| !line.trim().is_empty());
    let code = |text: &str| format!("<code>{}</code>", escape_html(text));
    let paragraph =
        |line: &str| ["<p>", &format_code_spans(line, escape_html, code), "</p>"].concat();
    paragraphs.map(paragraph).collect()
}

/// Formats a line whose parts between backticks are code, if the backticks come in pairs.
fn format_code_spans(
    line: &str,
    text: impl Fn(&str) -> String,
    code: impl Fn(&str) -> String,
) -> String {
    let line = line.trim();
    let parts: Vec<&str> = line.split('`').collect();
    if parts.len().is_multiple_of(2)
        || parts.iter().skip(1).step_by(2).any(|part| part.trim().is_empty())
    {
        return text(line);
    }
    let mut out = String::new();
    for (number, part) in parts.into_iter().enumerate() {
        if number % 2 == 1 {
            out.push_str(&code(part));
            continue;
        }
        // Escaping trims the text, so the spaces next to code are added again.
        let (start, end) = (part.trim_start(), part.trim_end());
        if start.len() < part.len() && !part.is_empty() {
            out.push(' ');
        }
        out.push_str(&text(part.trim()));
        if end.len() < part.len() && !end.is_empty() {
            out.push(' ');
        }
    }
    out
}

/// Escapes a text for HTML.
pub(super) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// Returns whether a reference is an HTTP address without characters that could end a link in
/// Markdown or HTML.
fn is_page_address(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"<>\"'`\\|{}^[]".contains(c);
    (text.starts_with("https://") || text.starts_with("http://")) && text.chars().all(plain)
}

/// Formats a reference in Markdown: as a link if it is an HTTP address, otherwise as text.
pub(super) fn format_link(text: &str) -> String {
    if is_page_address(text) { format!("<{text}>") } else { escape_markdown(text) }
}

/// Formats a reference in HTML: as a link if it is an HTTP address, otherwise as text.
pub(super) fn format_link_html(text: &str) -> String {
    let shown = escape_html(text);
    if is_page_address(text) {
        format!("<a href=\"{shown}\" rel=\"noreferrer\">{shown}</a>")
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::{
        escape_invisible, escape_markdown, format_cell_code, format_code_block, format_inline_code,
        format_link, format_link_html, format_prose, format_prose_html,
    };

    #[test]
    fn markdown_text_is_displayed_literally() {
        for (text, expected) in [
            ("TLS_1_0 _x_", "TLS_1_0 \\_x\\_"),
            ("[a](javascript:b) <i>", "\\[a\\](javascript:b) \\<i\\>"),
            ("# no", "\\# no"),
            ("1. no | `x`", "1\\. no \\| \\`x\\`"),
            ("- a\n- b", "\\- a - b"),
            ("https://x.y @me www.x.y &lt;", "https&#58;//x.y &#64;me www&#46;x.y \\&lt;"),
        ] {
            assert_eq!(escape_markdown(text), expected);
        }
    }

    #[test]
    fn backticks_in_code_do_not_end_the_code() {
        assert_eq!(format_inline_code("a``b"), "```a``b```");
        assert_eq!(format_inline_code("`x`\n  y"), "`` `x` y ``");
        assert_eq!(format_cell_code("a || b"), "`a \\|\\| b`");
        assert_eq!(format_code_block("a\n```\n"), "````cel\na\n```\n````");
    }

    #[test]
    fn prose_has_paragraphs_and_code() {
        assert_eq!(format_prose("Put `a_*` there.\n*b*"), "Put `a_*` there.\n\n\\*b\\*");
        assert_eq!(format_prose("one ` only"), "one \\` only");
        assert_eq!(format_prose_html("<b> `<i>`, x"), "<p>&lt;b&gt; <code>&lt;i&gt;</code>, x</p>");
    }

    #[test]
    fn only_http_addresses_become_links() {
        assert_eq!(format_link("https://a.b/c#d"), "<https://a.b/c#d>");
        assert_eq!(format_link("javascript:alert(1)"), "javascript:alert(1)");
        assert_eq!(format_link_html("javascript:x"), "javascript:x");
        assert_eq!(format_link_html("https://a\"b"), "https://a&quot;b");
        assert!(format_link_html("https://a?b&c").contains("href=\"https://a?b&amp;c\""));
    }

    #[test]
    fn invisible_characters_become_visible() {
        assert_eq!(escape_invisible("a\u{202e}b\u{1b}\nc"), "a\\u{202e}b\\u{1b}\nc");
    }
}
