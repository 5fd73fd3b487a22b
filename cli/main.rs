//! The `evenkeel` command.

mod common;
mod completions;
mod finding;
mod ingest;
mod policy;
mod replay;
mod stack;

use crate::common::command::{Command, CommandGroup, render_overview};
use crate::common::exit::CommandError;
use crate::common::terminal::{escape_terminal, print_error, style_text};
use crate::finding::{apply, approve, plan, reject, status, undo};
use crate::policy::{check, docs, explain, fmt, frameworks, import, lsp, new, schema, test};
use crate::stack::{deploy_bundle, doctor, template};
use evenkeel_engine::on_evaluation_stack;
use std::process::ExitCode;

/// Examples for the top-level help: a command line and its purpose.
const EXAMPLES: [(&str, &str); 5] = [
    ("evenkeel replay AWSLogs/", "find violations in recorded CloudTrail logs"),
    ("evenkeel check my-policies/", "find errors in your policies"),
    ("evenkeel test my-policies/", "run the test cases of your policies"),
    ("evenkeel plan 7f3ceff0", "show the remediation of a finding"),
    ("evenkeel doctor", "check whether the deployed stack works"),
];

const EXIT_CODES: &str = "\
Run `evenkeel help COMMAND` for options, examples and exit codes of a command.

Exit codes:
  0  success
  1  a finding, a failed case, an invalid policy or another invalid file, or a failed check
  2  invalid usage
  3  a read or a write failed, or AWS or the ledger could not be reached";

/// Returns all commands, in the order of the top-level help.
///
/// To add a command, write its file, declare the file in its folder's module, and add a line here.
fn build_commands() -> Vec<Command> {
    use CommandGroup::{Author, Evaluate, Operate, Remediate, SetUp};
    vec![
        Command::new("new", new::run, Author),
        Command::new("schema", schema::run, Author),
        Command::new("check", check::run, Author),
        Command::new("test", test::run, Author),
        Command::new("explain", explain::run, Author),
        Command::new("fmt", fmt::run, Author),
        Command::new("docs", docs::run, Author),
        Command::new("frameworks", frameworks::run, Author),
        Command::new("import", import::run, Author),
        Command::new("lsp", lsp::run, Author),
        Command::new("replay", replay::run, Evaluate),
        Command::new("ingest", ingest::run, Evaluate),
        Command::new("status", status::run, Remediate),
        Command::new("plan", plan::run, Remediate),
        Command::new("apply", apply::run, Remediate),
        Command::new("undo", undo::run, Remediate),
        Command::new("approve", approve::run, Remediate),
        Command::new("reject", reject::run, Remediate),
        Command::new("template", template::run, Operate),
        Command::new("deploy-bundle", deploy_bundle::run, Operate),
        Command::new("doctor", doctor::run, Operate),
        Command::new("completions", completions::run, SetUp),
    ]
}

/// Builds the definition of the program for clap, with `commands` as its subcommands.
fn build_program(commands: &[Command]) -> clap::Command {
    let program = clap::Command::new("evenkeel")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Evaluate AWS changes against policies written in CEL, and remediate violations")
        .max_term_width(100)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(commands.iter().map(|command| command.definition.clone()));
    let heading = *program.get_styles().get_header();
    let mut overview = style_text(heading, "Examples:");
    for (example, purpose) in EXAMPLES {
        overview += &format!("\n  {example:<27}  {purpose}");
    }
    overview += &render_overview(commands, heading);
    let options = style_text(heading, "Options:");
    // The default template of clap lists all subcommands under one heading.
    program.before_help(overview).after_help(EXIT_CODES).help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n\
         {{before-help}}{options}\n{{options}}{{after-help}}"
    ))
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
    let result = if let Some((command, arguments)) = chosen {
        command.run(arguments)
    } else {
        let message = "a command is required; run `evenkeel --help` for a list";
        Err(CommandError::Usage(message.to_owned()))
    };
    result
        .unwrap_or_else(|error| {
            print_error(&escape_terminal(&error.to_string()));
            error.exit_status()
        })
        .into()
}
