//! `evenkeel check`: finds errors in policies and in the files that belong to them.

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

/// Find errors in policies, functions, settings and waivers
///
/// Errors fail the check. Warnings fail it with --deny-warnings only. `evenkeel explain CODE`
/// describes a diagnostic code. If a diagnostic is wrong for your policy, allow it with a comment
/// in the policy: // lint: allow CODE reason
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel check                          check the shipped library
  evenkeel check policies/                check all files in a folder
  evenkeel check policies/s3/mine.cel     check one policy
  evenkeel check --deny-warnings --min-coverage 90 policies/
  evenkeel check --format sarif policies/ > check.sarif
  evenkeel check --watch policies/        check again after each change

Exit codes:
  0  no errors
  1  an error, a warning with --deny-warnings, or a coverage below --min-coverage
  2  invalid usage, or no policy in the folder
  3  a file could not be read")]
pub(crate) struct CheckArguments {
    /// Policy files, or folders of policies [default: the shipped library]
    paths: Vec<PathBuf>,
    /// Output format of the diagnostics
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    format: CheckFormat,
    /// Fail if there is a warning
    #[arg(long)]
    deny_warnings: bool,
    /// Fail if the cases cover less than this percentage of the conditions and events of policies
    #[arg(long, value_name = "PERCENT")]
    min_coverage: Option<f64>,
    /// Check again after each change of a file, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// Readable text
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code hosts and editors
    Sarif,
    /// Annotations for GitHub Actions
    Github,
}

pub(crate) fn run(command: &CheckArguments) -> Result<ExitStatus, CommandError> {
    if command.watch {
        return watch::run(command);
    }
    check_once(command)
}

/// Returns all diagnostics of a library, and the coverage of its cases if the policies compile.
pub(crate) fn check_library(library: &PolicyLibrary) -> (Vec<Diagnostic>, Option<CoverageTotals>) {
    match library.compile_instrumented() {
        Ok(set) => match coverage::measure_library_coverage(library, &set) {
            Ok(coverage) => {
                let mut diagnostics = library.lint_policy_set(&set, Some(coverage.warnings));
                diagnostics.extend(waivers::find_expired_waivers(library, &set));
                (diagnostics, Some(coverage.totals))
            }
            Err(failure) => {
                (vec![Diagnostic::new_error("internal", "", 0..0, failure.full_message())], None)
            }
        },
        Err(diagnostics) => (diagnostics, None),
    }
}

/// Checks the library once, and prints the diagnostics.
fn check_once(command: &CheckArguments) -> Result<ExitStatus, CommandError> {
    let library = PolicyLibrary::read_files(&command.paths)?;
    let (diagnostics, coverage) = check_library(&library);
    let count = |level| diagnostics.iter().filter(|one: &&Diagnostic| one.level == level).count();
    let (errors, warnings) = (count(DiagnosticLevel::Error), count(DiagnosticLevel::Warning));
    match command.format {
        CheckFormat::Text => {
            print_diagnostics(&diagnostics, &library.file_texts());
            report::print_summary(library.policies.len(), errors, warnings, coverage);
        }
        CheckFormat::Json => {
            print_stdout(&report::render_json(&diagnostics, &library.file_texts(), coverage))?;
        }
        CheckFormat::Sarif => {
            print_stdout(&report::render_sarif(&diagnostics, &library.file_texts()))?;
        }
        CheckFormat::Github => {
            print_stdout(&report::render_github_commands(&diagnostics, &library.file_texts()))?;
        }
    }
    let enough = |least: f64| {
        coverage.is_some_and(|totals| {
            totals.untested == 0 && totals.covered_percent().is_none_or(|percent| percent >= least)
        })
    };
    let enough = command.min_coverage.is_none_or(enough);
    let fails = errors > 0 || (command.deny_warnings && warnings > 0) || !enough;
    Ok(if fails { ExitStatus::Findings } else { ExitStatus::Success })
}
