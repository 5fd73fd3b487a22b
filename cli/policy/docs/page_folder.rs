//! Compares and updates the folder of the generated pages. Other files in the folder stay
//! unchanged.

use crate::common::exit::CommandError;
use evenkeel_authoring::docs::{DocsPage, GENERATED_MARK};
use std::path::{Path, PathBuf};

/// A difference between a page and its file.
#[derive(Debug)]
pub(super) enum PageDifference<'a> {
    /// The file has other text.
    Stale(&'a DocsPage),
    /// The file does not exist.
    Missing(&'a DocsPage),
    /// The file is a generated page without a policy. The value is its path relative to the folder.
    Surplus(PathBuf),
}

impl PageDifference<'_> {
    /// Returns the path of the page relative to the folder.
    pub(super) fn relative_path(&self) -> &Path {
        match self {
            PageDifference::Stale(page) | PageDifference::Missing(page) => Path::new(&page.path),
            PageDifference::Surplus(path) => path,
        }
    }

    /// Returns the problem of the page as the end of a sentence that begins with the page's path.
    pub(super) fn problem_text(&self) -> &'static str {
        match self {
            PageDifference::Stale(_) => "is out of date",
            PageDifference::Missing(_) => "is missing",
            PageDifference::Surplus(_) => "is no longer needed",
        }
    }
}

/// Returns the differences between `pages` and the files in `folder` with this extension.
///
/// # Errors
/// [`CommandError::Usage`] if a file that is not a generated page has the path of a page;
/// [`CommandError::Io`] if a file cannot be read.
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
                let what = "was not written by `evenkeel docs`; move it, or use another --out";
                return Err(CommandError::Usage(format!("{} {what}", path.display())));
            }
        }
    }
    let is_needed = |path: &Path| pages.iter().any(|page| Path::new(&page.path) == path);
    for path in list_page_files(folder, ending)? {
        let text = if is_needed(&path) { None } else { read_page(&folder.join(&path))? };
        if text.is_some_and(|text| is_generated_page(&text)) {
            differences.push(PageDifference::Surplus(path));
        }
    }
    Ok(differences)
}

/// Writes outdated and missing pages, and removes pages that are no longer needed.
///
/// # Errors
/// [`CommandError::Io`] if a file cannot be written or removed.
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
                // Remove the folder of a service with its last page. `remove_dir` fails for a
                // folder that is not empty, which is intended.
                if parent != folder {
                    drop(std::fs::remove_dir(parent));
                }
            }
        }
    }
    Ok(())
}

/// Returns the text of a file, or `None` if the file does not exist. Invalid UTF-8 is replaced.
fn read_page(path: &Path) -> Result<Option<String>, CommandError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(CommandError::Io { what: format!("cannot read {}", path.display()), error })
        }
    }
}

/// Returns whether one of the first two lines has the mark of a generated page.
fn is_generated_page(text: &str) -> bool {
    text.lines().take(2).any(|line| line.contains(GENERATED_MARK))
}

/// Returns the files with this extension, at most one subfolder deep, as paths relative to
/// `folder`.
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
