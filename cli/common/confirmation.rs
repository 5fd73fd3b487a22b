//! Asks the person at the terminal before something is written.

use crate::common::exit::CommandError;
use crate::common::terminal::print_stderr;
use std::io::{BufRead, IsTerminal};

/// Asks; only `y` or `yes` is one. Where nobody can answer, `--yes` is needed.
pub(crate) fn confirm_action(question: &str, yes: bool) -> Result<bool, CommandError> {
    if yes {
        return Ok(true);
    }
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(CommandError::Usage("nobody is there to say yes: use --yes".to_owned()));
    }
    print_stderr(&format!("{question} [y/N] "));
    let mut answer = String::new();
    input
        .lock()
        .read_line(&mut answer)
        .map_err(CommandError::io_error("cannot read the answer"))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
