//! The folder that pages are written to: what is there against what should be, and only what is ours.

use crate::common::exit::CommandError;
use evenkeel_authoring::docs::{DocsPage, GENERATED_MARK};
use std::path::{Path, PathBuf};

/// A page that is not as it should be.
#[derive(Debug)]
pub(super) enum PageDifference<'a> {
    /// There, with other text.
    Stale(&'a DocsPage),
    /// Not there.
    Missing(&'a DocsPage),
    /// Ours, and nobody needs it any more; its path from the folder.
    Surplus(PathBuf),
}

impl PageDifference<'_> {
    /// The page's path from the folder.
    pub(super) fn relative_path(&self) -> &Path {
        match self {
            PageDifference::Stale(page) | PageDifference::Missing(page) => Path::new(&page.path),
            PageDifference::Surplus(path) => path,
        }
    }

    /// What is wrong with it, in a word or two.
    pub(super) fn problem_text(&self) -> &'static str {
        match self {
            PageDifference::Stale(_) => "is stale",
            PageDifference::Missing(_) => "is missing",
            PageDifference::Surplus(_) => "is one too many",
        }
    }
}

/// What is not as it should be in a folder.
pub(super) fn compare_pages<'a>(
    folder: &Path,
    pages: &'a [DocsPage],
    ending: &str,
) -> Result<Vec<PageDifference<'a>>, CommandError> {
    let mut differences = Vec::new();
    for page in pages {
        let path = folder.join(&page.path);
        match read_page(&path)? {
            None => differences.push(PageDifference::Missing(page)),
            Some(text) if text == page.text => {}
            Some(text) if is_generated_page(&text) => differences.push(PageDifference::Stale(page)),
            Some(_) => {
                let what = "was not written by `evenkeel docs`: move it, or name another --out";
                return Err(CommandError::Usage(format!("{} {what}", path.display())));
            }
        }
    }
    let wanted = |path: &Path| pages.iter().any(|page| Path::new(&page.path) == path);
    for path in list_page_files(folder, ending)? {
        let text = if wanted(&path) { None } else { read_page(&folder.join(&path))? };
        if text.is_some_and(|text| is_generated_page(&text)) {
            differences.push(PageDifference::Surplus(path));
        }
    }
    Ok(differences)
}

/// Writes what is stale or missing, and removes what is one too many.
pub(super) fn update_pages(
    folder: &Path,
    differences: &[PageDifference<'_>],
) -> Result<(), CommandError> {
    for difference in differences {
        let path = folder.join(difference.relative_path());
        let parent = path.parent().unwrap_or(folder);
        match difference {
            PageDifference::Stale(page) | PageDifference::Missing(page) => {
                std::fs::create_dir_all(parent)
                    .and_then(|()| std::fs::write(&path, &page.text))
                    .map_err(CommandError::io_error(format!("cannot write {}", path.display())))?;
            }
            PageDifference::Surplus(_) => {
                std::fs::remove_file(&path)
                    .map_err(CommandError::io_error(format!("cannot remove {}", path.display())))?;
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
fn read_page(path: &Path) -> Result<Option<String>, CommandError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(CommandError::Io { what: format!("cannot read {}", path.display()), error })
        }
    }
}

/// Whether a page was written by us: it says so at its beginning.
fn is_generated_page(text: &str) -> bool {
    text.lines().take(2).any(|line| line.contains(GENERATED_MARK))
}

/// The files with this ending in a folder, as far down as pages lie; their paths from it.
fn list_page_files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, CommandError> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in walkdir::WalkDir::new(folder).max_depth(2).sort_by_file_name() {
        let entry = entry.map_err(|error| CommandError::Io {
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
