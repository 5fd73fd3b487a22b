//! `evenkeel explain`: what a code of `check` means.

use crate::exit::{Exit, Stopped};
use crate::output::{BOLD, DIM, GREEN, RED, paint, print};
use clap::Args;
use evenkeel_authoring::lint::{CODES, Code};

/// Say what a code of `check` means, and how it is put right
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel explain                  all codes
  evenkeel explain unknown-event    one of them")]
pub(crate) struct Explain {
    /// The code, as `check` prints it; a list of all, unless named
    code: Option<String>,
}

pub(crate) fn run(command: &Explain) -> Result<Exit, Stopped> {
    let Some(id) = &command.code else {
        let line = |code: &Code| format!("{:<16} {}\n", code.id, code.title);
        print(&CODES.iter().map(line).collect::<String>())?;
        return Ok(Exit::Well);
    };
    let Some(code) = Code::find(id) else {
        let ids: Vec<&str> = CODES.iter().map(|code| code.id).collect();
        return Err(Stopped::Usage(format!(
            "there is no code `{id}`; there are {}",
            ids.join(", ")
        )));
    };
    print(&format!(
        "{}  {}\n\n{}\n\n{}  {}\n{}  {}\n",
        paint(BOLD, code.id),
        code.title,
        filled(code.text),
        paint(RED, "wrong"),
        paint(DIM, code.wrong),
        paint(GREEN, "right"),
        code.right,
    ))?;
    Ok(Exit::Well)
}

/// A text in lines of at most 80 characters.
fn filled(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0_usize;
    for word in text.split_whitespace() {
        let width = word.chars().count().saturating_add(1);
        if column.saturating_add(width) > 80 {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
        }
        out.push_str(word);
        column = column.saturating_add(width);
    }
    out
}
