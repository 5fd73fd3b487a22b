//! Finds the log files that the user's inputs name. The order is the same on every machine.

mod folder;

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use super::problem::{InputError, InputProblem, ProblemKind};

/// The input that means standard input.
const STDIN_INPUT: &str = "-";

/// The maximum number of ignored files that are listed as examples.
const MAX_EXAMPLES: usize = 5;

/// A log file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// The name of the file for the user: the input as the user typed it, and the path of the file
    /// within this input.
    pub name: String,
    /// The path of the file, or `None` for standard input.
    pub path: Option<PathBuf>,
    /// The size of the file in bytes, as stored; 0 for standard input.
    pub size: u64,
}

/// The result of a search for log files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiscoveredFiles {
    /// The files in the order of the inputs, and sorted by name within a folder. Each file occurs
    /// once.
    pub files: Vec<LogFile>,
    /// The problems with inputs, or with parts of them, that cannot be used.
    pub problems: Vec<InputProblem>,
    /// The files in folders that are hidden, or that do not have the file extension of a log.
    pub ignored: IgnoredFiles,
}

/// Files in folders that are ignored because they are hidden or are not log files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoredFiles {
    /// The number of ignored files. A hidden folder counts as one file.
    pub count: u64,
    /// The names of the first five ignored files.
    pub examples: Vec<String>,
}

/// Finds the log files that `inputs` name. An input is a file, a folder, a pattern such as
/// `logs/*.json`, or `-` for standard input.
///
/// This example finds the log files of a folder:
///
/// ```no_run
/// use evenkeel_ingest::discover_files;
///
/// let discovered = discover_files(&["logs".to_owned()]);
/// for file in &discovered.files {
///     println!("{}: {} bytes", file.name, file.size);
/// }
/// for problem in &discovered.problems {
///     println!("{problem}");
/// }
/// ```
pub fn discover_files(inputs: &[String]) -> DiscoveredFiles {
    let mut search = FileSearch::default();
    for input in inputs {
        search.add_input(input);
    }
    search.discovered
}

/// A search for log files, with its results so far.
#[derive(Default)]
struct FileSearch {
    discovered: DiscoveredFiles,
    /// The canonical paths of the files that are found so far.
    real_paths: BTreeSet<PathBuf>,
}

impl FileSearch {
    fn add_input(&mut self, input: &str) {
        let path = Path::new(input);
        if input == STDIN_INPUT {
            let file = LogFile { name: "standard input".to_owned(), path: None, size: 0 };
            return self.add_log_file(file, PathBuf::from(STDIN_INPUT));
        }
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => self.add_folder(path),
            Ok(about) => self.add_file(path, about.len()),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                self.add_problem(input, unreadable_error(&error));
            }
            // A broken symbolic link exists as a path, so it is not a pattern.
            Err(_) if is_pattern(input) && fs::symlink_metadata(path).is_err() => {
                self.add_pattern(input);
            }
            Err(_) => self.add_problem(input, InputError::Missing),
        }
    }

    /// Adds all files that match a pattern, regardless of their file extension, because the user
    /// named them.
    fn add_pattern(&mut self, input: &str) {
        // As in a shell, a star does not match a leading dot.
        let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
        let paths = match glob::glob_with(input, options) {
            Ok(paths) => paths,
            Err(error) => {
                return self.add_problem(input, InputError::Pattern(error.msg, error.pos));
            }
        };
        let mut matched = Vec::new();
        for path in paths {
            match path {
                Ok(path) => matched.push(path),
                Err(error) => {
                    let name = error.path().to_string_lossy().into_owned();
                    self.add_problem(&name, unreadable_error(error.error()));
                }
            }
        }
        matched.sort();
        if matched.is_empty() {
            self.add_problem(input, InputError::NoMatch);
        }
        for path in matched {
            match fs::metadata(&path) {
                Ok(about) if about.is_dir() => self.add_folder(&path),
                Ok(about) => self.add_file(&path, about.len()),
                Err(error) => self.add_problem(&path.to_string_lossy(), unreadable_error(&error)),
            }
        }
    }

    fn add_file(&mut self, path: &Path, size: u64) {
        // A pipe that a shell opens has no canonical path.
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        self.add_path(path, size, real);
    }

    fn add_path(&mut self, path: &Path, size: u64, real: PathBuf) {
        let name = path.to_string_lossy().into_owned();
        self.add_log_file(LogFile { name, path: Some(path.to_owned()), size }, real);
    }

    fn add_log_file(&mut self, file: LogFile, real: PathBuf) {
        if self.real_paths.insert(real) {
            self.discovered.files.push(file);
        }
    }

    fn ignore_file(&mut self, path: &Path) {
        let ignored = &mut self.discovered.ignored;
        ignored.count = ignored.count.saturating_add(1);
        if ignored.examples.len() < MAX_EXAMPLES {
            ignored.examples.push(path.to_string_lossy().into_owned());
        }
    }

    fn add_problem(&mut self, name: &str, what: impl Into<ProblemKind>) {
        self.discovered.problems.push(InputProblem::for_file(name, what));
    }
}

fn unreadable_error(error: &std::io::Error) -> InputError {
    InputError::Unreadable(error.kind())
}

fn is_pattern(input: &str) -> bool {
    input.contains(['*', '?', '['])
}

#[cfg(test)]
pub(crate) mod tests;
