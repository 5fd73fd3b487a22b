//! `evenkeel check`: finds what is wrong with policies before they see an event.

use crate::diagnose::show;
use crate::exit::{Exit, Stopped};
use crate::library::Library;
use crate::output::{BOLD, GREEN, RED, count, note, paint};
use clap::Args;
use std::path::PathBuf;

/// Find what is wrong with policies, before they see an event
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel check                          the shipped library
  evenkeel check policies/                every policy in a folder, its functions, settings and waivers
  evenkeel check policies/s3/mine.cel     one policy

`evenkeel explain CODE` says what a code means. Where you know better than AWS's service models, a comment in the
policy says so: // lint: allow CODE reason")]
pub(crate) struct Check {
    /// Policies' files, or folders of them
    paths: Vec<PathBuf>,
}

pub(crate) fn run(command: &Check) -> Result<Exit, Stopped> {
    let library = Library::read(&command.paths)?;
    let wrong = match library.compile() {
        Ok(set) => library.wrong(&set),
        Err(wrong) => wrong,
    };
    show(&wrong, &library.texts());
    let policies = paint(BOLD, &count(library.policies.len(), "policy", "policies"));
    if wrong.is_empty() {
        note(&format!("{policies}, {}\n", paint(GREEN, "nothing wrong")));
        return Ok(Exit::Well);
    }
    note(&format!("{policies}, {}\n", paint(RED, &format!("{} wrong", wrong.len()))));
    Ok(Exit::Found)
}
