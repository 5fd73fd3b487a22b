//! Comments by which an author who knows better lets a finding pass: `// lint: allow CODE reason`.

use crate::check::codes::Code;
use evenkeel_rules::Diagnostic;

const MARK: &str = "lint: allow ";

/// What only cases can tell.
const OF_CASES: &[&str] = &["uncovered-condition", "uncovered-event"];

/// Takes away what comments let pass, and adds what is wrong with the comments; `looked` says that cases were run.
pub(super) fn sort(file: &str, text: &str, looked: bool, found: &mut Vec<Diagnostic>) {
    let mut wrong = Vec::new();
    let mut start = 0_usize;
    for line in text.split_inclusive('\n') {
        let comment = line.find("//").zip(line.find(MARK)).filter(|(slashes, mark)| slashes < mark);
        if let Some((_, at)) = comment {
            let rest = line.get(at.saturating_add(MARK.len())..).unwrap_or_default().trim();
            let (code, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if let Some(message) = useless(code, reason, looked, found) {
                let span = start.saturating_add(at)..start.saturating_add(line.trim_end().len());
                wrong.push(Diagnostic::error("lint-comment", file, span, message));
            } else {
                found.retain(|one| one.code != code);
            }
        }
        start = start.saturating_add(line.len());
    }
    found.append(&mut wrong);
}

/// Why a comment lets nothing pass.
fn useless(code: &str, reason: &str, looked: bool, found: &[Diagnostic]) -> Option<String> {
    if Code::find(code).is_none() {
        Some(format!("there is no code `{code}`"))
    } else if reason.trim().is_empty() {
        Some("the comment gives no reason".to_owned())
    } else if !looked && OF_CASES.contains(&code) {
        None
    } else if !found.iter().any(|one| one.code == code) {
        Some(format!("there is no `{code}` to let pass"))
    } else {
        None
    }
}
