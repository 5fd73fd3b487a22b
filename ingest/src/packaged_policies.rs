//! The policies that came with the function: a folder beside its program.

use std::path::Path;

use evenkeel_rules::bundle::{BundleError, FileKind, PolicyBundle};
use evenkeel_rules::policy::PolicyFile;

/// Why the policies in a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackagedPoliciesError {
    /// The folder cannot be walked.
    #[error("cannot read `{folder}`: {error}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        error: walkdir::Error,
    },
    /// A file cannot be read.
    #[error("cannot read `{folder}`: {error}")]
    File {
        /// The folder.
        folder: String,
        /// Why.
        error: std::io::Error,
    },
    /// What is in it is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// The bundle in a folder: `.cel` files at any depth, `functions.yaml`, `settings.yaml`, and `waivers/*.yaml`.
///
/// # Errors
/// When a file cannot be read, or is wrong, or there is no policy.
pub fn read_packaged_policies(folder: &Path) -> Result<PolicyBundle, PackagedPoliciesError> {
    let shown = || folder.display().to_string();
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry =
            entry.map_err(|error| PackagedPoliciesError::Folder { folder: shown(), error })?;
        let name = entry.path().to_string_lossy().into_owned();
        // Cases are for authors.
        let wanted = FileKind::from_file_name(&name).is_some_and(FileKind::is_bundled);
        if entry.file_type().is_file() && wanted {
            let text = std::fs::read_to_string(entry.path());
            let text =
                text.map_err(|error| PackagedPoliciesError::File { folder: shown(), error })?;
            files.push(PolicyFile { name, text });
        }
    }
    Ok(PolicyBundle::compile_files("artefact".to_owned(), &files)?)
}
