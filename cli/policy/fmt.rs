//! `evenkeel fmt`: formats policies, without a change to what they mean.

mod replace;

use crate::common::diagnostics::{Texts, show};
use crate::common::exit::{Exit, Stopped};
use crate::common::terminal::{
    BOLD, GREEN, RED, complain, count, ignore_closed, note, paint, print, safe,
};
use clap::Args;
use evenkeel_authoring::format::format;
use evenkeel_rules::bundle::FileKind;
use replace::replace;
use similar::TextDiff;
use std::collections::BTreeSet;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// Format policies: the order of their headers, spaces, line breaks
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel fmt                           every policy in the folder `policies`
  evenkeel fmt my-policies/ one.cel      these
  evenkeel fmt --check my-policies/      for your CI: print what would change, and fail if so
  evenkeel fmt --stdin < one.cel         for your editor

What a policy means is never changed: where it would be, the file is named and left as it is.
Line breaks that you made before operators and members stay; lines of more than 100 characters are
broken. CEL inside of a header is only indented. Cases (.test.yaml), functions, settings and
waivers are left alone.")]
pub(crate) struct Fmt {
    /// Policies' files, or folders of them; `policies`, unless named
    paths: Vec<PathBuf>,
    /// Write nothing, print what would change, and fail if something would
    #[arg(long)]
    check: bool,
    /// Format what comes on standard input, to standard output
    #[arg(long, conflicts_with = "paths")]
    stdin: bool,
}

const STDIN: &str = "standard input";

pub(crate) fn run(command: &Fmt) -> Result<Exit, Stopped> {
    if command.stdin {
        return filter(command.check);
    }
    let default = [PathBuf::from("policies")];
    let paths = if command.paths.is_empty() { &default } else { &command.paths[..] };
    let mut work = Work {
        check: command.check,
        seen: BTreeSet::new(),
        changed: 0,
        wrong: 0,
        worst: Exit::Well,
    };
    for path in paths {
        work.folder_or_file(path)?;
    }
    if work.seen.is_empty() && work.worst == Exit::Well {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Stopped::Usage(format!("no .cel file in {}", names.join(", "))));
    }
    let policies = paint(BOLD, &count(work.seen.len(), "policy", "policies"));
    let mut done = match (work.changed, work.check) {
        (0, _) => paint(GREEN, "nothing to format"),
        (changed, true) => paint(RED, &format!("{changed} would be formatted")),
        (changed, false) => paint(GREEN, &format!("{changed} formatted")),
    };
    if work.wrong > 0 {
        done.push_str(&paint(RED, &format!(", {} wrong", work.wrong)));
    }
    note(&format!("{policies}, {done}\n"));
    Ok(work.worst)
}

/// Formats standard input.
fn filter(check: bool) -> Result<Exit, Stopped> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(Stopped::io("cannot read standard input"))?;
    let new = match format(STDIN, &text) {
        Ok(new) => new,
        Err(wrong) => {
            show(&[wrong], &Texts::from([(STDIN.to_owned(), text)]));
            return Ok(Exit::Found);
        }
    };
    if check {
        print(&diff(STDIN, &text, &new))?;
        return Ok(if new == text { Exit::Well } else { Exit::Found });
    }
    let mut out = std::io::stdout().lock();
    let shown = if out.is_terminal() { visible(&new) } else { new };
    ignore_closed(out.write_all(shown.as_bytes()).and_then(|()| out.flush()))
        .map_err(Stopped::io("cannot write to standard output"))?;
    Ok(Exit::Well)
}

/// A text of several lines for a terminal.
fn visible(text: &str) -> String {
    text.lines().flat_map(|line| [safe(line), "\n".to_owned()]).collect()
}

/// What is done, file by file.
struct Work {
    check: bool,
    /// Files under their own paths, each once whatever leads to it.
    seen: BTreeSet<PathBuf>,
    changed: usize,
    wrong: usize,
    worst: Exit,
}

impl Work {
    fn folder_or_file(&mut self, path: &Path) -> Result<(), Stopped> {
        if !path.is_dir() {
            let name = path.to_string_lossy();
            return match FileKind::of(&name) {
                Some(FileKind::Policy) => self.file(path),
                // A pattern of the shell takes these along.
                Some(_) => Ok(()),
                None if !path.exists() => self.file(path),
                None => Err(Stopped::Usage(format!("{name} is no .cel file"))),
            };
        }
        for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    if FileKind::of(&entry.path().to_string_lossy()) == Some(FileKind::Policy) {
                        self.file(entry.path())?;
                    }
                }
                Ok(_) => {}
                Err(error) => self.unread(&format!("cannot read {}: {error}", path.display())),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), Stopped> {
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.unread(&format!("cannot read {name}: {error}"));
                return Ok(());
            }
        };
        if !self.seen.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned())) {
            return Ok(());
        }
        match format(&name, &text) {
            Err(wrong) => {
                show(&[wrong], &Texts::from([(name, text)]));
                self.wrong = self.wrong.saturating_add(1);
                self.found();
            }
            Ok(new) if new == text => {}
            Ok(new) if self.check => {
                self.changed = self.changed.saturating_add(1);
                self.found();
                print(&diff(&name, &text, &new))?;
            }
            Ok(new) => match replace(path, &new) {
                Ok(()) => {
                    self.changed = self.changed.saturating_add(1);
                    note(&format!("{} formatted\n", safe(&name)));
                }
                Err(error) => self.unread(&format!("cannot write {name}: {error}")),
            },
        }
        Ok(())
    }

    fn found(&mut self) {
        if self.worst == Exit::Well {
            self.worst = Exit::Found;
        }
    }

    fn unread(&mut self, message: &str) {
        complain(&safe(message));
        self.worst = Exit::Input;
    }
}

/// How a file would change.
fn diff(name: &str, text: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(text, new);
    let shown = diff.unified_diff().header(name, &format!("{name} (formatted)")).to_string();
    let line = |line: &str| {
        let shown = safe(line);
        match line.chars().next() {
            Some('+') => format!("{}\n", paint(GREEN, &shown)),
            Some('-') => format!("{}\n", paint(RED, &shown)),
            _ => format!("{shown}\n"),
        }
    };
    shown.split_terminator('\n').map(line).collect()
}
