//! `evenkeel explain`: what a code of `check` means, what a policy is, and why an event is a finding or none.

mod case_source;
mod event;
mod policy;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{BOLD, DIM, GREEN, RED, escape_terminal, print_stdout, style_text};
use clap::Args;
use evenkeel_authoring::check::{CODES, DiagnosticCode};
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
pub(crate) struct ExplainArguments {
    /// A code, a policy's file, or the id of a shipped policy; all codes, unless named
    what: Option<String>,
    /// An event to judge
    event: Option<PathBuf>,
    /// A case of the policy's test file, by a part of its name
    #[arg(long, value_name = "TEXT", conflicts_with = "event")]
    case: Option<String>,
}

pub(crate) fn run(command: &ExplainArguments) -> Result<ExitStatus, CommandError> {
    let Some(what) = &command.what else {
        let line = |code: &DiagnosticCode| format!("{:<20} {}\n", code.id, code.title);
        print_stdout(&CODES.iter().map(line).collect::<String>())?;
        return Ok(ExitStatus::Success);
    };
    let alone = command.event.is_none() && command.case.is_none();
    if let Some(code) = DiagnosticCode::find_by_id(what).filter(|_| alone) {
        print_stdout(&render_code(code))?;
        return Ok(ExitStatus::Success);
    }
    let (library, set, id) = find_policy(what)?;
    let Some(policy) = set.find_policy(&id) else { return Err(unknown_subject_error(what)) };
    let text = if alone {
        policy::render_policy(policy, &library)
    } else {
        event::render_explanation(policy, &case_source::load_case(command, policy, &library)?)?
    };
    print_stdout(&text)?;
    Ok(ExitStatus::Success)
}

/// The policies among which the one that is meant is, and its id.
fn find_policy(what: &str) -> Result<(PolicyLibrary, PolicySet, String), CommandError> {
    let path = Path::new(what);
    let is_file = path.extension().is_some_and(|ending| ending == "cel");
    let library =
        PolicyLibrary::read_files(&if is_file { vec![path.to_owned()] } else { Vec::new() })?;
    let set = library.load_instrumented()?;
    let id = match set.policies() {
        [only] if is_file => only.id.clone(),
        _ => what.to_owned(),
    };
    Ok((library, set, id))
}

fn unknown_subject_error(what: &str) -> CommandError {
    let near = evenkeel_engine::suggest_name(what, CODES.iter().map(|code| code.id));
    let help = near.unwrap_or_else(|| "`evenkeel explain` lists the codes".to_owned());
    CommandError::Usage(format!(
        "`{what}` is no code, no policy's file, and no shipped policy: {help}"
    ))
}

fn render_code(code: &DiagnosticCode) -> String {
    let mut out = format!(
        "{}  {}\n\n{}\n",
        style_text(BOLD, code.id),
        code.title,
        wrap_text(code.explanation)
    );
    if !code.wrong_example.is_empty() {
        out +=
            &format!("\n{}  {}\n", style_text(RED, "wrong"), style_text(DIM, code.wrong_example));
        out += &format!("{}  {}\n", style_text(GREEN, "right"), code.corrected_example);
    }
    out
}

/// A text in lines of at most 80 characters.
fn wrap_text(text: &str) -> String {
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
        out.push_str(&escape_terminal(word));
        column = column.saturating_add(width);
    }
    out
}
