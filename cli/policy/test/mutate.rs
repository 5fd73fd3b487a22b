//! `evenkeel test --mutate`: the changes of policies that no case notices.

use super::{Format, Outcome, Test, report};
use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::terminal::{BOLD, DIM, GREEN, RED, YELLOW, count, paint, percent, print, safe};
use evenkeel_authoring::mutation::{Score, score};
use evenkeel_engine::on_large_stack;
use evenkeel_rules::policy::{Policy, PolicySet};
use evenkeel_rules::{Diagnostic, line_and_column, read_cases};
use serde_json::{Value, json};

/// A change that no case noticed.
struct Alive {
    policy: String,
    file: String,
    line: usize,
    column: usize,
    what: String,
}

pub(super) fn run(
    command: &Test,
    library: &Library,
    set: &PolicySet,
    outcomes: &[Outcome],
) -> Result<Exit, Stopped> {
    let (mut tried, mut alive) = (0_usize, Vec::new());
    for policy in set.policies() {
        let score = of_policy(library, set, policy)?;
        tried = tried.saturating_add(score.tried);
        alive.extend(score.alive.into_iter().map(|mutant| {
            let (line, column) = line_and_column(policy.text(), mutant.span.start);
            let (policy, file) = (policy.id.clone(), policy.file.clone());
            Alive { policy, file, line, column, what: mutant.what }
        }));
    }
    let noticed = percent(tried.saturating_sub(alive.len()), tried);
    let enough = noticed >= command.min_score;
    print(&match command.format {
        Format::Json => json(outcomes, &alive, tried, noticed),
        Format::Text | Format::Junit => {
            report::text(outcomes, set.policies().len()) + &text(&alive, tried, noticed, enough)
        }
    })?;
    Ok(if enough { Exit::Well } else { Exit::Found })
}

fn of_policy(library: &Library, set: &PolicySet, policy: &Policy) -> Result<Score, Stopped> {
    let stopped = |wrong: Diagnostic| Stopped::Wrong(format!("{}: {}", wrong.file, wrong.message));
    let Some((file, test)) = library.policy_of(&policy.file).zip(library.test_of(&policy.file))
    else {
        return Ok(Score::default());
    };
    let cases = read_cases(&test.name, &test.text, policy).unwrap_or_default();
    on_large_stack(|| score(file, set.functions(), &cases))
        .map_err(|failure| Stopped::Wrong(failure.explain()))?
        .map_err(stopped)
}

fn text(alive: &[Alive], tried: usize, percent: f64, enough: bool) -> String {
    let mut out = String::new();
    for one in alive {
        let place = format!("{}:{}:{}", safe(&one.file), one.line, one.column);
        let what = one.what.split_whitespace().collect::<Vec<_>>().join(" ");
        out += &format!("{} {} {}\n", paint(YELLOW, "LIVES"), safe(&what), paint(DIM, &place));
    }
    let style = if enough { GREEN } else { RED };
    let noticed = tried.saturating_sub(alive.len());
    out += &format!(
        "{}: {}\n",
        paint(BOLD, &count(tried, "change", "changes")),
        paint(style, &format!("{noticed} noticed by the cases ({percent:.1} %)"))
    );
    out
}

fn json(outcomes: &[Outcome], alive: &[Alive], tried: usize, percent: f64) -> String {
    let one = |one: &Alive| -> Value {
        json!({
            "policy": one.policy,
            "file": one.file,
            "line": one.line,
            "column": one.column,
            "change": one.what,
        })
    };
    let alive: Vec<Value> = alive.iter().map(one).collect();
    report::document(outcomes, Some(json!({"tried": tried, "percent": percent, "alive": alive})))
}
