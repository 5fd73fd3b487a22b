//! `evenkeel docs`: generates pages about policies, as Markdown or as a static site.

mod page_folder;

use crate::common::diagnostics::print_diagnostics;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{
    BOLD, GREEN, RED, YELLOW, escape_terminal, format_count, print_stderr, style_text,
};
use clap::{Args, ValueEnum};
use evenkeel_authoring::docs::{DocsPage, DocumentedPolicy, PageFormat, render_pages};
use evenkeel_remediators::TargetResource;
use evenkeel_remediators::catalog::CatalogEntry;
use evenkeel_rules::policy::{Policy, PolicySet};
use evenkeel_rules::{PolicyCase, read_cases};
use page_folder::{PageDifference, compare_pages, update_pages};
use std::path::PathBuf;

/// Generate a page for each policy, in Markdown or HTML
///
/// The command also writes an index. A page shows the risk, the conditions, the parameters with
/// their values from settings.yaml, and the remediation. The command removes pages that it wrote
/// for policies that no longer exist. It never changes a file that it did not write.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel docs --out docs/policies                     write Markdown files
  evenkeel docs mine/ --out site --format html          write a static web site
  evenkeel docs mine/ --out docs/policies --check       for CI: write nothing

Exit codes:
  0  the pages are up to date, or were written
  1  with --check, a page is not up to date; or a policy or a case is invalid
  2  invalid usage, or a page would overwrite a file from another source
  3  a file could not be read or written")]
pub(crate) struct DocsArguments {
    /// Policy files, or folders of policies [default: the shipped library]
    paths: Vec<PathBuf>,
    /// Folder for the pages
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write nothing, and fail if a page is out of date, missing or no longer needed
    #[arg(long)]
    check: bool,
    /// Format of the pages
    #[arg(long, value_enum, default_value_t = DocsFormat::Markdown)]
    format: DocsFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DocsFormat {
    /// Markdown files
    Markdown,
    /// Static HTML pages without scripts
    Html,
}

pub(crate) fn run(command: &DocsArguments) -> Result<ExitStatus, CommandError> {
    let library = PolicyLibrary::read_files(&command.paths)?;
    let set = library.load_policies()?;
    let format = match command.format {
        DocsFormat::Markdown => PageFormat::Markdown,
        DocsFormat::Html => PageFormat::Html,
    };
    let pages = build_library_pages(&library, &set, format)?;
    let differences = compare_pages(&command.out, &pages, format.file_extension())?;
    let total = style_text(BOLD, &format_count(pages.len(), "page", "pages"));
    if differences.is_empty() {
        print_stderr(&format!("{total}, {}\n", style_text(GREEN, "all up to date")));
        return Ok(ExitStatus::Success);
    }
    if command.check {
        for difference in &differences {
            let path = command.out.join(difference.relative_path());
            print_stderr(&format!(
                "{} {}\n",
                escape_terminal(&path.display().to_string()),
                style_text(RED, difference.problem_text())
            ));
        }
        print_stderr(&format!(
            "{total}, {} not up to date; run `evenkeel docs` without --check\n",
            differences.len()
        ));
        return Ok(ExitStatus::Findings);
    }
    update_pages(&command.out, &differences)?;
    let removed =
        differences.iter().filter(|one| matches!(one, PageDifference::Surplus(_))).count();
    let written = differences.len().saturating_sub(removed);
    let done = style_text(YELLOW, &format!("{written} written, {removed} removed"));
    print_stderr(&format!("{total}, {done}\n"));
    Ok(ExitStatus::Success)
}

/// Renders all pages, and prints the problems of the cases.
///
/// # Errors
/// [`CommandError::Invalid`] if cases or pages are invalid.
fn build_library_pages(
    library: &PolicyLibrary,
    set: &PolicySet,
    format: PageFormat,
) -> Result<Vec<DocsPage>, CommandError> {
    let mut problems = Vec::new();
    let mut cases: Vec<Vec<PolicyCase>> = Vec::new();
    for policy in set.policies() {
        let read =
            |test: &evenkeel_rules::policy::PolicyFile| read_cases(&test.name, &test.text, policy);
        match library.find_test_file(&policy.file).map_or(Ok(Vec::new()), read) {
            Ok(of_policy) => cases.push(of_policy),
            Err(mut diagnostics) => problems.append(&mut diagnostics),
        }
    }
    if !problems.is_empty() {
        print_diagnostics(&problems, &library.file_texts());
        return Err(CommandError::Invalid("the cases are invalid".to_owned()));
    }
    let subjects: Vec<DocumentedPolicy<'_>> = set
        .policies()
        .iter()
        .zip(&cases)
        .map(|(policy, cases)| DocumentedPolicy {
            policy,
            cases,
            permissions: collect_permissions(policy),
        })
        .collect();
    render_pages(&subjects, set.organization_functions(), format)
        .map_err(|error| CommandError::Invalid(error.to_string()))
}

/// Returns the IAM actions of the policy's remediation, with those that AWS performs on its behalf.
fn collect_permissions(policy: &Policy) -> Vec<String> {
    let header = policy.remediation.as_ref();
    let Some(entry) = header.and_then(|header| CatalogEntry::find_by_id(&header.run)) else {
        return Vec::new();
    };
    let actions = header.map(|header| header.actions.clone()).unwrap_or_default();
    let target =
        TargetResource { kind: policy.resource_type.clone(), actions, ..TargetResource::default() };
    let forwarded =
        (entry.spec.passthrough_permissions)(&target).into_iter().flat_map(|one| one.action);
    entry.spec.permissions.iter().map(|action| (*action).to_owned()).chain(forwarded).collect()
}
