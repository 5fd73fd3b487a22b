//! `evenkeel test`: runs the cases that lie beside policies.

mod mutate;
pub(crate) mod report;

use crate::common::diagnostics::show;
use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::terminal::print;
use clap::{Args, ValueEnum};
use evenkeel_rules::policy::{Policy, PolicySet};
use evenkeel_rules::{ComplianceStatus, Diagnostic, Difference, read_cases};
use std::path::PathBuf;

/// Run the cases that lie beside policies
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel test                           the shipped library
  evenkeel test policies/                 every policy in a folder
  evenkeel test policies/s3/mine.cel      one policy
  evenkeel test --format junit policies/ > report.xml
  evenkeel test --mutate policies/        also: would the cases notice a change of the policy?

Each policy <id>.cel has its cases in <id>.test.yaml, at least one of them NON_COMPLIANT and one
COMPLIANT. With --mutate each policy is changed in many small ways, one at a time: without a clause, with a comparison
turned, without a default. A change that no case notices is listed: it is a question that no case asks.")]
pub(crate) struct Test {
    /// Policies' files, or folders of them
    paths: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Run only the cases whose policy or name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Change policies, and see whether their cases notice
    #[arg(long, conflicts_with = "filter")]
    mutate: bool,
    /// Fail where the cases notice fewer of the changes, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 90.0, requires = "mutate")]
    min_score: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// JUnit's XML
    Junit,
}

/// What came of one case.
#[derive(Debug)]
pub(crate) struct Outcome {
    policy: String,
    file: String,
    line: usize,
    name: String,
    /// What differs from what was expected; empty where the case passed.
    pub(crate) differences: Vec<Difference>,
}

/// The code of a policy that lacks cases.
pub(crate) const UNTESTED: &str = "untested";

pub(crate) fn run(command: &Test) -> Result<Exit, Stopped> {
    let library = Library::read(&command.paths)?;
    let set = library.load()?;
    let (mut outcomes, wrong) = run_all(&library, &set);
    if let Some(text) = &command.filter {
        outcomes.retain(|outcome| outcome.policy.contains(text) || outcome.name.contains(text));
        if outcomes.is_empty() {
            let message = format!("--filter `{text}` matches no policy and no case");
            return Err(Stopped::Usage(message));
        }
    }
    show(&wrong, &library.texts());
    let failed = outcomes.iter().any(|outcome| !outcome.differences.is_empty());
    if command.mutate && command.format == Format::Junit {
        let why = "JUnit's XML has no place for changes of policies: use --format json";
        return Err(Stopped::Usage(why.to_owned()));
    }
    if command.mutate && !failed && wrong.is_empty() {
        return mutate::run(command, &library, &set, &outcomes);
    }
    let report = match command.format {
        Format::Text => report::text(&outcomes, set.policies().len()),
        Format::Json => report::json(&outcomes),
        Format::Junit => report::junit(&outcomes),
    };
    print(&report)?;
    Ok(if failed || !wrong.is_empty() { Exit::Found } else { Exit::Well })
}

/// Runs every case; what came of them, and what is wrong with their files.
pub(crate) fn run_all(library: &Library, set: &PolicySet) -> (Vec<Outcome>, Vec<Diagnostic>) {
    let (mut outcomes, mut wrong) = (Vec::new(), Vec::new());
    for policy in set.policies() {
        match run_policy(library, policy, &mut wrong) {
            Ok(of_policy) => outcomes.extend(of_policy),
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    wrong.extend(orphans(library, set));
    (outcomes, wrong)
}

fn run_policy(
    library: &Library,
    policy: &Policy,
    wrong: &mut Vec<Diagnostic>,
) -> Result<Vec<Outcome>, Vec<Diagnostic>> {
    let lacks = |message: String| Diagnostic::error(UNTESTED, &policy.file, 0..0, message);
    let Some(test) = library.test_of(&policy.file) else {
        let message = format!("`{}` has no cases: write {0}.test.yaml beside it", policy.id);
        return Err(vec![lacks(message)]);
    };
    let cases = read_cases(&test.name, &test.text, policy)?;
    for needed in [ComplianceStatus::NonCompliant, ComplianceStatus::Compliant] {
        if !cases.iter().any(|case| case.expect == needed) {
            wrong.push(lacks(format!("`{}` has no case that is {needed}", policy.id)));
        }
    }
    let outcome = |case: evenkeel_rules::Case| {
        let differences = case.run(policy).unwrap_or_else(|error| {
            let expected = case.expect.to_string();
            vec![Difference { what: "event", expected, actual: error.to_string() }]
        });
        let (policy, file) = (policy.id.clone(), test.name.clone());
        Outcome { policy, file, line: case.line, name: case.name, differences }
    };
    Ok(cases.into_iter().map(outcome).collect())
}

/// Test files that belong to no policy.
fn orphans(library: &Library, set: &PolicySet) -> Vec<Diagnostic> {
    let owned = |name: &str| {
        let policy = name.strip_suffix(".test.yaml").unwrap_or(name);
        set.policies().iter().any(|p| p.file.strip_suffix(".cel") == Some(policy))
    };
    let lonely = library.tests.iter().filter(|test| !owned(&test.name));
    let message = || "no policy lies beside this test file".to_owned();
    lonely.map(|test| Diagnostic::error("orphan", &test.name, 0..0, message())).collect()
}
