//! Replaces a file atomically: a reader sees the old or the new text, even if the process is
//! killed.

use std::fs::File;
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;

/// Writes `text` to a temporary file in the same folder, and renames it to `path`.
///
/// If `path` is a symbolic link, the function replaces its target. The permissions stay.
///
/// # Errors
/// [`Error`] if the file is read-only, or a write fails.
pub(super) fn replace_file(path: &Path, text: &str) -> Result<()> {
    let target = path.canonicalize()?;
    let permissions = std::fs::metadata(&target)?.permissions();
    if permissions.readonly() {
        return Err(Error::new(ErrorKind::PermissionDenied, "it is read-only"));
    }
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = target.with_file_name(name);
    let mut file = File::create_new(&temporary)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.set_permissions(permissions))
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&temporary, &target));
    if written.is_err() {
        drop(std::fs::remove_file(&temporary));
    }
    written
}
