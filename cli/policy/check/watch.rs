//! `evenkeel check --watch`: checks again whenever a file changes.

use super::{Check, Format, once};
use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::terminal::{complain, note, safe};
use std::io::IsTerminal;
use std::time::Duration;

/// How long it takes until a change is seen.
const PAUSE: Duration = Duration::from_millis(300);

pub(super) fn run(command: &Check) -> Result<Exit, Stopped> {
    if command.format != Format::Text {
        return Err(Stopped::Usage("--watch is for people: leave out --format".to_owned()));
    }
    if command.paths.is_empty() {
        return Err(Stopped::Usage(
            "--watch needs a path: the shipped library does not change".to_owned(),
        ));
    }
    // What cannot be read at the start is a mistake; later it is a file that is being written.
    let mut seen = Ok(Library::read(&command.paths)?.texts());
    show(command);
    loop {
        std::thread::sleep(PAUSE);
        let now = Library::read(&command.paths)
            .map(|library| library.texts())
            .map_err(|why| why.to_string());
        if now != seen {
            seen = now;
            show(command);
        }
    }
}

fn show(command: &Check) {
    if std::io::stderr().is_terminal() {
        note("\x1b[2J\x1b[H");
    }
    if let Err(stopped) = once(command) {
        complain(&safe(&stopped.to_string()));
    }
}
