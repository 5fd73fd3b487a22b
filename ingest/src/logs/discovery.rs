//! Finds the log files that the user's inputs name, in the same order on every machine.

mod folder;

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use super::problem::{InputError, Problem, ProblemKind};

/// What stands for the standard input.
const STDIN: &str = "-";

/// How many names of ignored files are given as examples.
const EXAMPLES: usize = 5;

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
pub struct Discovered {
    /// The files, each once, in the order of the inputs and by name within a folder.
    pub files: Vec<LogFile>,
    /// The inputs, or parts of them, that could not be used.
    pub problems: Vec<Problem>,
    /// Files in folders that do not look like logs.
    pub ignored: Ignored,
}

/// Files that were not taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignored {
    /// How many there are; a hidden folder counts as one.
    pub count: u64,
    /// The names of the first few.
    pub examples: Vec<String>,
}

/// Finds the files that `inputs` name: files, folders, patterns, or `-` for the standard input.
pub fn discover(inputs: &[String]) -> Discovered {
    let mut search = Search::default();
    for input in inputs {
        search.input(input);
    }
    search.found
}

/// A search, and what it has seen so far.
#[derive(Default)]
struct Search {
    found: Discovered,
    /// Where the files found so far really are.
    seen: BTreeSet<PathBuf>,
}

impl Search {
    fn input(&mut self, input: &str) {
        let path = Path::new(input);
        if input == STDIN {
            let file = LogFile { name: "standard input".to_owned(), path: None, size: 0 };
            return self.add(file, PathBuf::from(STDIN));
        }
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => self.folder(path),
            Ok(about) => self.file(path, about.len()),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                self.problem(input, unreadable(&error));
            }
            // A link that leads nowhere is there, and is no pattern.
            Err(_) if is_pattern(input) && fs::symlink_metadata(path).is_err() => {
                self.pattern(input);
            }
            Err(_) => self.problem(input, InputError::Missing),
        }
    }

    /// Takes what matches a pattern, whatever it is called: the user named it.
    fn pattern(&mut self, input: &str) {
        // As in a shell: a star does not stand for a leading dot.
        let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
        let paths = match glob::glob_with(input, options) {
            Ok(paths) => paths,
            Err(error) => return self.problem(input, InputError::Pattern(error.msg, error.pos)),
        };
        let mut matched = Vec::new();
        for path in paths {
            match path {
                Ok(path) => matched.push(path),
                Err(error) => {
                    let name = error.path().to_string_lossy().into_owned();
                    self.problem(&name, unreadable(error.error()));
                }
            }
        }
        matched.sort();
        if matched.is_empty() {
            self.problem(input, InputError::NoMatch);
        }
        for path in matched {
            match fs::metadata(&path) {
                Ok(about) if about.is_dir() => self.folder(&path),
                Ok(about) => self.file(&path, about.len()),
                Err(error) => self.problem(&path.to_string_lossy(), unreadable(&error)),
            }
        }
    }

    fn file(&mut self, path: &Path, size: u64) {
        // Pipes that a shell opens have no other path.
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        self.add_path(path, size, real);
    }

    fn add_path(&mut self, path: &Path, size: u64, real: PathBuf) {
        let name = path.to_string_lossy().into_owned();
        self.add(LogFile { name, path: Some(path.to_owned()), size }, real);
    }

    fn add(&mut self, file: LogFile, real: PathBuf) {
        if self.seen.insert(real) {
            self.found.files.push(file);
        }
    }

    fn ignore(&mut self, path: &Path) {
        let ignored = &mut self.found.ignored;
        ignored.count = ignored.count.saturating_add(1);
        if ignored.examples.len() < EXAMPLES {
            ignored.examples.push(path.to_string_lossy().into_owned());
        }
    }

    fn problem(&mut self, name: &str, what: impl Into<ProblemKind>) {
        self.found.problems.push(Problem::file(name, what));
    }
}

fn unreadable(error: &std::io::Error) -> InputError {
    InputError::Unreadable(error.kind())
}

fn is_pattern(input: &str) -> bool {
    input.contains(['*', '?', '['])
}

#[cfg(test)]
pub(crate) mod tests;
