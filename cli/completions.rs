//! `evenkeel completions`: prints a completion script for a shell.

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::terminal::print_stdout;
use clap::Args;
use clap_complete::Shell;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel completions bash > ~/.local/share/bash-completion/completions/evenkeel
  evenkeel completions zsh > ~/.zfunc/_evenkeel

Exit codes:
  0  the script was printed
  2  invalid usage
  3  the output could not be written")]
pub(crate) struct CompletionsArguments {
    /// Shell for which to print the script
    shell: Shell,
}

pub(crate) fn run(command: &CompletionsArguments) -> Result<ExitStatus, CommandError> {
    let mut out = Vec::new();
    let mut program = crate::build_program(&crate::build_commands());
    clap_complete::generate(command.shell, &mut program, "evenkeel", &mut out);
    print_stdout(&String::from_utf8_lossy(&out))?;
    Ok(ExitStatus::Success)
}
