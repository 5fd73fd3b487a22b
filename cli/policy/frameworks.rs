//! `evenkeel frameworks`: which controls of which frameworks the policies cover, and which not, and why.

use crate::common::diagnostics::print_diagnostics;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{
    BOLD, DIM, GREEN, YELLOW, escape_terminal, print_stdout, style_text,
};
use clap::{Args, ValueEnum};
use evenkeel_authoring::frameworks::{
    ControlCoverage, CoveringPolicy, EvaluationSource, FrameworkCoverage, UNEXPLAINED,
    measure_framework_coverage, render_coverage_page,
};
use evenkeel_engine::suggest_name;
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
pub(crate) struct FrameworksArguments {
    /// The framework, by its name in policies' headers; all, unless named
    framework: Option<String>,
    /// Policies' files, or folders of them; the shipped library, unless named
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// Only the controls that no policy covers
    #[arg(long)]
    open: bool,
    /// How it is written
    #[arg(long, value_enum, default_value_t = FrameworksFormat::Text)]
    format: FrameworksFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FrameworksFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// A page for a folder beside that of the policies, whose files it links to
    Markdown,
}

pub(crate) fn run(command: &FrameworksArguments) -> Result<ExitStatus, CommandError> {
    let library = PolicyLibrary::read_files(&command.policies)?;
    let set = library.load_policies()?;
    let frameworks = match library.read_frameworks() {
        Ok(frameworks) => frameworks,
        Err(wrong) => {
            print_diagnostics(&wrong, &library.file_texts());
            return Err(CommandError::Invalid("the frameworks cannot be read".to_owned()));
        }
    };
    let mut coverages = measure_framework_coverage(&set, &frameworks);
    if let Some(name) = &command.framework {
        select_framework(&mut coverages, name)?;
    }
    if command.open {
        for one in &mut coverages {
            one.controls.retain(|row| row.policies.is_empty());
        }
    }
    let out = match command.format {
        FrameworksFormat::Text if command.framework.is_none() && !command.open => {
            render_overview(&coverages)
        }
        FrameworksFormat::Text => {
            coverages.iter().map(|one| render_framework(one)).collect::<Vec<_>>().join("\n")
        }
        FrameworksFormat::Json => render_json(&coverages)?,
        FrameworksFormat::Markdown => {
            render_coverage_page(&coverages, &|policy| link_policy_file(&set, policy))
        }
    };
    print_stdout(&out)?;
    Ok(ExitStatus::Success)
}

fn select_framework(
    coverages: &mut Vec<FrameworkCoverage<'_>>,
    name: &str,
) -> Result<(), CommandError> {
    if coverages.iter().any(|one| one.framework == name) {
        coverages.retain(|one| one.framework == name);
        return Ok(());
    }
    let names: Vec<&str> = coverages.iter().map(|one| one.framework).collect();
    let help = suggest_name(name, names.iter().copied());
    let help = help.unwrap_or_else(|| format!("there are {}", names.join(", ")));
    Err(CommandError::Usage(format!("no policy names a framework `{name}`: {help}")))
}

fn render_json(coverages: &[FrameworkCoverage<'_>]) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(coverages);
    text.map(|text| text + "\n").map_err(|error| CommandError::Invalid(error.to_string()))
}

/// A line for each framework.
fn render_overview(coverages: &[FrameworkCoverage<'_>]) -> String {
    let width = coverages.iter().map(|one| one.framework.len()).max().unwrap_or_default();
    let mut out = String::new();
    for one in coverages {
        let name = style_text(BOLD, &format!("{:<width$}", escape_terminal(one.framework)));
        out += &match one.title {
            "" => format!("{name}  {} controls covered\n", one.count_covered()),
            title => {
                let (covered, all) = (one.count_covered(), one.controls.len());
                format!(
                    "{name}  {covered} of {all} controls covered  {}\n",
                    style_text(DIM, &escape_terminal(title))
                )
            }
        };
    }
    out
}

/// The controls of a framework.
fn render_framework(one: &FrameworkCoverage<'_>) -> String {
    let width = one.controls.iter().map(|row| row.id.len()).max().unwrap_or_default();
    let mut out = format!("{}\n", style_text(BOLD, &escape_terminal(one.framework)));
    for row in &one.controls {
        let id = format!("{:<width$}", escape_terminal(row.id));
        if row.policies.is_empty() {
            out += &format!("  {}  {}\n", style_text(YELLOW, &id), escape_terminal(row.what));
            out += &format!(
                "  {:width$}  {}\n",
                "",
                style_text(DIM, &escape_terminal(gap_reason(row)))
            );
        } else {
            out += &format!("  {}  {}\n", style_text(GREEN, &id), escape_terminal(row.what));
            for by in &row.policies {
                out += &format!("  {:width$}  {}\n", "", render_covering_policy(by));
            }
        }
    }
    out
}

fn gap_reason<'a>(row: &ControlCoverage<'a>) -> &'a str {
    row.open.unwrap_or(UNEXPLAINED)
}

fn render_covering_policy(by: &CoveringPolicy<'_>) -> String {
    let doors: Vec<&str> =
        by.doors.iter().map(|door| EvaluationSource::source_name(*door)).collect();
    let repair = by.remediation.as_ref().map_or(String::new(), |one| {
        format!(", repaired by {} ({:?})", escape_terminal(one.run), one.mode).to_lowercase()
    });
    format!(
        "{}  {}",
        escape_terminal(by.policy),
        style_text(DIM, &format!("{}{repair}", doors.join(", ")))
    )
}

/// A link from a page in a folder beside the policies', such as `docs/frameworks.md`, to a policy's file. None where
/// the file is named by an absolute path or one that leaves the folder, or where its name does not fit into a link.
fn link_policy_file(set: &PolicySet, policy: &str) -> Option<String> {
    let file = set.find_policy(policy)?.file.as_str();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let is_inside = !file.starts_with('/') && file.split('/').all(|part| part != "..");
    (is_inside && file.chars().all(is_plain))
        .then(|| format!("../{}", file.trim_start_matches("./")))
}
