//! `evenkeel test`: runs the cases that lie beside policies.

mod mutation;
pub(crate) mod report;

use crate::common::diagnostics::print_diagnostics;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::print_stdout;
use clap::{Args, ValueEnum};
use evenkeel_rules::policy::{Policy, PolicySet};
use evenkeel_rules::{CaseDifference, ComplianceStatus, Diagnostic, read_cases};
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
pub(crate) struct TestArguments {
    /// Policies' files, or folders of them
    paths: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    format: TestFormat,
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
enum TestFormat {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// JUnit's XML
    Junit,
}

/// What came of one case.
#[derive(Debug)]
pub(crate) struct CaseOutcome {
    policy: String,
    file: String,
    line: usize,
    name: String,
    /// What differs from what was expected; empty where the case passed.
    pub(crate) differences: Vec<CaseDifference>,
}

/// The code of a policy that lacks cases.
pub(crate) const UNTESTED_CODE: &str = "untested";

pub(crate) fn run(command: &TestArguments) -> Result<ExitStatus, CommandError> {
    let library = PolicyLibrary::read_files(&command.paths)?;
    let set = library.load_policies()?;
    let (mut outcomes, wrong) = run_all_cases(&library, &set);
    if let Some(text) = &command.filter {
        outcomes.retain(|outcome| outcome.policy.contains(text) || outcome.name.contains(text));
        if outcomes.is_empty() {
            let message = format!("--filter `{text}` matches no policy and no case");
            return Err(CommandError::Usage(message));
        }
    }
    print_diagnostics(&wrong, &library.file_texts());
    let failed = outcomes.iter().any(|outcome| !outcome.differences.is_empty());
    if command.mutate && command.format == TestFormat::Junit {
        let why = "JUnit's XML has no place for changes of policies: use --format json";
        return Err(CommandError::Usage(why.to_owned()));
    }
    if command.mutate && !failed && wrong.is_empty() {
        return mutation::run(command, &library, &set, &outcomes);
    }
    let report = match command.format {
        TestFormat::Text => report::render_text(&outcomes, set.policies().len()),
        TestFormat::Json => report::render_json(&outcomes),
        TestFormat::Junit => report::render_junit(&outcomes),
    };
    print_stdout(&report)?;
    Ok(if failed || !wrong.is_empty() { ExitStatus::Findings } else { ExitStatus::Success })
}

/// Runs every case; what came of them, and what is wrong with their files.
pub(crate) fn run_all_cases(
    library: &PolicyLibrary,
    set: &PolicySet,
) -> (Vec<CaseOutcome>, Vec<Diagnostic>) {
    let (mut outcomes, mut wrong) = (Vec::new(), Vec::new());
    for policy in set.policies() {
        match run_policy_cases(library, policy, &mut wrong) {
            Ok(of_policy) => outcomes.extend(of_policy),
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    wrong.extend(find_orphaned_tests(library, set));
    (outcomes, wrong)
}

fn run_policy_cases(
    library: &PolicyLibrary,
    policy: &Policy,
    wrong: &mut Vec<Diagnostic>,
) -> Result<Vec<CaseOutcome>, Vec<Diagnostic>> {
    let lacks = |message: String| Diagnostic::new_error(UNTESTED_CODE, &policy.file, 0..0, message);
    let Some(test) = library.find_test_file(&policy.file) else {
        let message = format!("`{}` has no cases: write {0}.test.yaml beside it", policy.id);
        return Err(vec![lacks(message)]);
    };
    let cases = read_cases(&test.name, &test.text, policy)?;
    for needed in [ComplianceStatus::NonCompliant, ComplianceStatus::Compliant] {
        if !cases.iter().any(|case| case.expect == needed) {
            wrong.push(lacks(format!("`{}` has no case that is {needed}", policy.id)));
        }
    }
    let outcome = |case: evenkeel_rules::PolicyCase| {
        let differences = case.run(policy).unwrap_or_else(|error| {
            let expected = case.expect.to_string();
            vec![CaseDifference { aspect: "event", expected, actual: error.to_string() }]
        });
        let (policy, file) = (policy.id.clone(), test.name.clone());
        CaseOutcome { policy, file, line: case.line, name: case.name, differences }
    };
    Ok(cases.into_iter().map(outcome).collect())
}

/// Test files that belong to no policy.
fn find_orphaned_tests(library: &PolicyLibrary, set: &PolicySet) -> Vec<Diagnostic> {
    let owned = |name: &str| {
        let policy = name.strip_suffix(".test.yaml").unwrap_or(name);
        set.policies().iter().any(|p| p.file.strip_suffix(".cel") == Some(policy))
    };
    let lonely = library.tests.iter().filter(|test| !owned(&test.name));
    let message = || "no policy lies beside this test file".to_owned();
    lonely.map(|test| Diagnostic::new_error("orphan", &test.name, 0..0, message())).collect()
}
