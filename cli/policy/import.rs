//! `evenkeel import`: policies made of rules that were written for something else.

mod sigma;

use crate::common::exit::{Exit, Stopped};
use clap::{Args, Subcommand};

/// Make policies of rules that were written for something else
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    Sigma(sigma::Sigma),
}

pub(crate) fn run(command: &Import) -> Result<Exit, Stopped> {
    match &command.from {
        From::Sigma(command) => sigma::run(command),
    }
}
