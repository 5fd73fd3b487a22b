//! `evenkeel docs`: pages about policies, as Markdown or as a static site.

mod tree;

use crate::common::diagnostics::show;
use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::terminal::{BOLD, GREEN, RED, YELLOW, count, note, paint, safe};
use clap::{Args, ValueEnum};
use evenkeel_authoring::docs::{Format, Page, Subject, render};
use evenkeel_remediators::Target;
use evenkeel_remediators::catalog::Entry;
use evenkeel_rules::policy::{Policy, PolicySet};
use evenkeel_rules::{Case, read_cases};
use std::path::PathBuf;
use tree::{Difference, compare, put};

/// Write pages about policies: an index, and for each what is wrong, why, how it is found and repaired
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel docs --out docs/policies                           the shipped library, in Markdown
  evenkeel docs policies/ mine/ --out site --format html      a site to put on any web server
  evenkeel docs policies/ --out docs/policies --check         for your CI: fail if a page is not up to date

Parameters are shown with what `settings.yaml` sets them to. Pages of policies that are no more
are removed; files that this command did not write are left alone, and never overwritten.")]
pub(crate) struct Docs {
    /// Policies' files, or folders of them; the shipped library, unless named
    paths: Vec<PathBuf>,
    /// The folder of the pages
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write nothing, and fail when a page is stale, missing or one too many
    #[arg(long)]
    check: bool,
    /// What the pages are written in
    #[arg(long, value_enum, default_value_t = Written::Markdown)]
    format: Written,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Written {
    /// A tree of Markdown
    Markdown,
    /// A static site, without scripts
    Html,
}

pub(crate) fn run(command: &Docs) -> Result<Exit, Stopped> {
    let library = Library::read(&command.paths)?;
    let set = library.load()?;
    let format = match command.format {
        Written::Markdown => Format::Markdown,
        Written::Html => Format::Html,
    };
    let pages = pages(&library, &set, format)?;
    let differences = compare(&command.out, &pages, format.ending())?;
    let total = paint(BOLD, &count(pages.len(), "page", "pages"));
    if differences.is_empty() {
        note(&format!("{total}, {}\n", paint(GREEN, "all as they should be")));
        return Ok(Exit::Well);
    }
    if command.check {
        for difference in &differences {
            let path = command.out.join(difference.path());
            note(&format!(
                "{} {}\n",
                safe(&path.display().to_string()),
                paint(RED, difference.word())
            ));
        }
        note(&format!("{total}, {} wrong: `evenkeel docs` writes them\n", differences.len()));
        return Ok(Exit::Found);
    }
    put(&command.out, &differences)?;
    let removed = differences.iter().filter(|one| matches!(one, Difference::Surplus(_))).count();
    let written = differences.len().saturating_sub(removed);
    let done = paint(YELLOW, &format!("{written} written, {removed} removed"));
    note(&format!("{total}, {done}\n"));
    Ok(Exit::Well)
}

/// All pages; shows what is wrong with the cases.
fn pages(library: &Library, set: &PolicySet, format: Format) -> Result<Vec<Page>, Stopped> {
    let mut wrong = Vec::new();
    let mut cases: Vec<Vec<Case>> = Vec::new();
    for policy in set.policies() {
        let read =
            |test: &evenkeel_rules::policy::PolicyFile| read_cases(&test.name, &test.text, policy);
        match library.test_of(&policy.file).map_or(Ok(Vec::new()), read) {
            Ok(of_policy) => cases.push(of_policy),
            Err(mut diagnostics) => wrong.append(&mut diagnostics),
        }
    }
    if !wrong.is_empty() {
        show(&wrong, &library.texts());
        return Err(Stopped::Wrong("the cases cannot be read".to_owned()));
    }
    let subjects: Vec<Subject<'_>> = set
        .policies()
        .iter()
        .zip(&cases)
        .map(|(policy, cases)| Subject { policy, cases, permissions: permissions(policy) })
        .collect();
    render(&subjects, set.functions(), format).map_err(|error| Stopped::Wrong(error.to_string()))
}

/// What the policy's repair may do, and AWS in its name.
fn permissions(policy: &Policy) -> Vec<String> {
    let header = policy.remediation.as_ref();
    let Some(entry) = header.and_then(|header| Entry::find(&header.run)) else {
        return Vec::new();
    };
    let actions = header.map(|header| header.actions.clone()).unwrap_or_default();
    let target = Target { kind: policy.resource_type.clone(), actions, ..Target::default() };
    let forwarded = (entry.spec.forwarded)(&target).into_iter().flat_map(|one| one.action);
    entry.spec.permissions.iter().map(|action| (*action).to_owned()).chain(forwarded).collect()
}
