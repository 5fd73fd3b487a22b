//! `evenkeel frameworks`: lists the controls of compliance frameworks that the policies cover.

use crate::common::diagnostics::print_diagnostics;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{
    BOLD, DIM, GREEN, YELLOW, escape_terminal, print_stdout, style_text,
};
use clap::{Args, ValueEnum};
use evenkeel_authoring::frameworks::{
    ControlCoverage, CoverageKind, CoveringPolicy, EvaluationSource, FrameworkCoverage,
    UNEXPLAINED, covers_state, measure_framework_coverage, render_coverage_page,
};
use evenkeel_authoring::sources::{PolicySources, list_policy_sources, render_sources_page};
use evenkeel_engine::suggest_name;
use evenkeel_rules::policy::{Policy, PolicySet};
use evenkeel_rules::read_cases;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Show which controls of compliance frameworks are covered
///
/// For each control, the command lists the policies with what they see of it (the state of resources,
/// changes, only the switching off, or a notice of changes), their inputs (events or AWS Config items)
/// and their remediations, or the reason why no policy covers it. Policies name their controls
/// under `controls`. The controls of AWS-FSBP and of the CIS benchmark are built in. List the
/// controls of other frameworks in `frameworks/<name>.yaml` in your folder of policies (see
/// policies/README.md).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel frameworks                         list the frameworks
  evenkeel frameworks AWS-FSBP                list the controls of a framework
  evenkeel frameworks AWS-FSBP --open         list the controls without a policy
  evenkeel frameworks --policies mine/        use your own policies
  evenkeel frameworks --sources               list the sources that each policy evaluates
  evenkeel frameworks --format json           print JSON

Exit codes:
  0  the coverage was printed
  1  a policy or a framework file is invalid
  2  invalid usage, or unknown framework
  3  a file could not be read")]
pub(crate) struct FrameworksArguments {
    /// Name of the framework, as in the headers of policies [default: all]
    framework: Option<String>,
    /// Policy file, or folder of policies; may be repeated [default: the shipped library]
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// List only the controls that no policy covers
    #[arg(long)]
    open: bool,
    /// List each policy with the sources that it evaluates, and why not the other source
    #[arg(long, conflicts_with_all = ["framework", "open"])]
    sources: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = FrameworksFormat::Text)]
    format: FrameworksFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FrameworksFormat {
    /// Readable text
    Text,
    /// One JSON document
    Json,
    /// Markdown page with links to the policies; write it to a folder next to the policy folder
    Markdown,
}

pub(crate) fn run(command: &FrameworksArguments) -> Result<ExitStatus, CommandError> {
    let library = PolicyLibrary::read_files(&command.policies)?;
    let set = library.load_policies()?;
    if command.sources {
        print_stdout(&render_sources(&set, command.format)?)?;
        return Ok(ExitStatus::Success);
    }
    let frameworks = match library.read_frameworks() {
        Ok(frameworks) => frameworks,
        Err(problems) => {
            print_diagnostics(&problems, &library.file_texts());
            return Err(CommandError::Invalid("the framework files are invalid".to_owned()));
        }
    };
    let state_policies = list_state_policies(&library, &set);
    let mut coverages = measure_framework_coverage(&set, &frameworks, &state_policies);
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

/// Returns the ids of the policies whose cases show that they evaluate the state of a resource.
fn list_state_policies<'s>(library: &PolicyLibrary, set: &'s PolicySet) -> BTreeSet<&'s str> {
    let has_state = |policy: &&Policy| {
        let test = library.find_test_file(&policy.file);
        let cases = test.and_then(|test| read_cases(&test.name, &test.text, policy).ok());
        cases.is_some_and(|cases| covers_state(&cases))
    };
    set.policies().iter().filter(has_state).map(|policy| policy.id.as_str()).collect()
}

fn render_sources(set: &PolicySet, format: FrameworksFormat) -> Result<String, CommandError> {
    let sources = list_policy_sources(set);
    Ok(match format {
        FrameworksFormat::Text => sources.iter().map(render_policy_sources).collect(),
        FrameworksFormat::Json => {
            let text = serde_json::to_string_pretty(&sources);
            text.map_err(|error| CommandError::Invalid(error.to_string()))? + "\n"
        }
        FrameworksFormat::Markdown => {
            render_sources_page(&sources, &|policy| link_policy_file(set, policy))
        }
    })
}

