//! `evenkeel docs`: pages about policies, as Markdown or as a static site.

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

/// Write pages about policies: an index, and for each what is wrong, why, how it is found and repaired
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel docs --out docs/policies                           the shipped library, in Markdown
  evenkeel docs policies/ mine/ --out site --format html      a site to put on any web server
  evenkeel docs policies/ --out docs/policies --check         for your CI: fail if a page is not up to date

Parameters are shown with what `settings.yaml` sets them to. Pages of policies that are no more
are removed; files that this command did not write are left alone, and never overwritten.")]
pub(crate) struct DocsArguments {
    /// Policies' files, or folders of them; the shipped library, unless named
    paths: Vec<PathBuf>,
    /// The folder of the pages
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write nothing, and fail when a page is stale, missing or one too many
    #[arg(long)]
    check: bool,
    /// What the pages are written in
    #[arg(long, value_enum, default_value_t = DocsFormat::Markdown)]
    format: DocsFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DocsFormat {
    /// A tree of Markdown
    Markdown,
    /// A static site, without scripts
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
        print_stderr(&format!("{total}, {}\n", style_text(GREEN, "all as they should be")));
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
            "{total}, {} wrong: `evenkeel docs` writes them\n",
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

/// All pages; shows what is wrong with the cases.
fn build_library_pages(
    library: &PolicyLibrary,
    set: &PolicySet,
    format: PageFormat,
) -> Result<Vec<DocsPage>, CommandError> {
    let mut wrong = Vec::new();
    let mut cases: Vec<Vec<PolicyCase>> = Vec::new();
    for policy in set.policies() {
        let read =
            |test: &evenkeel_rules::policy::PolicyFile| read_cases(&test.name, &test.text, policy);
        match library.find_test_file(&policy.file).map_or(Ok(Vec::new()), read) {
            Ok(of_policy) => cases.push(of_policy),
            Err(mut diagnostics) => wrong.append(&mut diagnostics),
        }
    }
    if !wrong.is_empty() {
        print_diagnostics(&wrong, &library.file_texts());
        return Err(CommandError::Invalid("the cases cannot be read".to_owned()));
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

/// What the policy's repair may do, and AWS in its name.
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
