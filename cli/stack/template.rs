//! `evenkeel template`: renders the stack from the policies and the remediators that they name.

use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::output_format::OutputFormat;
use crate::common::terminal::{BOLD, GREEN, RED, YELLOW, note, paint, print, safe};
use clap::Args;
use evenkeel_deploy::{Change, RenderError, Template};
use evenkeel_rules::policy::PolicySet;
use std::path::{Path, PathBuf};

/// Render the stack's templates from the policies, and the permissions that their repairs need
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel template                             write deploy/*.yaml for the shipped policies
  evenkeel template policies/ mine/             for these policies
  evenkeel template --check                     only tell whether the files are still right
  evenkeel template policies/ --diff old/       what a change of policies adds to events and permissions")]
pub(crate) struct Render {
    /// Policies' files, or folders of them; the shipped library, unless named
    paths: Vec<PathBuf>,
    /// The folder of the templates
    #[arg(long, default_value = "deploy", value_name = "DIR")]
    out: PathBuf,
    /// Write nothing, and fail when a file is not what would be written
    #[arg(long, conflicts_with = "diff")]
    check: bool,
    /// Write nothing, and print which events and permissions come and go compared with these policies
    #[arg(long, value_name = "OLD")]
    diff: Option<PathBuf>,
    /// How the difference is printed
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, requires = "diff")]
    format: OutputFormat,
}

pub(crate) fn run(command: &Render) -> Result<Exit, Stopped> {
    let new = Library::read(&command.paths)?.load()?;
    match &command.diff {
        Some(old) => {
            let old = Library::read(std::slice::from_ref(old))?.load()?;
            tell(&Change::between(&old, &new), command.format)
        }
        None => write(&new, command),
    }
}

/// Writes what is not as it should be, or only tells.
fn write(set: &PolicySet, command: &Render) -> Result<Exit, Stopped> {
    let mut exit = Exit::Well;
    // All of them first: where AWS would refuse one, none is written.
    let rendered = Template::ALL.map(|template| Ok((template, template.render(set)?)));
    let rendered: Result<Vec<(Template, String)>, RenderError> = rendered.into_iter().collect();
    for (template, text) in rendered.map_err(|error| Stopped::Wrong(error.to_string()))? {
        let path = command.out.join(template.file());
        let name = safe(&path.display().to_string());
        if std::fs::read_to_string(&path).is_ok_and(|is| is == text) {
            note(&format!("{name} {}\n", paint(GREEN, "is as it should be")));
        } else if command.check {
            let hint = "`evenkeel template` writes it";
            note(&format!("{name} {}: {hint}\n", paint(RED, "is not what would be written")));
            exit = Exit::Found;
        } else {
            put(&path, &text)?;
            note(&format!("{name} {}\n", paint(YELLOW, "written")));
        }
    }
    Ok(exit)
}

fn put(path: &Path, text: &str) -> Result<(), Stopped> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| Stopped::Io { what: format!("cannot write {}", path.display()), error })
}

fn tell(change: &Change, format: OutputFormat) -> Result<Exit, Stopped> {
    if format == OutputFormat::Json {
        let text = serde_json::to_string_pretty(change)
            .map_err(|error| Stopped::Wrong(error.to_string()))?;
        print(&format!("{text}\n"))?;
        return Ok(Exit::Well);
    }
    if change.is_nothing() {
        print("The stack stays as it is.\n")?;
        return Ok(Exit::Well);
    }
    let mut text = String::new();
    let mut group = |title: &str, style, sign: char, lines: Vec<String>| {
        if !lines.is_empty() {
            text.push_str(&format!("{}\n", paint(BOLD, title)));
            for line in lines {
                text.push_str(&format!("  {}\n", paint(style, &format!("{sign} {}", safe(&line)))));
            }
        }
    };
    let permissions = |of: &std::collections::BTreeSet<evenkeel_deploy::Permission>| {
        let line = |one: &evenkeel_deploy::Permission| {
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
    group("What roles will be allowed", YELLOW, '+', permissions(&change.permissions_added));
    group(
        "What roles will no longer be allowed",
        GREEN,
        '-',
        permissions(&change.permissions_removed),
    );
    print(&text)?;
    Ok(Exit::Well)
}
