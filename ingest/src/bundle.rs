//! The policies, functions and waivers that hold: from a folder or from the ledger, checked and compiled.

use std::collections::BTreeMap;
use std::path::Path;

use evenkeel_ledger::{Ledger, LedgerError};
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use evenkeel_rules::{Diagnostic, Waivers};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Names the files of the bundle that holds. The only record of a ledger that is ever replaced; the files
/// that it names are called by their digest, and never are.
pub const MANIFEST: &str = "bundle/manifest.json";

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

/// What the manifest says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// A file's name, and the SHA-256 of its content in lower-case hexadecimal.
    files: BTreeMap<String, String>,
}

impl Bundle {
    /// The bundle in a folder: `.cel` files at any depth, `functions.yaml`, and `waivers/*.yaml`.
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
            if entry.file_type().is_file() && is_wanted(&name) {
                let text = std::fs::read_to_string(entry.path());
                files.push(PolicyFile {
                    name,
                    text: text.map_err(|error| fail(error.to_string()))?,
                });
            }
        }
        Self::compile("artefact".to_owned(), files)
    }

    /// The bundle that the ledger's manifest names; none where there is no manifest, or where it is still
    /// the one called `known`.
    ///
    /// # Errors
    /// When a file is missing or not the one that is named, or is wrong, or there is no policy.
    pub async fn from_ledger(ledger: &Ledger, known: &str) -> Result<Option<Bundle>, BundleError> {
        let Some(manifest) = ledger.find(MANIFEST).await? else { return Ok(None) };
        let version = hex(&manifest);
        if version == known {
            return Ok(None);
        }
        let manifest: Manifest = serde_json::from_slice(&manifest)
            .map_err(|error| BundleError::Manifest(error.to_string()))?;
        let mut files = Vec::new();
        for (name, digest) in manifest.files {
            // Also keeps the name of the record from leading elsewhere.
            if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(BundleError::Digest(name));
            }
            let content = ledger.read(&format!("bundle/files/{digest}")).await?;
            if hex(&content) != digest {
                return Err(BundleError::Digest(name));
            }
            let text = String::from_utf8(content)
                .map_err(|_| BundleError::Wrong(format!("{name}: not UTF-8")))?;
            files.push(PolicyFile { name, text });
        }
        Self::compile(version, files).map(Some)
    }

    fn compile(version: String, files: Vec<PolicyFile>) -> Result<Bundle, BundleError> {
        let wrong = |wrong: Vec<Diagnostic>| BundleError::Wrong(first_of(&wrong));
        let (waiver_files, files): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| is_waiver(&file.name));
        let (functions, policies): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.name.ends_with("functions.yaml"));
        if policies.is_empty() {
            return Err(BundleError::Empty);
        }
        let set = PolicySet::load(&policies, functions.first()).map_err(wrong)?;
        let mut waivers = Waivers::default();
        for file in &waiver_files {
            waivers.extend(Waivers::load(&file.name, &file.text, &set).map_err(wrong)?);
        }
        Ok(Bundle { version, set, waivers })
    }
}

/// What else a folder of policies holds, tests among it, is not for here.
fn is_wanted(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(std::ffi::OsStr::to_str);
    ending == Some("cel") || name.ends_with("functions.yaml") || is_waiver(name)
}

fn is_waiver(name: &str) -> bool {
    let path = Path::new(name);
    let within = path.parent().and_then(Path::file_name);
    within.is_some_and(|folder| folder == "waivers")
        && path.extension().is_some_and(|ending| ending == "yaml")
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

/// The SHA-256 of some bytes, in lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
