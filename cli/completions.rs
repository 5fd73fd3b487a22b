//! `evenkeel completions`: completions for a shell.

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::terminal::print_stdout;
use clap::Args;
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evenkeel completions bash > ~/.local/share/bash-completion/completions/evenkeel"
)]
pub(crate) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(command: &CompletionsArguments) -> Result<ExitStatus, CommandError> {
    let mut out = Vec::new();
    let mut program = crate::build_program(&crate::build_commands());
    clap_complete::generate(command.shell, &mut program, "evenkeel", &mut out);
    print_stdout(&String::from_utf8_lossy(&out))?;
    Ok(ExitStatus::Success)
}
