//! Conversion of Sigma rules about CloudTrail into policies. Source: <https://sigmahq.io>,
//! specification 2.
//!
//! If a policy cannot express the meaning of a rule, the import refuses the rule and returns the
//! reason.
//!
//! ```
//! use evenkeel_sigma::{ImportOutcome, import_rules};
//!
//! let rule = "
//! title: CloudTrail logging stopped
//! logsource: {product: aws, service: cloudtrail}
//! detection:
//!   selection: {eventSource: cloudtrail.amazonaws.com, eventName: StopLogging}
//!   condition: selection
//! ";
//! let documents = import_rules(&[("rule.yml".to_owned(), rule.to_owned())]);
//! let ImportOutcome::Imported(new) = &documents[0].outcome else { panic!("{documents:?}") };
//! assert_eq!(new.id, "cloudtrail-logging-stopped");
//! assert!(new.policy.contains("eventName: StopLogging"));
//! ```

mod case_search;
mod cel_writer;
mod condition_folding;
mod condition_parser;
mod condition_ways;
mod field_error;
mod import_error;
mod modifiers;
mod pattern;
mod policy_cases;
mod policy_file;
mod regexes;
mod rule;
mod rule_condition;
mod sample_event;
mod value_encoding;
mod watched_events;

pub use field_error::FieldError;
pub use import_error::ImportError;
pub use regexes::RegexError;

use cel_writer::CelCondition;
use condition_folding::{FoldedCondition, fold_condition};
use evenkeel_authoring::check::lint_policies;
use evenkeel_authoring::coverage::WATCH_PASSES;
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use rule::{SigmaDocument, SigmaRule};
use std::collections::BTreeMap;
use watched_events::WatchedEvents;

/// The result of the import of a document.
///
/// ```
/// use evenkeel_sigma::{ImportOutcome, import_rules};
///
/// let text = "title: Other\nlogsource: {product: windows}\ndetection: {}\n";
/// let documents = import_rules(&[("other.yml".to_owned(), text.to_owned())]);
/// assert!(matches!(documents[0].outcome, ImportOutcome::Skipped(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The document is a rule, and was converted into a policy.
    Imported(Box<ImportedPolicy>),
    /// The document is a rule about CloudTrail, but it cannot be converted.
    Refused(ImportError),
    /// The document is not a rule about CloudTrail, or it is the copy of an imported rule. The text
    /// contains the reason.
    Skipped(String),
}

/// A policy that was converted from a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedPolicy {
    /// The id of the policy. Its files are `<id>.cel` and `<id>.test.yaml`.
    pub id: String,
    /// The text of the policy.
    pub policy: String,
    /// The text of the test cases of the policy.
    pub cases: String,
    /// Notes for the author of the policy.
    pub notes: Vec<String>,
}

/// The result of the import of a document, and the position of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentOutcome {
    /// The name of the file.
    pub file: String,
    /// The line on which the document begins, or the line of the error. Lines are counted from 1.
    pub line: usize,
    /// The result of the import.
    pub outcome: ImportOutcome,
}

/// Imports the rules of files. Each file is a pair of its name and its text.
///
/// If two rules have the same policy id, their policies would have the same file name. The function
/// skips the second rule if both policies are equal, and refuses it otherwise.
pub fn import_rules(files: &[(String, String)]) -> Vec<DocumentOutcome> {
    let mut outcomes = Vec::new();
    let mut taken: BTreeMap<String, (String, ImportedPolicy)> = BTreeMap::new();
    for (file, text) in files {
        for (line, document) in split_documents(text.trim_start_matches('\u{feff}')) {
            let mut outcome = import_document(document);
            if let Ok(ImportOutcome::Imported(new)) = &outcome {
                match taken.get(&new.id) {
                    None => drop(taken.insert(new.id.clone(), (file.clone(), (**new).clone()))),
                    Some((other, known)) => outcome = compare_duplicate(new, known, other),
                }
            }
            let (line, outcome) = match outcome {
                Ok(outcome) => (line, outcome),
                Err(refusal) => {
                    (find_error_line(line, document, &refusal), ImportOutcome::Refused(refusal))
                }
            };
            outcomes.push(DocumentOutcome { file: file.clone(), line, outcome });
        }
    }
    outcomes
}

/// Returns the outcome of a rule whose policy id a rule in the file `other` has.
fn compare_duplicate(
    new: &ImportedPolicy,
    known: &ImportedPolicy,
    other: &str,
) -> Result<ImportOutcome, ImportError> {
    if new == known {
        return Ok(ImportOutcome::Skipped(format!("the same rule as in {other}")));
    }
    Err(ImportError::DuplicateId { id: new.id.clone(), other: other.to_owned() })
}

