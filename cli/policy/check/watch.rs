//! `evenkeel check --watch`: checks again after each change of a file.

use super::{CheckArguments, CheckFormat, check_once};
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{escape_terminal, print_error, print_stderr};
use std::io::IsTerminal;
use std::time::Duration;

/// The time between two reads of the files.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// Checks the paths after each change, until the process is stopped.
///
/// # Errors
/// [`CommandError::Usage`] if there is no path, or if the format is not text; [`CommandError`] if
/// the files cannot be read at the start.
pub(super) fn run(command: &CheckArguments) -> Result<ExitStatus, CommandError> {
    if command.format != CheckFormat::Text {
        return Err(CommandError::Usage("--watch prints text only; remove --format".to_owned()));
    }
    if command.paths.is_empty() {
        return Err(CommandError::Usage(
            "--watch requires a path, because the shipped library does not change".to_owned(),
        ));
    }
    // An unreadable file at the start is an error. Later, a file can be unreadable because an
    // editor is writing it, so the loop continues.
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

/// Clears the terminal, and checks the library.
fn refresh_check(command: &CheckArguments) {
    if std::io::stderr().is_terminal() {
        print_stderr("\x1b[2J\x1b[H");
    }
    if let Err(stopped) = check_once(command) {
        print_error(&escape_terminal(&stopped.to_string()));
    }
}
