//! The `evenkeel` command.

mod apply;
mod approve;
mod check;
mod completions;
mod demo;
mod deploy_bundle;
mod diagnose;
mod docs;
mod doctor;
mod exit;
mod explain;
mod fmt;
mod frameworks;
mod import;
mod ingest;
mod ledger;
mod library;
mod lsp;
mod new;
mod output;
mod plan;
mod remedy;
mod replay;
mod schema;
mod status;
mod template;
mod test;
mod undo;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Audits AWS changes against policies written in CEL, and restores what is out of line.
#[derive(Debug, Parser)]
#[command(name = "evenkeel", version, about, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  a finding at or above --fail-on, a failed case, a wrong policy, a failed check
  2  wrong usage
  3  some input could not be read";

#[derive(Debug, Subcommand)]
enum Command {
    Replay(replay::Replay),
    Check(check::Check),
    Ingest(ingest::Ingest),
    Test(test::Test),
    Plan(plan::Plan),
    Apply(apply::Apply),
    Undo(undo::Undo),
    Approve(approve::Approve),
    Reject(approve::Reject),
    Status(status::Status),
    DeployBundle(deploy_bundle::DeployBundle),
    Doctor(doctor::Doctor),
    Demo(demo::Demo),
    Template(template::Render),
    Explain(explain::Explain),
    New(new::New),
    Schema(schema::Schema),
    Fmt(fmt::Fmt),
    Docs(docs::Docs),
    Frameworks(frameworks::Frameworks),
    Import(import::Import),
    Lsp(lsp::Lsp),
    Completions(completions::Completions),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Replay(command) => replay::run(&command),
        Command::Ingest(command) => ingest::run(&command),
        Command::Check(command) => check::run(&command),
        Command::Test(command) => test::run(&command),
        Command::Plan(command) => plan::run(&command),
        Command::Apply(command) => apply::run(&command),
        Command::Undo(command) => undo::run(&command),
        Command::Approve(command) => approve::approve(&command),
        Command::Reject(command) => approve::reject(&command),
        Command::Status(command) => status::run(&command),
        Command::DeployBundle(command) => deploy_bundle::run(&command),
        Command::Doctor(command) => doctor::run(&command),
        Command::Demo(command) => demo::run(&command),
        Command::Template(command) => template::run(&command),
        Command::New(command) => new::run(&command),
        Command::Schema(command) => schema::run(&command),
        Command::Fmt(command) => fmt::run(&command),
        Command::Docs(command) => docs::run(&command),
        Command::Frameworks(command) => frameworks::run(&command),
        Command::Import(command) => import::run(&command),
        Command::Explain(command) => explain::run(&command),
        Command::Lsp(command) => lsp::run(&command),
        Command::Completions(command) => completions::run(&command),
    };
    result
        .unwrap_or_else(|error| {
            output::complain(&output::safe(&error.to_string()));
            error.exit()
        })
        .into()
}
