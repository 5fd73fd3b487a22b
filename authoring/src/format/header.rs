//! A policy's header, formatted: its keys in one order, each with the comments above it.

use super::yaml::{Kind, Line, key, lines};
use evenkeel_rules::Diagnostic;
use serde_json::Value;
use std::collections::BTreeMap;

/// The keys in their order.
const ORDER: &[&str] = &[
    "title",
    "description",
    "severity",
    "match",
    "resource",
    "parameters",
    "variables",
    "message",
    "controls",
    "references",
    "remediation",
];

/// What a header says: each key's value as JSON, in which the order of what is nested shows.
pub(super) fn read(file: &str, yaml: &str) -> Result<BTreeMap<String, String>, Diagnostic> {
    let values: serde_json::Map<String, Value> = serde_saphyr::from_str(yaml)
        .map_err(|error| Diagnostic::yaml("header", file, yaml, &error))?;
    Ok(values.into_iter().map(|(key, value)| (key, value.to_string())).collect())
}

/// A key of the header with its value, and what stands above it.
#[derive(Debug, Default)]
struct Entry {
    above: Vec<Line>,
    lines: Vec<Line>,
}

impl Entry {
    /// Its place in the order; what has none comes last.
    fn rank(&self) -> usize {
        let name = self.lines.first().and_then(|line| key(&line.text));
        let name =
            name.map(|(name, _)| name.trim_end_matches([':', ' ']).trim_matches(['"', '\'']));
        ORDER.iter().position(|known| name == Some(*known)).unwrap_or(ORDER.len())
    }
}

/// The header as it should be, each line behind `//` and with its line break.
pub(super) fn format(head: &str) -> String {
    let rests: Vec<&str> = head
        .lines()
        .skip(1)
        .map(|line| line.strip_prefix("//").unwrap_or(line).trim_end_matches('\r'))
        .collect();
    let (mut entries, below) = entries(lines(&rests));
    entries.sort_by_key(Entry::rank);
    let all = entries.into_iter().flat_map(|entry| entry.above.into_iter().chain(entry.lines));
    let mut out = "// METADATA\n".to_owned();
    let mut last = Kind::Blank;
    let mut blank = false;
    for line in all.chain(below) {
        if line.kind == Kind::Blank {
            blank = true;
            continue;
        }
        // One blank line at most, and none at the beginning or the end.
        if std::mem::take(&mut blank) && last != Kind::Blank {
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

/// The keys with their lines, and what stands below the last.
fn entries(lines: Vec<Line>) -> (Vec<Entry>, Vec<Line>) {
    let (mut entries, mut above): (Vec<Entry>, Vec<Line>) = (Vec::new(), Vec::new());
    let mut top = None;
    for line in lines {
        let is_top = line.kind == Kind::Node && line.indent == 0;
        if is_top {
            top = Some(line.was);
            let above = divide(&mut entries, std::mem::take(&mut above), line.was);
            entries.push(Entry { above, lines: vec![line] });
        } else if matches!(line.kind, Kind::Blank | Kind::Note) {
            above.push(line);
        } else if let Some(entry) = entries.last_mut() {
            entry.lines.append(&mut above);
            entry.lines.push(line);
        }
    }
    let below = divide(&mut entries, above, top.unwrap_or_default());
    (entries, below)
}

/// Gives comments that are indented to the key above them; gives back those that belong to the key below.
fn divide(entries: &mut [Entry], notes: Vec<Line>, top: usize) -> Vec<Line> {
    let Some(entry) = entries.last_mut() else { return notes };
    let is_nested = |line: &Line| line.text.starts_with('#') && line.was > top;
    let nested = notes.iter().rposition(is_nested).map_or(0, |last| last.saturating_add(1));
    let mut notes = notes;
    let rest = notes.split_off(nested);
    for mut note in notes {
        note.indent = 2;
        entry.lines.push(note);
    }
    rest
}
