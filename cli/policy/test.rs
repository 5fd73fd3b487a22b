//! `evenkeel test`: runs the test cases of policies.

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

/// Run the test cases of policies
///
/// The cases of `<id>.cel` are in `<id>.test.yaml` in the same folder. At least one case must
/// expect `NON_COMPLIANT`, and one `COMPLIANT`. With --mutate, the command makes small changes to
/// each policy, one at a time: it removes a clause, inverts a comparison, or removes a default.
/// It lists the changes that no case detects. Add a case for each of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel test                           test the shipped library
  evenkeel test policies/                 test all policies in a folder
  evenkeel test policies/s3/mine.cel      test one policy
  evenkeel test --format junit policies/ > report.xml
  evenkeel test --mutate policies/        find changes that no case detects

Exit codes:
  0  all cases pass
  1  a failed case, an invalid policy, missing cases, or a score below --min-score
  2  invalid usage, or no policy in the folder
  3  a file could not be read")]
pub(crate) struct TestArguments {
    /// Policy files, or folders of policies [default: the shipped library]
    paths: Vec<PathBuf>,
    /// Output format of the results
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    format: TestFormat,
    /// Run only the cases whose name or policy id contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Also change the policies, and list the changes that no case detects
    #[arg(long, conflicts_with = "filter")]
    mutate: bool,
    /// Fail if the score, the percentage of the changes that the cases detect, is lower
    #[arg(long, value_name = "PERCENT", default_value_t = 90.0, requires = "mutate")]
    min_score: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TestFormat {
    /// Readable text
    Text,
    /// One JSON document
    Json,
    /// JUnit XML
    Junit,
}

/// The outcome of one case.
#[derive(Debug)]
pub(crate) struct CaseOutcome {
    policy: String,
    file: String,
    line: usize,
    name: String,
    /// The differences from the expected result; empty if the case passed.
    pub(crate) differences: Vec<CaseDifference>,
}

/// The diagnostic code of a policy without the required cases.
pub(crate) const UNTESTED_CODE: &str = "untested";

pub(crate) fn run(command: &TestArguments) -> Result<ExitStatus, CommandError> {
    let library = PolicyLibrary::read_files(&command.paths)?;
    let set = library.load_policies()?;
    let (mut outcomes, problems) = run_all_cases(&library, &set);
    if let Some(text) = &command.filter {
        outcomes.retain(|outcome| outcome.policy.contains(text) || outcome.name.contains(text));
        if outcomes.is_empty() {
            let message = format!("--filter `{text}` matches no policy and no case");
            return Err(CommandError::Usage(message));
        }
    }
    print_diagnostics(&problems, &library.file_texts());
    let failed = outcomes.iter().any(|outcome| !outcome.differences.is_empty());
    if command.mutate && command.format == TestFormat::Junit {
        let why = "the JUnit format does not support --mutate; use --format json";
        return Err(CommandError::Usage(why.to_owned()));
    }
    if command.mutate && !failed && problems.is_empty() {
        return mutation::run(command, &library, &set, &outcomes);
    }
    let report = match command.format {
        TestFormat::Text => report::render_text(&outcomes, set.policies().len()),
        TestFormat::Json => report::render_json(&outcomes),
        TestFormat::Junit => report::render_junit(&outcomes),
    };
    print_stdout(&report)?;
    Ok(if failed || !problems.is_empty() { ExitStatus::Findings } else { ExitStatus::Success })
}

/// Runs all cases. Returns their outcomes, and the problems of policies and test files.
pub(crate) fn run_all_cases(
    library: &PolicyLibrary,
    set: &PolicySet,
) -> (Vec<CaseOutcome>, Vec<Diagnostic>) {
    let (mut outcomes, mut problems) = (Vec::new(), Vec::new());
    for policy in set.policies() {
        match run_policy_cases(library, policy, &mut problems) {
            Ok(of_policy) => outcomes.extend(of_policy),
            Err(diagnostics) => problems.extend(diagnostics),
        }
    }
    problems.extend(find_orphaned_tests(library, set));
    (outcomes, problems)
}

/// Runs the cases of one policy. Missing kinds of cases are added to `problems`.
///
/// # Errors
/// The diagnostics of a missing or invalid test file.
fn run_policy_cases(
    library: &PolicyLibrary,
    policy: &Policy,
    problems: &mut Vec<Diagnostic>,
) -> Result<Vec<CaseOutcome>, Vec<Diagnostic>> {
    let lacks = |message: String| Diagnostic::new_error(UNTESTED_CODE, &policy.file, 0..0, message);
    let Some(test) = library.find_test_file(&policy.file) else {
        let message = format!("`{}` has no cases; write them to {0}.test.yaml", policy.id);
        return Err(vec![lacks(message)]);
    };
    let cases = read_cases(&test.name, &test.text, policy)?;
    for needed in [ComplianceStatus::NonCompliant, ComplianceStatus::Compliant] {
        if !cases.iter().any(|case| case.expect == needed) {
            problems.push(lacks(format!("`{}` has no case that is {needed}", policy.id)));
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

/// Returns an error for each test file without a policy.
fn find_orphaned_tests(library: &PolicyLibrary, set: &PolicySet) -> Vec<Diagnostic> {
    let owned = |name: &str| {
        let policy = name.strip_suffix(".test.yaml").unwrap_or(name);
        set.policies().iter().any(|p| p.file.strip_suffix(".cel") == Some(policy))
    };
    let orphaned = library.tests.iter().filter(|test| !owned(&test.name));
    let message = || "there is no policy for this test file".to_owned();
    orphaned.map(|test| Diagnostic::new_error("orphan", &test.name, 0..0, message())).collect()
}
