//! Formats JSON in lines of about 110 characters, for the values that are inserted into a YAML
//! template.

use serde_json::{Value, json};

/// The approximate maximum width of a line.
const LINE_WIDTH: usize = 110;

/// Formats a value as JSON, which is also valid YAML. A value is written on one line if the line is
/// not longer than [`LINE_WIDTH`]. `indent` is the indentation of the first line, in characters.
pub(crate) fn format_flow(value: &Value, indent: usize) -> String {
    let short = value.to_string();
    if short.len().saturating_add(indent) <= LINE_WIDTH {
        return short;
    }
    let deeper = indent.saturating_add(2);
    let (open, parts, close): (_, Vec<String>, _) = match value {
        Value::Array(values) => {
            ('[', values.iter().map(|element| format_flow(element, deeper)).collect(), ']')
        }
        Value::Object(members) => {
            let member = |(name, value)| format!("{}: {}", json!(name), format_flow(value, deeper));
            ('{', members.iter().map(member).collect(), '}')
        }
        _ => return short,
    };
    let (line, end) = (" ".repeat(deeper), " ".repeat(indent));
    format!("{open}\n{line}{}\n{end}{close}", fill_lines(&parts, deeper))
}

/// Joins the parts with commas, and begins a new line if a part does not fit on the current one.
fn fill_lines(parts: &[String], indent: usize) -> String {
    let mut text = String::new();
    let mut column = indent;
    for (number, part) in parts.iter().enumerate() {
        let width = part.len().saturating_add(2);
        if number > 0 {
            text.push(',');
            let broken = part.contains('\n') || column.saturating_add(width) > LINE_WIDTH;
            column = if broken { indent } else { column };
            text.push_str(&if broken {
                format!("\n{}", " ".repeat(indent))
            } else {
                " ".to_owned()
            });
        }
        text.push_str(part);
        column = if part.contains('\n') { LINE_WIDTH } else { column.saturating_add(width) };
    }
    text
}
