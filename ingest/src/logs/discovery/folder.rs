//! Searches a folder for log files.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::FileSearch;
use crate::logs::problem::InputError;

/// The file extensions of logs. The comparison ignores the case.
const LOG_ENDINGS: [&str; 5] = [".json", ".gz", ".ndjson", ".jsonl", ".log"];

impl FileSearch {
    /// Adds every log in a folder and its subfolders.
    pub(super) fn add_folder(&mut self, root: &Path) {
        let mut parent = ParentFolder::default();
        let mut logs = 0u64;
        let mut walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.add_walk_problem(root, &error);
                    continue;
                }
            };
            let is_hidden = entry.depth() > 0 && entry_name(&entry).starts_with('.');
            if is_hidden {
                self.ignore_file(entry.path());
                if entry.file_type().is_dir() {
                    walk.skip_current_dir();
                }
            } else if entry.file_type().is_file() && is_log(&entry_name(&entry)) {
                logs = logs.saturating_add(1);
                self.add_log_entry(&entry, &mut parent);
            } else if !entry.file_type().is_dir() {
                self.ignore_file(entry.path());
            }
        }
        // If the folder cannot be read, that problem is already recorded.
        let is_reported =
            self.discovered.problems.last().is_some_and(|last| Path::new(&last.file) == root);
        if logs == 0 && !is_reported {
            self.add_problem(&root.to_string_lossy(), InputError::NoLogs);
        }
    }

    fn add_log_entry(&mut self, entry: &DirEntry, parent: &mut ParentFolder) {
        match entry.metadata() {
            Ok(about) => {
                let real = parent.real_path(entry);
                self.add_path(entry.path(), about.len(), real);
            }
            Err(error) => self.add_walk_problem(entry.path(), &error),
        }
    }

    fn add_walk_problem(&mut self, root: &Path, error: &walkdir::Error) {
        let name = error.path().unwrap_or(root).to_string_lossy().into_owned();
        let what = match error.io_error() {
            _ if error.loop_ancestor().is_some() => InputError::LinkLoop,
            Some(error) => InputError::Unreadable(error.kind()),
            None => InputError::Missing,
        };
        self.add_problem(&name, what);
    }
}

/// A cache for the canonical path of the parent folder of the last file. Without the cache, the
/// resolution of this path for each file would take more time than the search.
#[derive(Default)]
struct ParentFolder {
    path: PathBuf,
    real: Option<PathBuf>,
}

impl ParentFolder {
    fn real_path(&mut self, entry: &DirEntry) -> PathBuf {
        let path = entry.path();
        let folder = path.parent().unwrap_or(path);
        if self.real.is_none() || self.path != folder {
            folder.clone_into(&mut self.path);
            self.real = fs::canonicalize(folder).ok();
        }
        match &self.real {
            Some(real) if !entry.path_is_symlink() => real.join(entry.file_name()),
            _ => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        }
    }
}

fn entry_name(entry: &DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

fn is_log(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    LOG_ENDINGS.iter().any(|ending| name.ends_with(ending))
}
