//! The documents that are open in the editor, and their diagnostics.

use super::positions;
use crate::common::library::PolicyLibrary;
use crate::policy::check::check_library;
use evenkeel_rules::{Diagnostic, DiagnosticLevel};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The texts of the open documents by URI.
#[derive(Debug, Default)]
pub(super) struct OpenDocuments(BTreeMap<String, String>);

/// A function of the organization: its description and its place.
pub(super) struct OrganizationFunction {
    pub(super) description: String,
    pub(super) uri: String,
    pub(super) range: lsp_types::Range,
}

impl OpenDocuments {
    /// Sets the text of a document that was opened or changed.
    pub(super) fn set_text(&mut self, uri: &str, text: String) {
        self.0.insert(uri.to_owned(), text);
    }

    /// Removes a closed document.
    pub(super) fn close_document(&mut self, uri: &str) {
        self.0.remove(uri);
    }

    /// Returns the text of an open document.
    pub(super) fn document_text(&self, uri: &str) -> Option<&str> {
        self.0.get(uri).map(String::as_str)
    }

    /// Returns the parameters of `textDocument/publishDiagnostics` for a document and its companion
    /// (the test file of a policy, or the policy of a test file).
    ///
    /// The result has one entry for each of the two that is open. If the document itself is closed,
    /// its entry has no diagnostics, so that the editor removes the old ones.
    pub(super) fn collect_diagnostics(&self, uri: &str) -> Vec<Value> {
        let Some(path) = path_from_uri(uri) else { return Vec::new() };
        let name = path.display().to_string();
        let stem = name.strip_suffix(".test.yaml").or_else(|| name.strip_suffix(".cel"));
        let Some(stem) = stem else { return Vec::new() };
        let (policy, cases) = (format!("{stem}.cel"), format!("{stem}.test.yaml"));
        let mut found =
            self.read_library(&policy).map(|library| check_library(&library).0).unwrap_or_default();
        [policy, cases]
            .iter()
            .filter_map(|file| match self.find_open_file(file) {
                Some((uri, text)) => {
                    let of_file = found.extract_if(.., |one| one.file == *file);
                    let of_file: Vec<Value> =
                        of_file.map(|one| to_lsp_diagnostic(&one, text)).collect();
                    Some(json!({"uri": uri, "diagnostics": of_file}))
                }
                None => (*file == name).then(|| json!({"uri": uri, "diagnostics": []})),
            })
            .collect()
    }

    /// Returns the URI and the text of an open document by its file name.
    fn find_open_file(&self, file: &str) -> Option<(&String, &String)> {
        self.0.iter().find(|(uri, _)| {
            path_from_uri(uri).is_some_and(|path| path.display().to_string() == file)
        })
    }

    /// Reads a policy with its companion files. The text of an open document replaces its file.
    fn read_library(&self, policy: &str) -> Option<PolicyLibrary> {
        let text = |file: &str| self.find_open_file(file).map(|(_, text)| text.clone());
        PolicyLibrary::read_for_editor(policy.as_ref(), &text)
    }

    /// Returns the organization's function with this name that applies to a document.
    pub(super) fn find_function(&self, uri: &str, name: &str) -> Option<OrganizationFunction> {
        let path = path_from_uri(uri)?;
        let library = self.read_library(&path.display().to_string())?;
        let file = library.functions.as_ref()?;
        let set = evenkeel_rules::policy::PolicySet::compile_files(&[], Some(file)).ok()?;
        let called = |(signature, _): &(String, &str)| signature.split('(').next() == Some(name);
        let (signature, description) = set.organization_functions().function_docs().find(called)?;
        let start = file.text.find(&format!("{name}("))?;
        Some(OrganizationFunction {
            description: format!("`{signature}`: {description}"),
            uri: uri_from_path(&file.name),
            range: positions::range_from_span(
                &file.text,
                &(start..start.saturating_add(name.len())),
            ),
        })
    }
}

/// Converts a diagnostic into the format of the Language Server Protocol.
fn to_lsp_diagnostic(one: &Diagnostic, text: &str) -> Value {
    let message = match &one.help {
        Some(help) => format!("{}\n{help}", one.message),
        None => one.message.clone(),
    };
    json!({
        "range": positions::range_from_span(text, &one.span),
        "severity": if one.level == DiagnosticLevel::Error { 1 } else { 2 },
        "code": one.code,
        "source": "evenkeel",
        "message": message,
    })
}

/// Returns the path of a `file:` URI, or `None` for another URI.
fn path_from_uri(uri: &str) -> Option<PathBuf> {
    let path = uri.strip_prefix("file://")?;
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// Returns the `file:` URI of a path.
fn uri_from_path(path: &str) -> String {
    let mut uri = String::from("file://");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri += &format!("%{byte:02X}");
        }
    }
    uri
}
