//! `evenkeel check`: finds what is wrong with policies before they see an event.

mod coverage;
mod report;
mod waivers;
mod watch;

use crate::common::diagnostics::show;
use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::terminal::print;
use clap::{Args, ValueEnum};
use coverage::Reached;
use evenkeel_rules::{Diagnostic, Level};
use std::path::PathBuf;

/// Find what is wrong with policies, before they see an event
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel check                          the shipped library
  evenkeel check policies/                every policy in a folder, its functions, settings and waivers
  evenkeel check policies/s3/mine.cel     one policy
  evenkeel check --deny-warnings --min-coverage 90 policies/
  evenkeel check --format sarif policies/ > check.sarif
  evenkeel check --watch policies/        again and again, while you write

Errors fail the check, warnings only with --deny-warnings. `evenkeel explain CODE` says what a code means. Where you
know better than AWS's service models, a comment in the policy says so: // lint: allow CODE reason")]
pub(crate) struct Check {
    /// Policies' files, or folders of them
    paths: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Fail on warnings, too
    #[arg(long)]
    deny_warnings: bool,
    /// Fail where cases reach less of the conditions and events of policies, in percent
    #[arg(long, value_name = "PERCENT")]
    min_coverage: Option<f64>,
    /// Check again whenever a file changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, which code hosts and editors show beside the code
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

pub(crate) fn run(command: &Check) -> Result<Exit, Stopped> {
    if command.watch {
        return watch::run(command);
    }
    once(command)
}

/// Everything that is found, and what cases reach where the policies compile.
pub(crate) fn findings(library: &Library) -> (Vec<Diagnostic>, Option<Reached>) {
    match library.compile_watched() {
        Ok(set) => match coverage::of(library, &set) {
            Ok(coverage) => {
                let mut wrong = library.lint(&set, Some(coverage.wrong));
                wrong.extend(waivers::expired(library, &set));
                (wrong, Some(coverage.reached))
            }
            Err(failure) => {
                (vec![Diagnostic::error("internal", "", 0..0, failure.explain())], None)
            }
        },
        Err(wrong) => (wrong, None),
    }
}

fn once(command: &Check) -> Result<Exit, Stopped> {
    let library = Library::read(&command.paths)?;
    let (wrong, reached) = findings(&library);
    let count = |level| wrong.iter().filter(|one: &&Diagnostic| one.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    match command.format {
        Format::Text => {
            show(&wrong, &library.texts());
            report::summary(library.policies.len(), errors, warnings, reached);
        }
        Format::Json => print(&report::json(&wrong, &library.texts(), reached))?,
        Format::Sarif => print(&report::sarif(&wrong, &library.texts()))?,
        Format::Github => print(&report::github(&wrong, &library.texts()))?,
    }
    let enough = |least: f64| {
        reached.is_some_and(|reached| {
            reached.untested == 0 && reached.percent().is_none_or(|percent| percent >= least)
        })
    };
    let enough = command.min_coverage.is_none_or(enough);
    let fails = errors > 0 || (command.deny_warnings && warnings > 0) || !enough;
    Ok(if fails { Exit::Found } else { Exit::Well })
}
