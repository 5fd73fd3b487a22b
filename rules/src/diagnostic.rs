//! Diagnostics: the errors and warnings for a file, as data. Commands convert them to text.

use std::ops::Range;

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiagnosticLevel {
    /// The file can be used, but it probably does not do what its author intends.
    Warning,
    /// The file cannot be used.
    Error,
}

/// An error or a warning for a position in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code of the diagnostic, such as `header`.
    pub code: &'static str,
    /// The severity of the diagnostic.
    pub level: DiagnosticLevel,
    /// The name of the file, as the caller passed it.
    pub file: String,
    /// The byte range in the file.
    pub span: Range<usize>,
    /// The message, which begins in lower case and has no full stop at the end.
    pub message: String,
    /// The proposed correction of the file, if there is one.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Creates an error.
    pub fn new_error(code: &'static str, file: &str, span: Range<usize>, message: String) -> Self {
        Diagnostic {
            code,
            level: DiagnosticLevel::Error,
            file: file.to_owned(),
            span,
            message,
            help: None,
        }
    }

    /// Creates a warning.
    pub fn new_warning(
        code: &'static str,
        file: &str,
        span: Range<usize>,
        message: String,
    ) -> Self {
        Diagnostic { level: DiagnosticLevel::Warning, ..Self::new_error(code, file, span, message) }
    }

    /// Sets the proposed correction.
    #[must_use]
    pub fn with_help(self, help: Option<String>) -> Self {
        Diagnostic { help, ..self }
    }

    /// Creates an error from an error of the YAML reader. `text` is the text that the reader
    /// parsed. Its byte offsets must be the byte offsets of the file.
    pub fn from_yaml_error(
        code: &'static str,
        file: &str,
        text: &str,
        error: &serde_saphyr::Error,
    ) -> Self {
        let at = error.location().and_then(|location| location.span().byte_offset());
        let at = at.and_then(|at| usize::try_from(at).ok()).unwrap_or_default();
        let at = text.floor_char_boundary(at.min(text.len()));
        let rest = text.get(at..).unwrap_or_default();
        let word = rest.find(|c: char| !(c.is_alphanumeric() || "_-.".contains(c)));
        let end = at.saturating_add(word.unwrap_or(rest.len()));
        Self::new_error(code, file, at..end, yaml_message(error))
    }
}

/// Returns the message of the YAML reader without its snippet and its position.
fn yaml_message(error: &serde_saphyr::Error) -> String {
    let whole = error.without_snippet().to_string();
    let line = whole.lines().next().unwrap_or_default();
    let cut = line.rfind(" at line ").and_then(|at| line.get(..at)).unwrap_or(line);
    cut.trim_end_matches(',').to_owned()
}
