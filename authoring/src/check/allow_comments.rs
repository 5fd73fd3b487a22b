//! Comments by which an author who knows better lets a finding pass: `// lint: allow CODE reason`.

use crate::check::codes::DiagnosticCode;
use evenkeel_rules::Diagnostic;

const ALLOW_MARK: &str = "lint: allow ";

/// What only cases can tell.
const CODES_FROM_CASES: &[&str] = &["uncovered-condition", "uncovered-event"];

/// Takes away what comments let pass, and adds what is wrong with the comments; `looked` says that cases were run.
pub(super) fn apply_allow_comments(
    file: &str,
    text: &str,
    looked: bool,
    found: &mut Vec<Diagnostic>,
) {
    let mut wrong = Vec::new();
    let mut start = 0_usize;
    for line in text.split_inclusive('\n') {
        let comment =
            line.find("//").zip(line.find(ALLOW_MARK)).filter(|(slashes, mark)| slashes < mark);
        if let Some((_, at)) = comment {
            let rest = line.get(at.saturating_add(ALLOW_MARK.len())..).unwrap_or_default().trim();
            let (code, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if let Some(message) = explain_useless_comment(code, reason, looked, found) {
                let span = start.saturating_add(at)..start.saturating_add(line.trim_end().len());
                wrong.push(Diagnostic::new_error("lint-comment", file, span, message));
            } else {
                found.retain(|one| one.code != code);
            }
        }
        start = start.saturating_add(line.len());
    }
    found.append(&mut wrong);
}

/// Why a comment lets nothing pass.
fn explain_useless_comment(
    code: &str,
    reason: &str,
    looked: bool,
    found: &[Diagnostic],
) -> Option<String> {
    if DiagnosticCode::find_by_id(code).is_none() {
        Some(format!("there is no code `{code}`"))
    } else if reason.trim().is_empty() {
        Some("the comment gives no reason".to_owned())
    } else if !looked && CODES_FROM_CASES.contains(&code) {
        None
    } else if !found.iter().any(|one| one.code == code) {
        Some(format!("there is no `{code}` to let pass"))
    } else {
        None
    }
}
