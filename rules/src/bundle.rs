//! Policy bundles: policies, functions, settings and waivers that are compiled and deployed
//! together.

mod file_kind;
mod manifest;

pub use file_kind::FileKind;
pub use manifest::{BundleManifest, HISTORY, MANIFEST, history_key, sha256_hex};

use crate::diagnostic::Diagnostic;
use crate::operator_settings::OperatorSettings;
use crate::policy::{PolicyFile, PolicySet};
use crate::waiver::WaiverSet;

/// A compiled policy bundle.
#[derive(Debug)]
pub struct PolicyBundle {
    /// The SHA-256 of the manifest, or the source of the bundle if there is no manifest.
    pub version: String,
    /// The compiled policies with their settings.
    pub set: PolicySet,
    /// The waivers of all waiver files.
    pub waivers: WaiverSet,
}

/// An error that makes a bundle unusable.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The manifest cannot be read from JSON or written as JSON.
    #[error("`{MANIFEST}` is not a valid manifest: {0}")]
    Manifest(#[source] serde_json::Error),
    /// The digest of a file differs from the manifest, or is not a SHA-256.
    #[error("the SHA-256 of `{0}` differs from the one in the manifest")]
    Digest(String),
    /// A file is not UTF-8 text.
    #[error("the bundle does not compile: `{0}` is not UTF-8 text")]
    NotText(String),
    /// Policies, functions, settings or waivers are not valid.
    #[error("the bundle does not compile: {}", summarize_diagnostics(.0))]
    Invalid(Vec<Diagnostic>),
    /// The bundle contains no policy. The evaluator would never report a finding.
    #[error("the bundle contains no policy; add at least one `.cel` file")]
    Empty,
}

impl PolicyBundle {
    /// Compiles the files of a bundle. Test cases and framework files are ignored.
    ///
    /// # Errors
    /// [`BundleError::Empty`] if there is no policy; [`BundleError::Invalid`] with the diagnostics
    /// if a file is not valid.
    pub fn compile_files(
        version: String,
        files: &[PolicyFile],
    ) -> Result<PolicyBundle, BundleError> {
        let of = |kind: FileKind| -> Vec<PolicyFile> {
            let files =
                files.iter().filter(|file| FileKind::from_file_name(&file.name) == Some(kind));
            files.cloned().collect()
        };
        let (policies, functions) = (of(FileKind::Policy), of(FileKind::Functions));
        if policies.is_empty() {
            return Err(BundleError::Empty);
        }
        let set =
            PolicySet::compile_files(&policies, functions.first()).map_err(BundleError::Invalid)?;
        let set = set.with_settings(&of(FileKind::Settings)).map_err(BundleError::Invalid)?;
        let mut waivers = WaiverSet::default();
        for file in &of(FileKind::Waivers) {
            waivers.add_waivers(
                WaiverSet::load_checked(&file.name, &file.text, &set)
                    .map_err(BundleError::Invalid)?,
            );
        }
        // Only the remediators use these settings. An invalid file must not be deployed.
        for file in &of(FileKind::OperatorSettings) {
            OperatorSettings::parse_file(&file.name, &file.text).map_err(BundleError::Invalid)?;
        }
        Ok(PolicyBundle { version, set, waivers })
    }
}

/// Returns the text of the first diagnostic, and the number of the others.
fn summarize_diagnostics(wrong: &[Diagnostic]) -> String {
    let first = wrong.first().map(|first| format!("{}: {}", first.file, first.message));
    let first = first.unwrap_or_default();
    match wrong.len().saturating_sub(1) {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}
