//! `evenkeel check --watch`: checks again whenever a file changes.

use super::{Check, Format, once};
use crate::exit::{Exit, Stopped};
use crate::output::note;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// How long it takes until a change is seen.
const PAUSE: Duration = Duration::from_millis(300);

/// Each file, when it was changed and how long it is.
type Seen = Vec<(PathBuf, Option<SystemTime>, u64)>;

pub(super) fn run(command: &Check) -> Result<Exit, Stopped> {
    if command.format != Format::Text {
        return Err(Stopped::Usage("--watch is for people: leave out --format".to_owned()));
    }
    if command.paths.is_empty() {
        return Err(Stopped::Usage(
            "--watch needs a path: the shipped library does not change".to_owned(),
        ));
    }
    let mut seen = Seen::new();
    if look(command).is_empty() {
        return once(command);
    }
    loop {
        let now = look(command);
        if now != seen {
            seen = now;
            if std::io::stderr().is_terminal() {
                note("\x1b[2J\x1b[H");
            }
            // A file that is half written, or gone, is told and looked for again.
            if let Err(stopped) = once(command) {
                crate::output::complain(&crate::output::safe(&stopped.to_string()));
            }
        }
        std::thread::sleep(PAUSE);
    }
}

fn look(command: &Check) -> Seen {
    let files = command
        .paths
        .iter()
        .flat_map(|path| walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name());
    let known = files.filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    known
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((entry.into_path(), metadata.modified().ok(), metadata.len()))
        })
        .collect()
}
