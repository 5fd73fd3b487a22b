//! Asks the person at the terminal before something is written.

use crate::common::exit::Stopped;
use crate::common::terminal::note;
use std::io::{BufRead, IsTerminal};

/// Asks; only `y` or `yes` is one. Where nobody can answer, `--yes` is needed.
pub(crate) fn agreed(question: &str, yes: bool) -> Result<bool, Stopped> {
    if yes {
        return Ok(true);
    }
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(Stopped::Usage("nobody is there to say yes: use --yes".to_owned()));
    }
    note(&format!("{question} [y/N] "));
    let mut answer = String::new();
    input.lock().read_line(&mut answer).map_err(Stopped::io("cannot read the answer"))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
