//! `evenkeel completions`: completions for a shell.

use crate::common::exit::{Exit, Stopped};
use crate::common::terminal::print;
use clap::Args;
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
    let mut program = crate::program(&crate::commands());
    clap_complete::generate(command.shell, &mut program, "evenkeel", &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Well)
}
