//! Reports words of a header that a line break splits at a hyphen.

use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::Policy;

/// Warns about each header line that ends with a hyphen after a letter or digit. YAML joins the lines
/// of a text with a space, so that `gcp-` and `mysql` become `gcp- mysql`.
pub(super) fn lint_line_breaks(policy: &Policy) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut start = 0_usize;
    for line in policy.file_text().split_inclusive('\n') {
        let text = line.trim_end();
        if !text.starts_with("//") {
            break;
        }
        let end = start.saturating_add(text.len());
        let before = text.strip_suffix('-').and_then(|rest| rest.chars().next_back());
        if before.is_some_and(char::is_alphanumeric) {
            let message = "YAML adds a space after the hyphen at the end of this line".to_owned();
            let help = "write the whole word in one line".to_owned();
            let span = end.saturating_sub(1)..end;
            found.push(
                Diagnostic::new_warning("split-word", &policy.file, span, message)
                    .with_help(Some(help)),
            );
        }
        start = start.saturating_add(line.len());
    }
    found
}
