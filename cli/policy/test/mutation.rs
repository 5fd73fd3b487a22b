//! `evenkeel test --mutate`: the changes of policies that no case notices.

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

/// A change that no case noticed.
struct SurvivingMutant {
    policy: String,
    file: String,
    line: usize,
    column: usize,
    change: String,
}

pub(super) fn run(
    command: &TestArguments,
    library: &PolicyLibrary,
    set: &PolicySet,
    outcomes: &[CaseOutcome],
) -> Result<ExitStatus, CommandError> {
    let (mut tried, mut alive) = (0_usize, Vec::new());
    for policy in set.policies() {
        let score = score_policy_cases(library, set, policy)?;
        tried = tried.saturating_add(score.tried_count);
        alive.extend(score.survivors.into_iter().map(|mutant| {
            let (line, column) = line_and_column(policy.file_text(), mutant.span.start);
            let (policy, file) = (policy.id.clone(), policy.file.clone());
            SurvivingMutant { policy, file, line, column, change: mutant.description }
        }));
    }
    let noticed = compute_percent(tried.saturating_sub(alive.len()), tried);
    let enough = noticed >= command.min_score;
    print_stdout(&match command.format {
        TestFormat::Json => render_json(outcomes, &alive, tried, noticed),
        TestFormat::Text | TestFormat::Junit => {
            report::render_text(outcomes, set.policies().len())
                + &render_survivors(&alive, tried, noticed, enough)
        }
    })?;
    Ok(if enough { ExitStatus::Success } else { ExitStatus::Findings })
}

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

fn render_survivors(alive: &[SurvivingMutant], tried: usize, percent: f64, enough: bool) -> String {
    let mut out = String::new();
    for one in alive {
        let place = format!("{}:{}:{}", escape_terminal(&one.file), one.line, one.column);
        let what = one.change.split_whitespace().collect::<Vec<_>>().join(" ");
        out += &format!(
            "{} {} {}\n",
            style_text(YELLOW, "LIVES"),
            escape_terminal(&what),
            style_text(DIM, &place)
        );
    }
    let style = if enough { GREEN } else { RED };
    let noticed = tried.saturating_sub(alive.len());
    out += &format!(
        "{}: {}\n",
        style_text(BOLD, &format_count(tried, "change", "changes")),
        style_text(style, &format!("{noticed} noticed by the cases ({percent:.1} %)"))
    );
    out
}

fn render_json(
    outcomes: &[CaseOutcome],
    alive: &[SurvivingMutant],
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
    let alive: Vec<Value> = alive.iter().map(one).collect();
    report::render_json_with_mutants(
        outcomes,
        Some(json!({"tried": tried, "percent": percent, "alive": alive})),
    )
}