/// Renders the policy, its sources, and the reason why it does not evaluate the other source.
fn render_policy_sources(one: &PolicySources<'_>) -> String {
    let sources = match (one.events, one.items) {
        (true, true) => "events, items",
        (true, false) => "events",
        (false, _) => "items",
    };
    let reason = style_text(DIM, &escape_terminal(&one.reason));
    format!("{sources:<13}  {}  {reason}", style_text(BOLD, &escape_terminal(one.policy)))
        .trim_end()
        .to_owned()
        + "\n"
}

/// Removes all frameworks except the one with this name.
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
    let help = help.unwrap_or_else(|| format!("the frameworks are {}", names.join(", ")));
    Err(CommandError::Usage(format!("unknown framework `{name}`; {help}")))
}

fn render_json(coverages: &[FrameworkCoverage<'_>]) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(coverages);
    text.map(|text| text + "\n").map_err(|error| CommandError::Invalid(error.to_string()))
}

/// Renders one line for each framework.
fn render_overview(coverages: &[FrameworkCoverage<'_>]) -> String {
    let width = coverages.iter().map(|one| one.framework.len()).max().unwrap_or_default();
    let mut out = String::new();
    for one in coverages {
        let name = style_text(BOLD, &format!("{:<width$}", escape_terminal(one.framework)));
        let title = style_text(DIM, &escape_terminal(one.title));
        out += format!("{name}  {}  {title}", one.describe_counts()).trim_end();
        out.push('\n');
    }
    out
}

/// Renders the controls of a framework.
fn render_framework(one: &FrameworkCoverage<'_>) -> String {
    let width = one.controls.iter().map(|row| row.id.len()).max().unwrap_or_default();
    let mut out = format!("{}\n", style_text(BOLD, &escape_terminal(one.framework)));
    for row in &one.controls {
        let id = format!("{:<width$}", escape_terminal(row.id));
        if row.kind.is_none() {
            out += &format!("  {}  {}\n", style_text(YELLOW, &id), escape_terminal(row.what));
            out += &format!(
                "  {:width$}  {}\n",
                "",
                style_text(DIM, &escape_terminal(gap_reason(row)))
            );
        } else {
            let color = if row.kind == Some(CoverageKind::State) { GREEN } else { YELLOW };
            out += &format!("  {}  {}\n", style_text(color, &id), escape_terminal(row.what));
            for by in &row.policies {
                out += &format!("  {:width$}  {}\n", "", render_covering_policy(by));
            }
        }
    }
    out
}

/// Returns the reason why no policy covers a control.
fn gap_reason<'a>(row: &ControlCoverage<'a>) -> &'a str {
    row.open.unwrap_or(UNEXPLAINED)
}

/// Renders a policy that covers a control, with its sources and its remediation.
fn render_covering_policy(by: &CoveringPolicy<'_>) -> String {
    let sources: Vec<&str> =
        by.sources.iter().map(|source| EvaluationSource::source_name(*source)).collect();
    let remediation = by.remediation.as_ref().map_or(String::new(), |one| {
        format!(", remediated by {} ({:?})", escape_terminal(one.run), one.mode).to_lowercase()
    });
    let mapping = if by.own_mapping { ", own mapping" } else { "" };
    format!(
        "{}  {}",
        escape_terminal(by.policy),
        style_text(
            DIM,
            &format!("{} ({}){mapping}{remediation}", by.kind.display_name(), sources.join(", "))
        )
    )
}

/// Returns the link to a policy's file from a page in a folder next to the policies, such as
/// `docs/frameworks.md`. Returns `None` if the path is absolute, has `..`, or has a character that
/// a link cannot contain.
fn link_policy_file(set: &PolicySet, policy: &str) -> Option<String> {
    let file = set.find_policy(policy)?.file.as_str();
    let is_link_character = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let is_relative = !file.starts_with('/') && file.split('/').all(|part| part != "..");
    (is_relative && file.chars().all(is_link_character))
        .then(|| format!("../{}", file.trim_start_matches("./")))
}
