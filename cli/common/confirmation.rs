//! Asks the user at the terminal for a confirmation before a command writes something.

use crate::common::exit::CommandError;
use crate::common::terminal::print_stderr;
use std::io::{BufRead, IsTerminal};

/// Asks `question`, and returns whether the user confirmed it with `y` or `yes`.
///
/// With `yes`, the function returns `true` without a question.
///
/// # Errors
/// [`CommandError::Usage`] if standard input is not a terminal and `yes` is not set;
/// [`CommandError::Io`] if the answer cannot be read.
pub(crate) fn confirm_action(question: &str, yes: bool) -> Result<bool, CommandError> {
    if yes {
        return Ok(true);
    }
    let input = std::io::stdin();
    if !input.is_terminal() {
        let message = "this command asks for a confirmation, and standard input is not a terminal; \
                       use --yes to confirm";
        return Err(CommandError::Usage(message.to_owned()));
    }
    print_stderr(&format!("{question} [y/N] "));
    let mut answer = String::new();
    input
        .lock()
        .read_line(&mut answer)
        .map_err(CommandError::io_error("cannot read the answer"))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
