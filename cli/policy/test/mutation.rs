//! `evenkeel test --mutate`: finds changes of policies that no case detects.

use super::{CaseOutcome, TestArguments, TestFormat, report};
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{
    BOLD, DIM, GREEN, RED, YELLOW, compute_percent, escape_terminal, format_count, print_stdout,
    style_text,
};
use evenkeel_authoring::mutation::{MutationScore, score_cases};
use evenkeel_engine::on_large_stack;
use evenkeel_rules::policy::{Policy, PolicySet};
use evenkeel_rules::{Diagnostic, line_and_column, read_cases};
use serde_json::{Value, json};

/// A change of a policy that no case detects.
struct SurvivingMutant {
    policy: String,
    file: String,
    line: usize,
    column: usize,
    change: String,
}

/// Measures how many changes of the policies the cases detect, and prints the outcomes of the cases
/// and the undetected changes.
pub(super) fn run(
    command: &TestArguments,
    library: &PolicyLibrary,
    set: &PolicySet,
    outcomes: &[CaseOutcome],
) -> Result<ExitStatus, CommandError> {
    let (mut tried, mut survivors) = (0_usize, Vec::new());
    for policy in set.policies() {
        let score = score_policy_cases(library, set, policy)?;
        tried = tried.saturating_add(score.tried_count);
        survivors.extend(score.survivors.into_iter().map(|mutant| {
            let (line, column) = line_and_column(policy.file_text(), mutant.span.start);
            let (policy, file) = (policy.id.clone(), policy.file.clone());
            SurvivingMutant { policy, file, line, column, change: mutant.description }
        }));
    }
    let percent = compute_percent(tried.saturating_sub(survivors.len()), tried);
    let enough = percent >= command.min_score;
    print_stdout(&match command.format {
        TestFormat::Json => render_json(outcomes, &survivors, tried, percent),
        TestFormat::Text | TestFormat::Junit => {
            report::render_text(outcomes, set.policies().len())
                + &render_survivors(&survivors, tried, percent, enough)
        }
    })?;
    Ok(if enough { ExitStatus::Success } else { ExitStatus::Findings })
}

/// Measures how many changes of one policy its cases detect.
///
/// # Errors
/// [`CommandError::Invalid`] if the policy cannot be changed, or an evaluation panics.
fn score_policy_cases(
    library: &PolicyLibrary,
    set: &PolicySet,
    policy: &Policy,
) -> Result<MutationScore, CommandError> {
    let stopped =
        |wrong: Diagnostic| CommandError::Invalid(format!("{}: {}", wrong.file, wrong.message));
    let Some((file, test)) =
        library.find_policy_file(&policy.file).zip(library.find_test_file(&policy.file))
    else {
        return Ok(MutationScore::default());
    };
    let cases = read_cases(&test.name, &test.text, policy).unwrap_or_default();
    on_large_stack(|| score_cases(file, set.organization_functions(), &cases))
        .map_err(|failure| CommandError::Invalid(failure.full_message()))?
        .map_err(stopped)
}

/// Renders the undetected changes, and the share of the detected ones.
fn render_survivors(
    survivors: &[SurvivingMutant],
    tried: usize,
    percent: f64,
    enough: bool,
) -> String {
    let mut out = String::new();
    for one in survivors {
        let place = format!("{}:{}:{}", escape_terminal(&one.file), one.line, one.column);
        let what = one.change.split_whitespace().collect::<Vec<_>>().join(" ");
        out += &format!(
            "{} {}: {} changes no result; add a case in which it matters\n",
            style_text(YELLOW, "SURVIVED"),
            style_text(DIM, &place),
            escape_terminal(&what)
        );
    }
    let style = if enough { GREEN } else { RED };
    let detected = tried.saturating_sub(survivors.len());
    out += &format!(
        "{}: {}\n",
        style_text(BOLD, &format_count(tried, "change", "changes")),
        style_text(style, &format!("{detected} detected by the cases ({percent:.1} %)"))
    );
    out
}

/// Renders the outcomes of the cases and the undetected changes as one JSON document.
fn render_json(
    outcomes: &[CaseOutcome],
    survivors: &[SurvivingMutant],
    tried: usize,
    percent: f64,
) -> String {
    let one = |one: &SurvivingMutant| -> Value {
        json!({
            "policy": one.policy,
            "file": one.file,
            "line": one.line,
            "column": one.column,
            "change": one.change,
        })
    };
    let survivors: Vec<Value> = survivors.iter().map(one).collect();
    report::render_json_with_mutants(
        outcomes,
        Some(json!({"tried": tried, "percent": percent, "alive": survivors})),
    )
}
