//! `evenkeel explain`: explains a diagnostic code, a policy, or the evaluation of an event.

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

/// Explain a diagnostic code, a policy, or an evaluation
///
/// For an event, the command prints each part of the policy with its value, and the changes of the
/// event that would change the result. The event is the first CloudTrail record or configuration
/// item of a file in any format that `evenkeel replay` reads; - is standard input.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel explain                                   list the diagnostic codes
  evenkeel explain unknown-event                     explain a code
  evenkeel explain s3-bucket-encryption-removed      explain a shipped policy
  evenkeel explain mine.cel event.json               explain an evaluation
  evenkeel explain mine.cel --case 'no key'          explain a test case

Exit codes:
  0  the explanation was printed
  1  the policy is invalid
  2  invalid usage: unknown code, policy or case, or no event in the file
  3  a file could not be read")]
pub(crate) struct ExplainArguments {
    /// Diagnostic code, policy file, or id of a shipped policy [default: list all codes]
    what: Option<String>,
    /// File with the event to evaluate
    event: Option<PathBuf>,
    /// Case of the policy's test file, by its name or a part of it
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

/// Loads the policy that `what` names: a file, or a shipped policy. Returns its library, its set
/// and its id.
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
    let help = near.unwrap_or_else(|| "run `evenkeel explain` for a list of codes".to_owned());
    CommandError::Usage(format!(
        "`{what}` is not a diagnostic code, a policy file or a shipped policy; {help}"
    ))
}

/// Renders the explanation of a diagnostic code, with examples.
fn render_code(code: &DiagnosticCode) -> String {
    let mut out = format!(
        "{}  {}\n\n{}\n",
        style_text(BOLD, code.id),
        code.title,
        wrap_text(code.explanation)
    );
    if !code.wrong_example.is_empty() {
        out += &format!(
            "\n{}  {}\n",
            style_text(RED, "incorrect"),
            style_text(DIM, code.wrong_example)
        );
        out += &format!("{}  {}\n", style_text(GREEN, "correct  "), code.corrected_example);
    }
    out
}

/// Wraps a text into lines of at most 80 characters.
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
