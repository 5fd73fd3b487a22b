//! The `evenkeel` command.

mod common;
mod completions;
mod finding;
mod ingest;
mod policy;
mod replay;
mod stack;

use crate::common::command::Command;
use crate::common::exit::CommandError;
use crate::common::terminal::{escape_terminal, print_error};
use crate::finding::{apply, approve, plan, reject, status, undo};
use crate::policy::{check, docs, explain, fmt, frameworks, import, lsp, new, schema, test};
use crate::stack::{deploy_bundle, doctor, template};
use evenkeel_engine::on_evaluation_stack;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  a finding at or above --fail-on, a failed case, a wrong policy, a failed check
  2  wrong usage
  3  some input could not be read";

/// The commands, in the order in which the help lists them. To add one, write its file, declare the file in its
/// folder's module, and name it here.
fn build_commands() -> Vec<Command> {
    vec![
        Command::new("replay", replay::run),
        Command::new("check", check::run),
        Command::new("ingest", ingest::run),
        Command::new("test", test::run),
        Command::new("plan", plan::run),
        Command::new("apply", apply::run),
        Command::new("undo", undo::run),
        Command::new("approve", approve::run),
        Command::new("reject", reject::run),
        Command::new("status", status::run),
        Command::new("deploy-bundle", deploy_bundle::run),
        Command::new("doctor", doctor::run),
        Command::new("template", template::run),
        Command::new("explain", explain::run),
        Command::new("new", new::run),
        Command::new("schema", schema::run),
        Command::new("fmt", fmt::run),
        Command::new("docs", docs::run),
        Command::new("frameworks", frameworks::run),
        Command::new("import", import::run),
        Command::new("lsp", lsp::run),
        Command::new("completions", completions::run),
    ]
}

/// The program as clap knows it, with these commands.
fn build_program(commands: &[Command]) -> clap::Command {
    clap::Command::new("evenkeel")
        .version(env!("CARGO_PKG_VERSION"))
        .about(
            "Audits AWS changes against policies written in CEL, and restores what is out of line",
        )
        .max_term_width(100)
        .after_help(EXIT_CODES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(commands.iter().map(|command| command.definition.clone()))
}

fn main() -> ExitCode {
    // Every command may evaluate policies or waivers.
    on_evaluation_stack(run).unwrap_or_else(|error| {
        print_error(&escape_terminal(&format!("cannot start a thread: {error}")));
        ExitCode::FAILURE
    })
}

/// Runs the command that the arguments name.
fn run() -> ExitCode {
    let commands = build_commands();
    let matches = build_program(&commands).get_matches();
    let chosen = matches.subcommand().and_then(|(name, arguments)| {
        let named = |command: &&Command| command.definition.get_name() == name;
        Some((commands.iter().find(named)?, arguments))
    });
    let result = match chosen {
        Some((command, arguments)) => command.run(arguments),
        None => Err(CommandError::Usage("name a command: see `evenkeel --help`".to_owned())),
    };
    result
        .unwrap_or_else(|error| {
            print_error(&escape_terminal(&error.to_string()));
            error.exit_status()
        })
        .into()
}