/// Returns the documents of a file, each with the line on which it begins.
fn split_documents(text: &str) -> Vec<(usize, &str)> {
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
    let has_content = |text: &str| {
        text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    };
    found.retain(|(_, text)| has_content(text));
    if found.is_empty() { vec![(1, text)] } else { found }
}

/// Returns the line of the file that caused a refusal. `first` is the first line of the document.
fn find_error_line(first: usize, document: &str, refusal: &ImportError) -> usize {
    if let ImportError::Yaml { line, .. } = refusal {
        return first.saturating_add(line.saturating_sub(1));
    }
    let mark = refusal.source_marker();
    let line = document.lines().position(|line| {
        let line = line.trim_start().trim_start_matches("- ");
        let line = line.trim_start_matches(['\'', '"']);
        !mark.is_empty() && line.starts_with(mark)
    });
    first.saturating_add(line.unwrap_or_default())
}

fn import_document(document: &str) -> Result<ImportOutcome, ImportError> {
    // The specification requires YAML 1.2, in which `No` is a string and not a boolean.
    let options = serde_saphyr::options! { strict_booleans: true };
    let read = serde_saphyr::from_str_with_options::<serde_json::Value>(document, options);
    let value = read.map_err(|error| {
        let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
        let text = error.without_snippet().to_string();
        let first = text.lines().next().unwrap_or_default();
        let why = first.split(" at line ").next().unwrap_or_default().to_owned();
        ImportError::Yaml { line: line.unwrap_or(1), why }
    })?;
    match rule::parse_document(&value)? {
        SigmaDocument::Other(why) => Ok(ImportOutcome::Skipped(why)),
        SigmaDocument::Rule(rule) => {
            import_rule(&rule).map(|new| ImportOutcome::Imported(Box::new(new)))
        }
    }
}

fn import_rule(rule: &SigmaRule) -> Result<ImportedPolicy, ImportError> {
    let id = policy_file::policy_id(&rule.title);
    if id.is_empty() {
        let why =
            format!("the title `{}` has no ASCII letters or digits for a policy id", rule.title);
        return Err(ImportError::Rule(why));
    }
    let watch = watched_events::find_watched_events(&rule.condition)?;
    let made = draft_policy(&id, rule, &watch)?;
    if made.cases.has_passing_case() {
        return Ok(made.into_imported(id, &watch));
    }
    // Every event that the policy matches violates it. Match more events, so that the test cases
    // can contain a compliant event.
    for wider in watch.widened(&rule.condition) {
        let made = draft_policy(&id, rule, &wider)?;
        if made.cases.has_passing_case() {
            return Ok(made.into_imported(id, &wider));
        }
    }
    Err(ImportError::NoMatchingEvent)
}

/// The text of a policy, its test cases, and the warnings about it.
struct PolicyDraft {
    text: String,
    cases: policy_cases::PolicyCases,
    warnings: Vec<String>,
}

impl PolicyDraft {
    fn into_imported(self, id: String, watch: &WatchedEvents) -> ImportedPolicy {
        let notes = self.warnings.into_iter().chain(watch.notes.iter().cloned()).collect();
        ImportedPolicy { id, policy: self.text, cases: self.cases.to_yaml(), notes }
    }
}

fn draft_policy(
    id: &str,
    rule: &SigmaRule,
    watch: &WatchedEvents,
) -> Result<PolicyDraft, ImportError> {
    let written = match fold_condition(&rule.condition, watch) {
        FoldedCondition::Undecided(rest) => {
            let mut written = cel_writer::write_condition(&rest);
            policy_file::add_omitted_data(&rest, &mut written);
            written
        }
        FoldedCondition::Constant(truth) => CelCondition::constant(truth),
    };
    let text = policy_file::policy_text(rule, watch, &written, &[]);
    let set = compile_policy(id, &text)?;
    let found = lint_policies(&set, &[], None);
    let mut codes: Vec<&str> = found.iter().map(|one| one.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let text = policy_file::policy_text(rule, watch, &written, &codes);
    let set = compile_policy(id, &text)?;
    let policy = set.policies().first().ok_or(ImportError::NoMatchingEvent)?;
    let cases = policy_cases::find_cases(&rule.condition, watch, policy)
        .ok_or(ImportError::NoMatchingEvent)?;
    let warning = |one: evenkeel_rules::Diagnostic| match one.help {
        Some(help) => format!("{}: {help}", one.message),
        None => one.message,
    };
    Ok(PolicyDraft { text, cases, warnings: found.into_iter().map(warning).collect() })
}

fn compile_policy(id: &str, text: &str) -> Result<PolicySet, ImportError> {
    let file = PolicyFile { name: format!("{id}.cel"), text: text.to_owned() };
    PolicySet::compile_with_passes(&[file], None, WATCH_PASSES).map_err(|wrong| {
        ImportError::Compile(
            wrong.into_iter().map(|one| one.message).collect::<Vec<_>>().join("; "),
        )
    })
}
