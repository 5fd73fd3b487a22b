//! A command: its name, its arguments, and the function that runs it.

use crate::common::exit::{CommandError, ExitStatus};
use clap::{ArgMatches, Args};
use std::fmt;

/// Runs a command with what was parsed of the command line.
type CommandRunner = dyn Fn(&ArgMatches) -> Result<ExitStatus, CommandError>;

/// One command of the program.
pub(crate) struct Command {
    /// What clap knows of it: name, arguments, help.
    pub(crate) definition: clap::Command,
    run: Box<CommandRunner>,
}

impl Command {
    /// The command `name`, whose arguments and help are those of `A`.
    pub(crate) fn new<A: Args + 'static>(
        name: &'static str,
        run: fn(&A) -> Result<ExitStatus, CommandError>,
    ) -> Command {
        let run = move |matches: &ArgMatches| match A::from_arg_matches(matches) {
            Ok(arguments) => run(&arguments),
            Err(error) => error.exit(),
        };
        Command { definition: A::augment_args(clap::Command::new(name)), run: Box::new(run) }
    }

    /// Runs the command with what was parsed of the command line.
    pub(crate) fn run(&self, matches: &ArgMatches) -> Result<ExitStatus, CommandError> {
        (self.run)(matches)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("name", &self.definition.get_name()).finish_non_exhaustive()
    }
}
