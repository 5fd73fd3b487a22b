//! `evenkeel frameworks`: which controls of which frameworks the policies cover, and which not, and why.

use crate::common::diagnostics::show;
use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::terminal::{BOLD, DIM, GREEN, YELLOW, paint, print, safe};
use clap::{Args, ValueEnum};
use evenkeel_authoring::frameworks::{By, Coverage, Door, Row, UNEXPLAINED, coverage, markdown};
use evenkeel_engine::nearest;
use evenkeel_rules::policy::PolicySet;
use std::path::PathBuf;

/// Show per framework which controls are covered, by which policy, how it looks and repairs, and which are not, and why
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel frameworks                                        a line for each framework
  evenkeel frameworks AWS-FSBP                               its controls, and what covers each
  evenkeel frameworks AWS-FSBP --open                        what is not covered, and why
  evenkeel frameworks --policies mine/ --format json         of your own policies, for a program

Policies name controls under `controls`. The controls of AWS-FSBP and of the CIS benchmark are listed in the
program; those of others in `frameworks/<name>.yaml` of your policies' folder, as policies/README.md shows.")]
pub(crate) struct Frameworks {
    /// The framework, by its name in policies' headers; all, unless named
    framework: Option<String>,
    /// Policies' files, or folders of them; the shipped library, unless named
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// Only the controls that no policy covers
    #[arg(long)]
    open: bool,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Written::Text)]
    format: Written,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Written {
    /// For people
    Text,
    /// For programs
    Json,
    /// A page for a folder beside that of the policies, whose files it links to
    Markdown,
}

pub(crate) fn run(command: &Frameworks) -> Result<Exit, Stopped> {
    let library = Library::read(&command.policies)?;
    let set = library.load()?;
    let frameworks = match library.read_frameworks() {
        Ok(frameworks) => frameworks,
        Err(wrong) => {
            show(&wrong, &library.texts());
            return Err(Stopped::Wrong("the frameworks cannot be read".to_owned()));
        }
    };
    let mut coverage = coverage(&set, &frameworks);
    if let Some(name) = &command.framework {
        choose(&mut coverage, name)?;
    }
    if command.open {
        for one in &mut coverage {
            one.controls.retain(|row| row.policies.is_empty());
        }
    }
    let out = match command.format {
        Written::Text if command.framework.is_none() && !command.open => overview(&coverage),
        Written::Text => coverage.iter().map(|one| table(one)).collect::<Vec<_>>().join("\n"),
        Written::Json => json(&coverage)?,
        Written::Markdown => markdown(&coverage, &|policy| link(&set, policy)),
    };
    print(&out)?;
    Ok(Exit::Well)
}

fn choose(coverage: &mut Vec<Coverage<'_>>, name: &str) -> Result<(), Stopped> {
    if coverage.iter().any(|one| one.framework == name) {
        coverage.retain(|one| one.framework == name);
        return Ok(());
    }
    let names: Vec<&str> = coverage.iter().map(|one| one.framework).collect();
    let help = nearest(name, names.iter().copied());
    let help = help.unwrap_or_else(|| format!("there are {}", names.join(", ")));
    Err(Stopped::Usage(format!("no policy names a framework `{name}`: {help}")))
}

fn json(coverage: &[Coverage<'_>]) -> Result<String, Stopped> {
    let text = serde_json::to_string_pretty(coverage);
    text.map(|text| text + "\n").map_err(|error| Stopped::Wrong(error.to_string()))
}

/// A line for each framework.
fn overview(coverage: &[Coverage<'_>]) -> String {
    let width = coverage.iter().map(|one| one.framework.len()).max().unwrap_or_default();
    let mut out = String::new();
    for one in coverage {
        let name = paint(BOLD, &format!("{:<width$}", safe(one.framework)));
        out += &match one.title {
            "" => format!("{name}  {} controls covered\n", one.covered()),
            title => {
                let (covered, all) = (one.covered(), one.controls.len());
                format!(
                    "{name}  {covered} of {all} controls covered  {}\n",
                    paint(DIM, &safe(title))
                )
            }
        };
    }
    out
}

/// The controls of a framework.
fn table(one: &Coverage<'_>) -> String {
    let width = one.controls.iter().map(|row| row.id.len()).max().unwrap_or_default();
    let mut out = format!("{}\n", paint(BOLD, &safe(one.framework)));
    for row in &one.controls {
        let id = format!("{:<width$}", safe(row.id));
        if row.policies.is_empty() {
            out += &format!("  {}  {}\n", paint(YELLOW, &id), safe(row.what));
            out += &format!("  {:width$}  {}\n", "", paint(DIM, &safe(why(row))));
        } else {
            out += &format!("  {}  {}\n", paint(GREEN, &id), safe(row.what));
            for by in &row.policies {
                out += &format!("  {:width$}  {}\n", "", line(by));
            }
        }
    }
    out
}

fn why<'a>(row: &Row<'a>) -> &'a str {
    row.open.unwrap_or(UNEXPLAINED)
}

fn line(by: &By<'_>) -> String {
    let doors: Vec<&str> = by.doors.iter().map(|door| Door::word(*door)).collect();
    let repair = by.remediation.as_ref().map_or(String::new(), |one| {
        format!(", repaired by {} ({:?})", safe(one.run), one.mode).to_lowercase()
    });
    format!("{}  {}", safe(by.policy), paint(DIM, &format!("{}{repair}", doors.join(", "))))
}

/// A link from a page in a folder beside the policies', such as `docs/frameworks.md`, to a policy's file. None where
/// the file is named by an absolute path or one that leaves the folder, or where its name does not fit into a link.
fn link(set: &PolicySet, policy: &str) -> Option<String> {
    let file = set.get(policy)?.file.as_str();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let is_inside = !file.starts_with('/') && file.split('/').all(|part| part != "..");
    (is_inside && file.chars().all(is_plain))
        .then(|| format!("../{}", file.trim_start_matches("./")))
}
