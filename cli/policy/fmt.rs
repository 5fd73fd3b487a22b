//! `evenkeel fmt`: formats policies without changing their meaning.

mod atomic_file;

use crate::common::diagnostics::{FileTexts, print_diagnostics};
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::terminal::{
    BOLD, GREEN, RED, escape_terminal, format_count, ignore_broken_pipe, print_error, print_stderr,
    print_stdout, style_text,
};
use atomic_file::replace_file;
use clap::Args;
use evenkeel_authoring::format::format_policy;
use evenkeel_rules::bundle::FileKind;
use similar::TextDiff;
use std::collections::BTreeSet;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// Format policy files
///
/// Sorts the keys of headers, and sets spaces and line breaks. Formatting never changes the meaning
/// of a policy: a policy whose meaning would change is reported, and its file stays as it is.
/// Existing line breaks before operators and members stay. Lines of more than 100 characters are
/// broken. CEL in a header is only indented. Test files (.test.yaml), functions, settings and
/// waivers are not formatted.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel fmt                       format the policies in the folder `policies`
  evenkeel fmt my-policies/ one.cel  format a folder and a file
  evenkeel fmt --check my-policies/  for CI: print the changes, write nothing
  evenkeel fmt --stdin < one.cel     for editors

Exit codes:
  0  the policies are formatted
  1  a policy is invalid; or, with --check, a policy is not formatted
  2  invalid usage, or no policy in the folder
  3  a file could not be read or written")]
pub(crate) struct FmtArguments {
    /// Policy files, or folders of policies [default: policies]
    paths: Vec<PathBuf>,
    /// Write nothing, print the changes, and fail if there are any
    #[arg(long)]
    check: bool,
    /// Format standard input, and write the result to standard output
    #[arg(long, conflicts_with = "paths")]
    stdin: bool,
}

/// The file name of standard input in messages.
const STDIN_NAME: &str = "standard input";

pub(crate) fn run(command: &FmtArguments) -> Result<ExitStatus, CommandError> {
    if command.stdin {
        return format_stdin(command.check);
    }
    let default = [PathBuf::from("policies")];
    let paths = if command.paths.is_empty() { &default } else { &command.paths[..] };
    let mut work = FormattingRun {
        check: command.check,
        visited_files: BTreeSet::new(),
        changed_count: 0,
        invalid_count: 0,
        exit_status: ExitStatus::Success,
    };
    for path in paths {
        work.format_path(path)?;
    }
    if work.visited_files.is_empty() && work.exit_status == ExitStatus::Success {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(CommandError::Usage(format!("no .cel file in {}", names.join(", "))));
    }
    let policies = style_text(BOLD, &format_count(work.visited_files.len(), "policy", "policies"));
    let mut done = match (work.changed_count, work.check) {
        (0, _) => style_text(GREEN, "nothing to format"),
        (changed, true) => style_text(RED, &format!("{changed} would be formatted")),
        (changed, false) => style_text(GREEN, &format!("{changed} formatted")),
    };
    if work.invalid_count > 0 {
        done.push_str(&style_text(RED, &format!(", {} invalid", work.invalid_count)));
    }
    print_stderr(&format!("{policies}, {done}\n"));
    Ok(work.exit_status)
}

/// Formats standard input, or prints its differences if `check` is set.
fn format_stdin(check: bool) -> Result<ExitStatus, CommandError> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(CommandError::io_error("cannot read standard input"))?;
    let new = match format_policy(STDIN_NAME, &text) {
        Ok(new) => new,
        Err(problem) => {
            print_diagnostics(&[problem], &FileTexts::from([(STDIN_NAME.to_owned(), text)]));
            return Ok(ExitStatus::Findings);
        }
    };
    if check {
        print_stdout(&render_diff(STDIN_NAME, &text, &new))?;
        return Ok(if new == text { ExitStatus::Success } else { ExitStatus::Findings });
    }
    let mut out = std::io::stdout().lock();
    let shown = if out.is_terminal() { escape_lines(&new) } else { new };
    ignore_broken_pipe(out.write_all(shown.as_bytes()).and_then(|()| out.flush()))
        .map_err(CommandError::io_error("cannot write to standard output"))?;
    Ok(ExitStatus::Success)
}

/// Escapes each line of a text for a terminal.
fn escape_lines(text: &str) -> String {
    text.lines().flat_map(|line| [escape_terminal(line), "\n".to_owned()]).collect()
}

/// The state of one run over several files.
struct FormattingRun {
    check: bool,
    /// The canonical paths of the formatted files, so that each file is formatted once.
    visited_files: BTreeSet<PathBuf>,
    changed_count: usize,
    invalid_count: usize,
    exit_status: ExitStatus,
}

impl FormattingRun {
    /// Formats a file, or all policies in a folder and its subfolders.
    fn format_path(&mut self, path: &Path) -> Result<(), CommandError> {
        if !path.is_dir() {
            let name = path.to_string_lossy();
            return match FileKind::from_file_name(&name) {
                Some(FileKind::Policy) => self.format_file(path),
                // A shell pattern can include the companion files of policies.
                Some(_) => Ok(()),
                None if !path.exists() => self.format_file(path),
                None => Err(CommandError::Usage(format!("`{name}` is not a .cel file"))),
            };
        }
        for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    if FileKind::from_file_name(&entry.path().to_string_lossy())
                        == Some(FileKind::Policy)
                    {
                        self.format_file(entry.path())?;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    self.report_io_error(&format!("cannot read {}: {error}", path.display()));
                }
            }
        }
        Ok(())
    }

    /// Formats one policy file, or prints its differences.
    fn format_file(&mut self, path: &Path) -> Result<(), CommandError> {
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.report_io_error(&format!("cannot read {name}: {error}"));
                return Ok(());
            }
        };
        if !self.visited_files.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned())) {
            return Ok(());
        }
        match format_policy(&name, &text) {
            Err(problem) => {
                print_diagnostics(&[problem], &FileTexts::from([(name, text)]));
                self.invalid_count = self.invalid_count.saturating_add(1);
                self.mark_failed();
            }
            Ok(new) if new == text => {}
            Ok(new) if self.check => {
                self.changed_count = self.changed_count.saturating_add(1);
                self.mark_failed();
                print_stdout(&render_diff(&name, &text, &new))?;
            }
            Ok(new) => match replace_file(path, &new) {
                Ok(()) => {
                    self.changed_count = self.changed_count.saturating_add(1);
                    print_stderr(&format!("{} formatted\n", escape_terminal(&name)));
                }
                Err(error) => self.report_io_error(&format!("cannot write {name}: {error}")),
            },
        }
        Ok(())
    }

    /// Sets the exit status to failure, unless a file could not be read.
    fn mark_failed(&mut self) {
        if self.exit_status == ExitStatus::Success {
            self.exit_status = ExitStatus::Findings;
        }
    }

    /// Prints an I/O error, and sets the exit status.
    fn report_io_error(&mut self, message: &str) {
        print_error(&escape_terminal(message));
        self.exit_status = ExitStatus::InputError;
    }
}

/// Renders the differences between a file and its formatted text.
fn render_diff(name: &str, text: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(text, new);
    let shown = diff.unified_diff().header(name, &format!("{name} (formatted)")).to_string();
    let line = |line: &str| {
        let shown = escape_terminal(line);
        match line.chars().next() {
            Some('+') => format!("{}\n", style_text(GREEN, &shown)),
            Some('-') => format!("{}\n", style_text(RED, &shown)),
            _ => format!("{shown}\n"),
        }
    };
    shown.split_terminator('\n').map(line).collect()
}
