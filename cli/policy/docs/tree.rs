//! The folder that pages are written to: what is there against what should be, and only what is ours.

use crate::common::exit::Stopped;
use evenkeel_authoring::docs::{MARK, Page};
use std::path::{Path, PathBuf};

/// A page that is not as it should be.
#[derive(Debug)]
pub(super) enum Difference<'a> {
    /// There, with other text.
    Stale(&'a Page),
    /// Not there.
    Missing(&'a Page),
    /// Ours, and nobody needs it any more; its path from the folder.
    Surplus(PathBuf),
}

impl Difference<'_> {
    /// The page's path from the folder.
    pub(super) fn path(&self) -> &Path {
        match self {
            Difference::Stale(page) | Difference::Missing(page) => Path::new(&page.path),
            Difference::Surplus(path) => path,
        }
    }

    /// What is wrong with it, in a word or two.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Difference::Stale(_) => "is stale",
            Difference::Missing(_) => "is missing",
            Difference::Surplus(_) => "is one too many",
        }
    }
}

/// What is not as it should be in a folder.
pub(super) fn compare<'a>(
    folder: &Path,
    pages: &'a [Page],
    ending: &str,
) -> Result<Vec<Difference<'a>>, Stopped> {
    let mut differences = Vec::new();
    for page in pages {
        let path = folder.join(&page.path);
        match read(&path)? {
            None => differences.push(Difference::Missing(page)),
            Some(text) if text == page.text => {}
            Some(text) if is_ours(&text) => differences.push(Difference::Stale(page)),
            Some(_) => {
                let what = "was not written by `evenkeel docs`: move it, or name another --out";
                return Err(Stopped::Usage(format!("{} {what}", path.display())));
            }
        }
    }
    let wanted = |path: &Path| pages.iter().any(|page| Path::new(&page.path) == path);
    for path in there(folder, ending)? {
        let text = if wanted(&path) { None } else { read(&folder.join(&path))? };
        if text.is_some_and(|text| is_ours(&text)) {
            differences.push(Difference::Surplus(path));
        }
    }
    Ok(differences)
}

/// Writes what is stale or missing, and removes what is one too many.
pub(super) fn put(folder: &Path, differences: &[Difference<'_>]) -> Result<(), Stopped> {
    for difference in differences {
        let path = folder.join(difference.path());
        let parent = path.parent().unwrap_or(folder);
        match difference {
            Difference::Stale(page) | Difference::Missing(page) => std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::write(&path, &page.text))
                .map_err(Stopped::io(format!("cannot write {}", path.display())))?,
            Difference::Surplus(_) => {
                std::fs::remove_file(&path)
                    .map_err(Stopped::io(format!("cannot remove {}", path.display())))?;
                // The folder of a service goes with its last page: one that is not empty stays.
                if parent != folder {
                    drop(std::fs::remove_dir(parent));
                }
            }
        }
    }
    Ok(())
}

/// A file's text; none where there is no file. What is no text is not ours.
fn read(path: &Path) -> Result<Option<String>, Stopped> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Stopped::Io { what: format!("cannot read {}", path.display()), error }),
    }
}

/// Whether a page was written by us: it says so at its beginning.
fn is_ours(text: &str) -> bool {
    text.lines().take(2).any(|line| line.contains(MARK))
}

/// The files with this ending in a folder, as far down as pages lie; their paths from it.
fn there(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Stopped> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in walkdir::WalkDir::new(folder).max_depth(2).sort_by_file_name() {
        let entry = entry.map_err(|error| Stopped::Io {
            what: format!("cannot read {}", folder.display()),
            error: error.into(),
        })?;
        let path = entry.path();
        let is_page = path.extension().is_some_and(|is| is == ending);
        if entry.file_type().is_file()
            && is_page
            && let Ok(path) = path.strip_prefix(folder)
        {
            found.push(path.to_owned());
        }
    }
    Ok(found)
}
