//! Finds the log files that the user's inputs name, in the same order on every machine.

mod folder;

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use super::problem::{InputError, InputProblem, ProblemKind};

/// What stands for the standard input.
const STDIN_INPUT: &str = "-";

/// How many names of ignored files are given as examples.
const MAX_EXAMPLES: usize = 5;

/// One file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Its name as the user would recognise it: the input as typed, and the way from there.
    pub name: String,
    /// Where it is; none is the standard input.
    pub path: Option<PathBuf>,
    /// Its size as stored, as far as it is known.
    pub size: u64,
}

/// What the inputs come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiscoveredFiles {
    /// The files, each once, in the order of the inputs and by name within a folder.
    pub files: Vec<LogFile>,
    /// The inputs, or parts of them, that could not be used.
    pub problems: Vec<InputProblem>,
    /// Files in folders that do not look like logs.
    pub ignored: IgnoredFiles,
}

/// Files that were not taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoredFiles {
    /// How many there are; a hidden folder counts as one.
    pub count: u64,
    /// The names of the first few.
    pub examples: Vec<String>,
}

/// Finds the files that `inputs` name: files, folders, patterns, or `-` for the standard input.
pub fn discover_files(inputs: &[String]) -> DiscoveredFiles {
    let mut search = FileSearch::default();
    for input in inputs {
        search.add_input(input);
    }
    search.discovered
}

/// A search, and what it has seen so far.
#[derive(Default)]
struct FileSearch {
    discovered: DiscoveredFiles,
    /// Where the files found so far really are.
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
            // A link that leads nowhere is there, and is no pattern.
            Err(_) if is_pattern(input) && fs::symlink_metadata(path).is_err() => {
                self.add_pattern(input);
            }
            Err(_) => self.add_problem(input, InputError::Missing),
        }
    }

    /// Takes what matches a pattern, whatever it is called: the user named it.
    fn add_pattern(&mut self, input: &str) {
        // As in a shell: a star does not stand for a leading dot.
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
        // Pipes that a shell opens have no other path.
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
