//! The policies, functions, settings and waivers that hold: from a folder or from the ledger, checked and compiled.

mod manifest;

pub use manifest::{HISTORY, MANIFEST, Manifest, digest};

use std::path::Path;

use evenkeel_ledger::{Ledger, LedgerError};
use evenkeel_rules::policy::{FileKind, PolicyFile, PolicySet};
use evenkeel_rules::{Diagnostic, Waivers};

/// Policies and waivers, compiled.
#[derive(Debug)]
pub struct Bundle {
    /// The manifest's SHA-256, or where it came from if there is none.
    pub version: String,
    /// The policies.
    pub set: PolicySet,
    /// The waivers.
    pub waivers: Waivers,
}

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file of a folder cannot be read.
    #[error("cannot read `{file}`: {error}")]
    File {
        /// The file or folder.
        file: String,
        /// Why.
        error: String,
    },
    /// The manifest is not what it should be.
    #[error("`{MANIFEST}` is no manifest: {0}")]
    Manifest(String),
    /// A file is not the one that the manifest names.
    #[error("`{0}` does not have the SHA-256 that the manifest names")]
    Digest(String),
    /// A policy or a waiver is wrong.
    #[error("the bundle does not compile: {0}")]
    Wrong(String),
    /// Nothing would ever be found.
    #[error("the bundle has no policy")]
    Empty,
}

impl Bundle {
    /// The bundle in a folder: `.cel` files at any depth, `functions.yaml`, `settings.yaml`, and
    /// `waivers/*.yaml`.
    ///
    /// # Errors
    /// When a file cannot be read, or is wrong, or there is no policy.
    pub fn from_folder(folder: &Path) -> Result<Bundle, BundleError> {
        let file = folder.display().to_string();
        let fail = |error: String| BundleError::File { file: file.clone(), error };
        let mut files = Vec::new();
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.map_err(|error| fail(error.to_string()))?;
            let name = entry.path().to_string_lossy().into_owned();
            // Cases are for authors.
            let wanted = FileKind::of(&name).is_some_and(FileKind::judges);
            if entry.file_type().is_file() && wanted {
                let text = std::fs::read_to_string(entry.path());
                files.push(PolicyFile {
                    name,
                    text: text.map_err(|error| fail(error.to_string()))?,
                });
            }
        }
        Self::compile("artefact".to_owned(), &files)
    }

    /// The bundle that the ledger's manifest names; none where there is no manifest, or where it is still
    /// the one called `known`.
    ///
    /// # Errors
    /// When a file is missing or not the one that is named, or is wrong, or there is no policy.
    pub async fn from_ledger(ledger: &Ledger, known: &str) -> Result<Option<Bundle>, BundleError> {
        let Some(manifest) = ledger.find(MANIFEST).await? else { return Ok(None) };
        let version = digest(&manifest);
        if version == known {
            return Ok(None);
        }
        let files = Manifest::read(&manifest)?.files(ledger).await?;
        Self::compile(version, &files).map(Some)
    }

    /// The bundle that these files make up.
    ///
    /// # Errors
    /// When one is wrong, or there is no policy.
    pub fn compile(version: String, files: &[PolicyFile]) -> Result<Bundle, BundleError> {
        let wrong = |wrong: Vec<Diagnostic>| BundleError::Wrong(first_of(&wrong));
        let of = |kind: FileKind| -> Vec<PolicyFile> {
            let files = files.iter().filter(|file| FileKind::of(&file.name) == Some(kind));
            files.cloned().collect()
        };
        let (policies, functions) = (of(FileKind::Policy), of(FileKind::Functions));
        if policies.is_empty() {
            return Err(BundleError::Empty);
        }
        let set = PolicySet::load(&policies, functions.first()).map_err(wrong)?;
        let set = set.with_settings(&of(FileKind::Settings)).map_err(wrong)?;
        let mut waivers = Waivers::default();
        for file in &of(FileKind::Waivers) {
            waivers.extend(Waivers::load(&file.name, &file.text, &set).map_err(wrong)?);
        }
        Ok(Bundle { version, set, waivers })
    }
}

/// The first of what is wrong, and how much more there is.
fn first_of(wrong: &[Diagnostic]) -> String {
    let first = wrong.first().map(|first| format!("{}: {}", first.file, first.message));
    let first = first.unwrap_or_default();
    match wrong.len().saturating_sub(1) {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}
