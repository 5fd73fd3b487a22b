//! Prints diagnostics: the line of the file, the marked place in the line, and a suggestion.

use crate::common::terminal::{escape_terminal, print_stderr};
use evenkeel_rules::{Diagnostic, DiagnosticLevel, is_deceptive};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Severity,
};
use std::collections::BTreeMap;
use std::io::IsTerminal;

/// The texts of files by file name. Reports quote lines from them.
pub(crate) type FileTexts = BTreeMap<String, String>;

/// Writes a report of each diagnostic to standard error.
pub(crate) fn print_diagnostics(diagnostics: &[Diagnostic], texts: &FileTexts) {
    let theme = if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false);
    for diagnostic in diagnostics {
        print_stderr(&render_diagnostic(&handler, diagnostic, texts));
    }
}

/// Replaces each deceptive character of `text` by a visible one of the same length in bytes.
///
/// The byte positions of diagnostics refer to the original text, so they must stay valid.
fn replace_deceptive_characters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || c == '\t' || !is_deceptive(c) {
            out.push(c);
        } else if c.len_utf8() == 3 {
            out.push(char::REPLACEMENT_CHARACTER);
        } else {
            out.extend(std::iter::repeat_n('?', c.len_utf8()));
        }
    }
    out
}

/// Renders one diagnostic as several lines of text.
fn render_diagnostic(
    handler: &GraphicalReportHandler,
    diagnostic: &Diagnostic,
    texts: &FileTexts,
) -> String {
    let text = texts.get(&diagnostic.file);
    let severity = match diagnostic.level {
        DiagnosticLevel::Error => Severity::Error,
        DiagnosticLevel::Warning => Severity::Warning,
    };
    let mut report = MietteDiagnostic::new(escape_terminal(&diagnostic.message))
        .with_code(diagnostic.code)
        .with_severity(severity);
    if let Some(help) = &diagnostic.help {
        report = report.with_help(escape_terminal(help));
    }
    if let Some(text) = text {
        let start = diagnostic.span.start.min(text.len());
        let length = diagnostic.span.len().min(text.len().saturating_sub(start));
        report = report.with_label(LabeledSpan::underline((start, length)));
    }
    let source = text.map(|text| replace_deceptive_characters(text)).unwrap_or_default();
    let report = miette::Report::new(report)
        .with_source_code(NamedSource::new(escape_terminal(&diagnostic.file), source));
    let mut out = String::new();
    match handler.render_report(&mut out, report.as_ref()) {
        Ok(()) => out,
        Err(_) => format!(
            "{}: {}\n",
            escape_terminal(&diagnostic.file),
            escape_terminal(&diagnostic.message)
        ),
    }
}
