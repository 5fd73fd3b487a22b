//! Applies the comments that allow a diagnostic code in a policy: `// lint: allow CODE reason`.

use crate::check::codes::DiagnosticCode;
use evenkeel_rules::Diagnostic;

const ALLOW_MARK: &str = "lint: allow ";

/// The codes of diagnostics that only a run of the cases produces. Without such a run, a comment
/// for these codes is not an error.
const CODES_FROM_CASES: &[&str] = &["uncovered-condition", "uncovered-event"];

/// Removes the diagnostics that comments allow, and adds errors for comments that are not valid or
/// have no effect.
pub(super) fn apply_allow_comments(
    file: &str,
    text: &str,
    cases_were_run: bool,
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
            if let Some(message) = explain_useless_comment(code, reason, cases_were_run, found) {
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

/// Returns the message about a comment that is not valid or has no effect.
fn explain_useless_comment(
    code: &str,
    reason: &str,
    cases_were_run: bool,
    found: &[Diagnostic],
) -> Option<String> {
    if DiagnosticCode::find_by_id(code).is_none() {
        Some(format!("`{code}` is not a diagnostic code; `evenkeel explain` lists the codes"))
    } else if reason.trim().is_empty() {
        Some(format!("the comment has no reason; write `lint: allow {code} REASON`"))
    } else if !cases_were_run && CODES_FROM_CASES.contains(&code) {
        None
    } else if !found.iter().any(|one| one.code == code) {
        Some(format!("this file has no diagnostic `{code}`; delete the comment"))
    } else {
        None
    }
}
