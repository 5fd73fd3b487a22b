//! `evenkeel check --watch`: checks again whenever a file changes.

use super::{CheckArguments, CheckFormat, check_once};
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{escape_terminal, print_error, print_stderr};
use std::io::IsTerminal;
use std::time::Duration;

/// How long it takes until a change is seen.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

pub(super) fn run(command: &CheckArguments) -> Result<ExitStatus, CommandError> {
    if command.format != CheckFormat::Text {
        return Err(CommandError::Usage("--watch is for people: leave out --format".to_owned()));
    }
    if command.paths.is_empty() {
        return Err(CommandError::Usage(
            "--watch needs a path: the shipped library does not change".to_owned(),
        ));
    }
    // What cannot be read at the start is a mistake; later it is a file that is being written.
    let mut seen = Ok(PolicyLibrary::read_files(&command.paths)?.file_texts());
    refresh_check(command);
    loop {
        std::thread::sleep(POLL_INTERVAL);
        let now = PolicyLibrary::read_files(&command.paths)
            .map(|library| library.file_texts())
            .map_err(|why| why.to_string());
        if now != seen {
            seen = now;
            refresh_check(command);
        }
    }
}

fn refresh_check(command: &CheckArguments) {
    if std::io::stderr().is_terminal() {
        print_stderr("\x1b[2J\x1b[H");
    }
    if let Err(stopped) = check_once(command) {
        print_error(&escape_terminal(&stopped.to_string()));
    }
}
