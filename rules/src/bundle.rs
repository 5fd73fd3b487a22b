//! The bundle: the policies, functions, settings and waivers that hold together, compiled.

mod file_kind;
mod manifest;

pub use file_kind::FileKind;
pub use manifest::{BundleManifest, HISTORY, MANIFEST, history_key, sha256_hex};

use crate::diagnostic::Diagnostic;
use crate::policy::{PolicyFile, PolicySet};
use crate::waiver::WaiverSet;

/// Policies and waivers, compiled.
#[derive(Debug)]
pub struct PolicyBundle {
    /// The manifest's SHA-256, or where it came from if there is none.
    pub version: String,
    /// The policies.
    pub set: PolicySet,
    /// The waivers.
    pub waivers: WaiverSet,
}

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The manifest is not what it should be.
    #[error("`{MANIFEST}` is no manifest: {0}")]
    Manifest(#[source] serde_json::Error),
    /// A file is not the one that the manifest names.
    #[error("`{0}` does not have the SHA-256 that the manifest names")]
    Digest(String),
    /// A file is no text.
    #[error("the bundle does not compile: {0}: not UTF-8")]
    NotText(String),
    /// Policies or waivers are wrong.
    #[error("the bundle does not compile: {}", summarize_diagnostics(.0))]
    Invalid(Vec<Diagnostic>),
    /// Nothing would ever be found.
    #[error("the bundle has no policy")]
    Empty,
}

impl PolicyBundle {
    /// The bundle that these files make up.
    ///
    /// # Errors
    /// When one is wrong, or there is no policy.
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
        Ok(PolicyBundle { version, set, waivers })
    }
}

/// The first of what is wrong, and how much more there is.
fn summarize_diagnostics(wrong: &[Diagnostic]) -> String {
    let first = wrong.first().map(|first| format!("{}: {}", first.file, first.message));
    let first = first.unwrap_or_default();
    match wrong.len().saturating_sub(1) {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}
