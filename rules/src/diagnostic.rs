//! What is wrong with a file an author wrote, and where: plain data that a command renders.

use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiagnosticLevel {
    /// The file works, and probably not as meant.
    Warning,
    /// The file cannot be used.
    Error,
}

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable code, such as `header`.
    pub code: &'static str,
    /// How bad it is.
    pub level: DiagnosticLevel,
    /// The file's name, as the caller gave it.
    pub file: String,
    /// Which bytes of the file.
    pub span: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error.
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

    /// A warning.
    pub fn new_warning(
        code: &'static str,
        file: &str,
        span: Range<usize>,
        message: String,
    ) -> Self {
        Diagnostic { level: DiagnosticLevel::Warning, ..Self::new_error(code, file, span, message) }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_help(self, help: Option<String>) -> Self {
        Diagnostic { help, ..self }
    }

    /// An error of the YAML reader, where it stands in a file whose YAML begins at its start.
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

/// The reader's message without the snippet and the position that it adds.
fn yaml_message(error: &serde_saphyr::Error) -> String {
    let whole = error.without_snippet().to_string();
    let line = whole.lines().next().unwrap_or_default();
    let cut = line.rfind(" at line ").and_then(|at| line.get(..at)).unwrap_or(line);
    cut.trim_end_matches(',').to_owned()
}
