//! `evenkeel explain`: what a code of `check` means, what a policy is, and why an event is a finding or none.

mod event;
mod policy;
mod subject;

use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::terminal::{BOLD, DIM, GREEN, RED, paint, print, safe};
use clap::Args;
use evenkeel_authoring::check::{CODES, Code};
use evenkeel_rules::policy::PolicySet;
use std::path::{Path, PathBuf};

/// Say what a code of `check` means, what a policy is, or why it finds an event wrong or not
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel explain                                        all codes of check
  evenkeel explain unknown-event                          one of them
  evenkeel explain s3-bucket-encryption-removed           a shipped policy
  evenkeel explain policies/s3/mine.cel event.json        why it finds this event wrong, or not
  evenkeel explain policies/s3/mine.cel --case 'no key'   the same of a case of its test file

The event is the first CloudTrail record or configuration item of a file, in any form that `replay` reads; - is
standard input. Each part of the policy is shown with its value, and with the changes of the event that would turn it round.")]
pub(crate) struct Explain {
    /// A code, a policy's file, or the id of a shipped policy; all codes, unless named
    what: Option<String>,
    /// An event to judge
    event: Option<PathBuf>,
    /// A case of the policy's test file, by a part of its name
    #[arg(long, value_name = "TEXT", conflicts_with = "event")]
    case: Option<String>,
}

pub(crate) fn run(command: &Explain) -> Result<Exit, Stopped> {
    let Some(what) = &command.what else {
        let line = |code: &Code| format!("{:<20} {}\n", code.id, code.title);
        print(&CODES.iter().map(line).collect::<String>())?;
        return Ok(Exit::Well);
    };
    let alone = command.event.is_none() && command.case.is_none();
    if let Some(code) = Code::find(what).filter(|_| alone) {
        print(&explained(code))?;
        return Ok(Exit::Well);
    }
    let (library, set, id) = find(what)?;
    let Some(policy) = set.get(&id) else { return Err(unknown(what)) };
    let text = if alone {
        policy::text(policy, &library)
    } else {
        event::text(policy, &subject::subject(command, policy, &library)?)?
    };
    print(&text)?;
    Ok(Exit::Well)
}

/// The policies among which the one that is meant is, and its id.
fn find(what: &str) -> Result<(Library, PolicySet, String), Stopped> {
    let path = Path::new(what);
    let is_file = path.extension().is_some_and(|ending| ending == "cel");
    let library = Library::read(&if is_file { vec![path.to_owned()] } else { Vec::new() })?;
    let set = library.load_watched()?;
    let id = match set.policies() {
        [only] if is_file => only.id.clone(),
        _ => what.to_owned(),
    };
    Ok((library, set, id))
}

fn unknown(what: &str) -> Stopped {
    let near = evenkeel_engine::nearest(what, CODES.iter().map(|code| code.id));
    let help = near.unwrap_or_else(|| "`evenkeel explain` lists the codes".to_owned());
    Stopped::Usage(format!("`{what}` is no code, no policy's file, and no shipped policy: {help}"))
}

fn explained(code: &Code) -> String {
    let mut out = format!("{}  {}\n\n{}\n", paint(BOLD, code.id), code.title, filled(code.text));
    if !code.wrong.is_empty() {
        out += &format!("\n{}  {}\n", paint(RED, "wrong"), paint(DIM, code.wrong));
        out += &format!("{}  {}\n", paint(GREEN, "right"), code.right);
    }
    out
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
        out.push_str(&safe(word));
        column = column.saturating_add(width);
    }
    out
}
