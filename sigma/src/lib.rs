//! Sigma rules about CloudTrail become policies: <https://sigmahq.io>, specification 2.
//!
//! Absent here: rules whose meaning a policy cannot keep. They are refused, with the reason.

mod cases;
mod code;
mod condition;
mod encode;
mod event;
mod expr;
mod field_error;
mod modifiers;
mod pattern;
mod policy;
mod refusal;
mod regexes;
mod rule;
mod watch;

pub use field_error::FieldError;
pub use refusal::Refusal;
pub use regexes::RegexError;

use evenkeel_authoring::check::lint;
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use rule::{Document, Rule};
use std::collections::BTreeMap;
use watch::Watch;

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A policy.
    Imported(Box<Imported>),
    /// No policy, although it is a rule about CloudTrail.
    Refused(Refusal),
    /// Nothing, as it is no such rule; and what it is.
    Skipped(String),
}

/// A policy that was a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The policy's id: its files are `<id>.cel` and `<id>.test.yaml`.
    pub id: String,
    /// The policy's text.
    pub policy: String,
    /// The text of its cases.
    pub cases: String,
    /// What an author should know.
    pub notes: Vec<String>,
}

/// What became of a document, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What became of it.
    pub outcome: Outcome,
}

/// Imports the rules of files, given by name and text. Of two that would make the same policy, the second is refused.
pub fn import(files: &[(String, String)]) -> Vec<Told> {
    let mut told = Vec::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for (file, text) in files {
        for (line, document) in documents(text.trim_start_matches('\u{feff}')) {
            let mut outcome = one(document);
            if let Ok(Outcome::Imported(new)) = &outcome {
                let id = new.id.clone();
                if let Some(other) = taken.get(&id) {
                    outcome = Err(Refusal::Taken { id, other: other.clone() });
                } else {
                    taken.insert(id, file.clone());
                }
            }
            let (line, outcome) = match outcome {
                Ok(outcome) => (line, outcome),
                Err(refusal) => (place(line, document, &refusal), Outcome::Refused(refusal)),
            };
            told.push(Told { file: file.clone(), line, outcome });
        }
    }
    told
}

/// The documents of a file, and on which line each begins.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let (mut found, mut start, mut first, mut at) = (Vec::new(), 0_usize, 1_usize, 0_usize);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = at;
        at = at.saturating_add(line.len());
        let mark = line.trim_end();
        if mark == "---" || mark == "..." || mark.starts_with("--- ") {
            found.push((first, text.get(start..end).unwrap_or_default()));
            (start, first) = (at, number.saturating_add(2));
        }
    }
    found.push((first, text.get(start..).unwrap_or_default()));
    let says = |text: &str| {
        text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    };
    found.retain(|(_, text)| says(text));
    if found.is_empty() { vec![(1, text)] } else { found }
}

/// The line that a refusal is about.
fn place(first: usize, document: &str, refusal: &Refusal) -> usize {
    if let Refusal::Yaml { line, .. } = refusal {
        return first.saturating_add(line.saturating_sub(1));
    }
    let mark = refusal.mark();
    let line = document.lines().position(|line| {
        let line = line.trim_start().trim_start_matches("- ");
        let line = line.trim_start_matches(['\'', '"']);
        !mark.is_empty() && line.starts_with(mark)
    });
    first.saturating_add(line.unwrap_or_default())
}

fn one(document: &str) -> Result<Outcome, Refusal> {
    // Of YAML 1.2, which the specification names: CloudTrail's `No` is a text.
    let options = serde_saphyr::options! { strict_booleans: true };
    let read = serde_saphyr::from_str_with_options::<serde_json::Value>(document, options);
    let value = read.map_err(|error| {
        let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
        let text = error.without_snippet().to_string();
        let first = text.lines().next().unwrap_or_default();
        let why = first.split(" at line ").next().unwrap_or_default().to_owned();
        Refusal::Yaml { line: line.unwrap_or(1), why }
    })?;
    match rule::read(&value)? {
        Document::Other(why) => Ok(Outcome::Skipped(why)),
        Document::Rule(rule) => imported(&rule).map(|new| Outcome::Imported(Box::new(new))),
    }
}

fn imported(rule: &Rule) -> Result<Imported, Refusal> {
    let id = policy::id(&rule.title);
    if id.is_empty() {
        let why = format!("the title `{}` has no letters to make a name of", rule.title);
        return Err(Refusal::Rule(why));
    }
    let mut watch = watch::watch(&rule.condition)?;
    let made = make(&id, rule, &watch)?;
    if made.cases.is_whole() {
        return Ok(made.imported(id, &watch));
    }
    // All that is watched violates: a call that does not is watched too, so that the cases can show one.
    let other = watch::neighbour(&watch, &rule.condition).ok_or(Refusal::Uncovered)?;
    watch.notes.push(format!("{other} is watched too, as a call that the policy lets pass"));
    watch.names.push(other);
    watch.names.sort();
    let made = make(&id, rule, &watch)?;
    if made.cases.is_whole() { Ok(made.imported(id, &watch)) } else { Err(Refusal::Uncovered) }
}

/// A policy's text and its cases.
struct Made {
    text: String,
    cases: cases::Cases,
    warnings: Vec<String>,
}

impl Made {
    fn imported(self, id: String, watch: &Watch) -> Imported {
        let notes = self.warnings.into_iter().chain(watch.notes.iter().cloned()).collect();
        Imported { id, policy: self.text, cases: self.cases.text(), notes }
    }
}

fn make(id: &str, rule: &Rule, watch: &Watch) -> Result<Made, Refusal> {
    let mut written = code::write(&rule.condition);
    written.body = policy::body(&rule.condition, &written.body);
    let text = policy::text(rule, watch, &written, &[]);
    let set = compile(id, &text)?;
    let found = lint(&set, &[], None);
    let mut codes: Vec<&str> = found.iter().map(|one| one.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let text = policy::text(rule, watch, &written, &codes);
    let set = compile(id, &text)?;
    let policy = set.policies().first().ok_or(Refusal::Uncovered)?;
    let cases = cases::find(&rule.condition, watch, policy).ok_or(Refusal::Uncovered)?;
    let warning = |one: evenkeel_rules::Diagnostic| match one.help {
        Some(help) => format!("{}: {help}", one.message),
        None => one.message,
    };
    Ok(Made { text, cases, warnings: found.into_iter().map(warning).collect() })
}

fn compile(id: &str, text: &str) -> Result<PolicySet, Refusal> {
    let file = PolicyFile { name: format!("{id}.cel"), text: text.to_owned() };
    PolicySet::load(&[file], None).map_err(|wrong| {
        Refusal::Compile(wrong.into_iter().map(|one| one.message).collect::<Vec<_>>().join("; "))
    })
}
