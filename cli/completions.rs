//! `evenkeel completions`: completions for a shell.

use crate::exit::{Exit, Stopped};
use crate::output::print;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evenkeel completions bash > ~/.local/share/bash-completion/completions/evenkeel"
)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(command: &Completions) -> Result<Exit, Stopped> {
    let mut out = Vec::new();
    clap_complete::generate(command.shell, &mut crate::Cli::command(), "evenkeel", &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Well)
}
