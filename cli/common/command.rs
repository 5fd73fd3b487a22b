//! A command of the program: its name, its arguments, and the function that runs it.

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::terminal::{BOLD, style_text};
use anstyle::Style;
use clap::{ArgMatches, Args};
use std::fmt;

/// A function that runs a command with its parsed arguments.
type CommandRunner = dyn Fn(&ArgMatches) -> Result<ExitStatus, CommandError>;

/// A group of commands in the top-level help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandGroup {
    /// Commands for authors of policies.
    Author,
    /// Commands that evaluate logs and events.
    Evaluate,
    /// Commands that remediate findings.
    Remediate,
    /// Commands that operate the deployed stack.
    Operate,
    /// Commands that prepare the user's machine.
    SetUp,
}

impl CommandGroup {
    /// Returns the heading of the group in the top-level help.
    fn title(self) -> &'static str {
        match self {
            CommandGroup::Author => "Author policies:",
            CommandGroup::Evaluate => "Evaluate logs and events:",
            CommandGroup::Remediate => "Remediate findings:",
            CommandGroup::Operate => "Operate the stack:",
            CommandGroup::SetUp => "Set up the shell:",
        }
    }
}

/// One command of the program.
pub(crate) struct Command {
    /// The definition for clap: name, arguments, help.
    pub(crate) definition: clap::Command,
    group: CommandGroup,
    run: Box<CommandRunner>,
}

impl Command {
    /// Creates the command `name`, with the arguments and the help of `A`.
    pub(crate) fn new<A: Args + 'static>(
        name: &'static str,
        run: fn(&A) -> Result<ExitStatus, CommandError>,
        group: CommandGroup,
    ) -> Command {
        let run = move |matches: &ArgMatches| match A::from_arg_matches(matches) {
            Ok(arguments) => run(&arguments),
            Err(error) => error.exit(),
        };
        let definition = A::augment_args(clap::Command::new(name));
        Command { definition, group, run: Box::new(run) }
    }

    /// Runs the command with its parsed arguments.
    pub(crate) fn run(&self, matches: &ArgMatches) -> Result<ExitStatus, CommandError> {
        (self.run)(matches)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("name", &self.definition.get_name()).finish_non_exhaustive()
    }
}

/// Renders the list of commands for the top-level help: a heading for each group, and a line for
/// each command. Commands of one group must be next to each other.
pub(crate) fn render_overview(commands: &[Command], heading: Style) -> String {
    let mut out = String::new();
    for group in commands.chunk_by(|a, b| a.group == b.group) {
        let title = group.first().map_or("", |command| command.group.title());
        out += &format!("\n\n{}", style_text(heading, title));
        for Command { definition, .. } in group {
            let name = style_text(BOLD, &format!("{:<13}", definition.get_name()));
            let about = definition.get_about().map(ToString::to_string).unwrap_or_default();
            out += &format!("\n  {name}  {about}");
        }
    }
    out
}
