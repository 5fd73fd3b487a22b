//! `evenkeel import`: converts rules of other tools into policies.

mod sigma;

use crate::common::exit::{CommandError, ExitStatus};
use clap::{Args, Subcommand};

/// Convert rules of other tools into policies
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel import sigma rules/cloud/aws/cloudtrail/

Exit codes:
  0  all rules were imported or skipped
  1  a rule was refused
  2  invalid usage
  3  a file could not be read or written")]
pub(crate) struct ImportArguments {
    #[command(subcommand)]
    from: ImportSource,
}

#[derive(Debug, Subcommand)]
enum ImportSource {
    Sigma(sigma::SigmaArguments),
}

pub(crate) fn run(command: &ImportArguments) -> Result<ExitStatus, CommandError> {
    match &command.from {
        ImportSource::Sigma(command) => sigma::run(command),
    }
}
