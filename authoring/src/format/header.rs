//! Formats the header of a policy: its keys in a fixed order, each with the comments above it.

use super::yaml_lines::{LineKind, YamlLine, reindent_lines, split_key};
use evenkeel_rules::Diagnostic;
use serde_json::Value;
use std::collections::BTreeMap;

/// The order of the keys.
const KEY_ORDER: &[&str] = &[
    "title",
    "description",
    "severity",
    "severityReason",
    "match",
    "resource",
    "parameters",
    "variables",
    "message",
    "controls",
    "implements",
    "references",
    "remediation",
];

/// Parses a header and returns the value of each key as JSON text. The text shows the order of
/// nested keys, so that a comparison detects a changed order.
pub(super) fn parse_header(file: &str, yaml: &str) -> Result<BTreeMap<String, String>, Diagnostic> {
    let values: serde_json::Map<String, Value> = serde_saphyr::from_str(yaml)
        .map_err(|error| Diagnostic::from_yaml_error("header", file, yaml, &error))?;
    Ok(values.into_iter().map(|(key, value)| (key, value.to_string())).collect())
}

/// A key of the header with its value, and the comments and blank lines above it.
#[derive(Debug, Default)]
struct HeaderEntry {
    above: Vec<YamlLine>,
    lines: Vec<YamlLine>,
}

impl HeaderEntry {
    /// Returns the position of the key in the order. An unknown key comes last.
    fn sort_rank(&self) -> usize {
        let name = self.lines.first().and_then(|line| split_key(&line.text));
        let name =
            name.map(|(name, _)| name.trim_end_matches([':', ' ']).trim_matches(['"', '\'']));
        KEY_ORDER.iter().position(|known| name == Some(*known)).unwrap_or(KEY_ORDER.len())
    }
}

/// Returns the formatted header. Each line begins with `//` and ends with a line break.
pub(super) fn format_header(head: &str) -> String {
    let rests: Vec<&str> = head
        .lines()
        .skip(1)
        .map(|line| line.strip_prefix("//").unwrap_or(line).trim_end_matches('\r'))
        .collect();
    let (mut entries, below) = group_entries(reindent_lines(&rests));
    entries.sort_by_key(HeaderEntry::sort_rank);
    let all = entries.into_iter().flat_map(|entry| entry.above.into_iter().chain(entry.lines));
    let mut out = "// METADATA\n".to_owned();
    let mut last = LineKind::Blank;
    let mut blank = false;
    for line in all.chain(below) {
        if line.kind == LineKind::Blank {
            blank = true;
            continue;
        }
        // At most one blank line in sequence, and none at the beginning or the end.
        if std::mem::take(&mut blank) && last != LineKind::Blank {
            out.push_str("//\n");
        }
        last = line.kind;
        match line.text.as_str() {
            "" => out.push_str("//\n"),
            text => out.push_str(&format!("// {}{text}\n", " ".repeat(line.indent))),
        }
    }
    out
}

/// Returns the keys with their lines, and the comments and blank lines below the last key.
fn group_entries(lines: Vec<YamlLine>) -> (Vec<HeaderEntry>, Vec<YamlLine>) {
    let (mut entries, mut above): (Vec<HeaderEntry>, Vec<YamlLine>) = (Vec::new(), Vec::new());
    let mut top = None;
    for line in lines {
        let is_top = line.kind == LineKind::Node && line.indent == 0;
        if is_top {
            top = Some(line.original_indent);
            let above =
                assign_comments(&mut entries, std::mem::take(&mut above), line.original_indent);
            entries.push(HeaderEntry { above, lines: vec![line] });
        } else if matches!(line.kind, LineKind::Blank | LineKind::Comment) {
            above.push(line);
        } else if let Some(entry) = entries.last_mut() {
            entry.lines.append(&mut above);
            entry.lines.push(line);
        }
    }
    let below = assign_comments(&mut entries, above, top.unwrap_or_default());
    (entries, below)
}

/// Assigns indented comments to the key above them, and returns the comments that belong to the key
/// below.
fn assign_comments(entries: &mut [HeaderEntry], notes: Vec<YamlLine>, top: usize) -> Vec<YamlLine> {
    let Some(entry) = entries.last_mut() else { return notes };
    let is_nested = |line: &YamlLine| line.text.starts_with('#') && line.original_indent > top;
    let nested = notes.iter().rposition(is_nested).map_or(0, |last| last.saturating_add(1));
    let mut notes = notes;
    let rest = notes.split_off(nested);
    for mut note in notes {
        note.indent = 2;
        entry.lines.push(note);
    }
    rest
}
