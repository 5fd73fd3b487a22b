//! `evenkeel template`: renders the templates of the stack from the policies and their remediators.

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::output_format::OutputFormat;
use crate::common::terminal::{
    BOLD, GREEN, RED, YELLOW, escape_terminal, print_stderr, print_stdout, style_text,
};
use clap::Args;
use evenkeel_deploy::{RenderError, StackChange, StackTemplate};
use evenkeel_rules::policy::PolicySet;
use std::path::{Path, PathBuf};

/// Render the CloudFormation templates of the stack
///
/// The templates contain the event rules for the policies, and the roles with the permissions of
/// their remediators.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel template                        write deploy/*.yaml (shipped library)
  evenkeel template policies/ mine/        write them for these policies
  evenkeel template --check                check that the files are up to date
  evenkeel template policies/ --diff old/  show changed events and permissions

Exit codes:
  0  the templates are up to date or were written, or the difference was printed
  1  with --check, a file is out of date; or a policy is invalid, or a template
     exceeds a limit of AWS
  2  invalid usage, or no policy in the folder
  3  a file could not be read or written")]
pub(crate) struct TemplateArguments {
    /// Policy files, or folders of policies [default: the shipped library]
    paths: Vec<PathBuf>,
    /// Folder for the templates
    #[arg(long, default_value = "deploy", value_name = "DIR")]
    out: PathBuf,
    /// Write nothing, and fail if a file is out of date
    #[arg(long, conflicts_with = "diff")]
    check: bool,
    /// Write nothing, and print the events and permissions that differ from those of the policies
    /// in OLD
    #[arg(long, value_name = "OLD")]
    diff: Option<PathBuf>,
    /// Output format of the difference
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, requires = "diff")]
    format: OutputFormat,
}

pub(crate) fn run(command: &TemplateArguments) -> Result<ExitStatus, CommandError> {
    let new = PolicyLibrary::read_files(&command.paths)?.load_policies()?;
    match &command.diff {
        Some(old) => {
            let old = PolicyLibrary::read_files(std::slice::from_ref(old))?.load_policies()?;
            print_change(&StackChange::between_sets(&old, &new), command.format)
        }
        None => write_templates(&new, command),
    }
}

/// Writes the templates that are out of date. With `--check`, only reports them.
///
/// # Errors
/// [`CommandError::Invalid`] if a template exceeds a limit of AWS; [`CommandError::Io`] if a file
/// cannot be written.
fn write_templates(
    set: &PolicySet,
    command: &TemplateArguments,
) -> Result<ExitStatus, CommandError> {
    let mut exit = ExitStatus::Success;
    // Render all templates first: if one of them exceeds a limit of AWS, none is written.
    let rendered =
        StackTemplate::ALL.map(|template| Ok((template, template.render_template(set)?)));
    let rendered: Result<Vec<(StackTemplate, String)>, RenderError> =
        rendered.into_iter().collect();
    for (template, text) in rendered.map_err(|error| CommandError::Invalid(error.to_string()))? {
        let path = command.out.join(template.file_name());
        let name = escape_terminal(&path.display().to_string());
        if std::fs::read_to_string(&path).is_ok_and(|is| is == text) {
            print_stderr(&format!("{name} {}\n", style_text(GREEN, "is up to date")));
        } else if command.check {
            let hint = "run `evenkeel template` to update it";
            print_stderr(&format!("{name} {}; {hint}\n", style_text(RED, "is out of date")));
            exit = ExitStatus::Findings;
        } else {
            write_file(&path, &text)?;
            print_stderr(&format!("{name} {}\n", style_text(YELLOW, "written")));
        }
    }
    Ok(exit)
}

/// Writes a file, and creates its folder.
fn write_file(path: &Path, text: &str) -> Result<(), CommandError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text)).map_err(|error| {
        CommandError::Io { what: format!("cannot write {}", path.display()), error }
    })
}

/// Prints the difference between two stacks.
fn print_change(change: &StackChange, format: OutputFormat) -> Result<ExitStatus, CommandError> {
    if format == OutputFormat::Json {
        let text = serde_json::to_string_pretty(change)
            .map_err(|error| CommandError::Invalid(error.to_string()))?;
        print_stdout(&format!("{text}\n"))?;
        return Ok(ExitStatus::Success);
    }
    if change.is_empty() {
        print_stdout("The stack does not change.\n")?;
        return Ok(ExitStatus::Success);
    }
    let mut text = String::new();
    let mut group = |title: &str, style, sign: char, lines: Vec<String>| {
        if !lines.is_empty() {
            text.push_str(&format!("{}\n", style_text(BOLD, title)));
            for line in lines {
                text.push_str(&format!(
                    "  {}\n",
                    style_text(style, &format!("{sign} {}", escape_terminal(&line)))
                ));
            }
        }
    };
    let permissions = |of: &std::collections::BTreeSet<evenkeel_deploy::RolePermission>| {
        let line = |one: &evenkeel_deploy::RolePermission| {
            format!("evenkeel-remediate-{}: {} on {}", one.family, one.action, one.resource)
        };
        of.iter().map(line).collect::<Vec<_>>()
    };
    let events = |of: &std::collections::BTreeSet<String>| of.iter().cloned().collect::<Vec<_>>();
    group(
        "Events that will be sent to the audit account",
        GREEN,
        '+',
        events(&change.events_added),
    );
    group("Events that will no longer be sent", RED, '-', events(&change.events_removed));
    group("Permissions that roles will gain", YELLOW, '+', permissions(&change.permissions_added));
    group("Permissions that roles will lose", GREEN, '-', permissions(&change.permissions_removed));
    print_stdout(&text)?;
    Ok(ExitStatus::Success)
}
