//! `evenkeel import`: policies made of rules that were written for something else.

mod sigma;

use crate::common::exit::{CommandError, ExitStatus};
use clap::{Args, Subcommand};

/// Make policies of rules that were written for something else
#[derive(Debug, Args)]
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
