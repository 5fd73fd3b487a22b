//! Loads the policies that are packaged with the function, from a folder next to its program.

use std::path::Path;

use evenkeel_rules::bundle::{BundleError, FileKind, PolicyBundle};
use evenkeel_rules::policy::PolicyFile;

/// An error that prevents the use of the policies in a folder.
#[derive(Debug, thiserror::Error)]
pub enum PackagedPoliciesError {
    /// The folder cannot be listed.
    #[error("cannot read `{folder}`: {error}")]
    Folder {
        /// The path of the folder.
        folder: String,
        /// The cause.
        error: walkdir::Error,
    },
    /// A file cannot be read.
    #[error("cannot read a file in `{folder}`: {error}")]
    File {
        /// The path of the folder.
        folder: String,
        /// The cause.
        error: std::io::Error,
    },
    /// The files are not a valid bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Loads the bundle in a folder: `.cel` files at any depth, `functions.yaml`, `settings.yaml`, and
/// `waivers/*.yaml`.
///
/// # Errors
///
/// * [`PackagedPoliciesError::Folder`] if the folder cannot be listed.
/// * [`PackagedPoliciesError::File`] if a file cannot be read.
/// * [`PackagedPoliciesError::Bundle`] if a file is invalid, or if the folder contains no policy.
pub fn read_packaged_policies(folder: &Path) -> Result<PolicyBundle, PackagedPoliciesError> {
    let folder_name = || folder.display().to_string();
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry
            .map_err(|error| PackagedPoliciesError::Folder { folder: folder_name(), error })?;
        let name = entry.path().to_string_lossy().into_owned();
        // Test cases are files for policy authors. They are not part of a bundle.
        let is_bundled = FileKind::from_file_name(&name).is_some_and(FileKind::is_bundled);
        if entry.file_type().is_file() && is_bundled {
            let text = std::fs::read_to_string(entry.path());
            let text =
                text.map_err(|error| PackagedPoliciesError::File { folder: folder_name(), error })?;
            files.push(PolicyFile { name, text });
        }
    }
    Ok(PolicyBundle::compile_files("artifact".to_owned(), &files)?)
}
