//! `evenkeel check`: finds what is wrong with policies before they see an event.

mod coverage;
mod report;
mod waivers;
mod watch;

use crate::common::diagnostics::print_diagnostics;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::print_stdout;
use clap::{Args, ValueEnum};
use coverage::CoverageTotals;
use evenkeel_rules::{Diagnostic, DiagnosticLevel};
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
pub(crate) struct CheckArguments {
    /// Policies' files, or folders of them
    paths: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    format: CheckFormat,
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
enum CheckFormat {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, which code hosts and editors show beside the code
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

pub(crate) fn run(command: &CheckArguments) -> Result<ExitStatus, CommandError> {
    if command.watch {
        return watch::run(command);
    }
    check_once(command)
}

/// Everything that is found, and what cases reach where the policies compile.
pub(crate) fn check_library(library: &PolicyLibrary) -> (Vec<Diagnostic>, Option<CoverageTotals>) {
    match library.compile_instrumented() {
        Ok(set) => match coverage::measure_library_coverage(library, &set) {
            Ok(coverage) => {
                let mut wrong = library.lint_policy_set(&set, Some(coverage.warnings));
                wrong.extend(waivers::find_expired_waivers(library, &set));
                (wrong, Some(coverage.totals))
            }
            Err(failure) => {
                (vec![Diagnostic::new_error("internal", "", 0..0, failure.full_message())], None)
            }
        },
        Err(wrong) => (wrong, None),
    }
}

fn check_once(command: &CheckArguments) -> Result<ExitStatus, CommandError> {
    let library = PolicyLibrary::read_files(&command.paths)?;
    let (wrong, reached) = check_library(&library);
    let count = |level| wrong.iter().filter(|one: &&Diagnostic| one.level == level).count();
    let (errors, warnings) = (count(DiagnosticLevel::Error), count(DiagnosticLevel::Warning));
    match command.format {
        CheckFormat::Text => {
            print_diagnostics(&wrong, &library.file_texts());
            report::print_summary(library.policies.len(), errors, warnings, reached);
        }
        CheckFormat::Json => {
            print_stdout(&report::render_json(&wrong, &library.file_texts(), reached))?;
        }
        CheckFormat::Sarif => print_stdout(&report::render_sarif(&wrong, &library.file_texts()))?,
        CheckFormat::Github => {
            print_stdout(&report::render_github_commands(&wrong, &library.file_texts()))?;
        }
    }
    let enough = |least: f64| {
        reached.is_some_and(|reached| {
            reached.untested == 0
                && reached.covered_percent().is_none_or(|percent| percent >= least)
        })
    };
    let enough = command.min_coverage.is_none_or(enough);
    let fails = errors > 0 || (command.deny_warnings && warnings > 0) || !enough;
    Ok(if fails { ExitStatus::Findings } else { ExitStatus::Success })
}
