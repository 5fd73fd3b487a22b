//! `evenkeel status`: lists remediations and their outcomes from the ledger.

use clap::Args;
use evenkeel_client::clock::current_millis;
use evenkeel_ledger::Ledger;
use evenkeel_remediators::{KillSwitch, OutcomeSummary, PlanJournal, RemediationIntent};

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::ledger::ledger_read_error;
use crate::common::runtime::run_async;
use crate::common::terminal::{
    DIM, GREEN, RED, YELLOW, escape_terminal, format_count, print_stderr, print_stdout, style_text,
};
use crate::finding::session::{LedgerArgument, render_plan_record, retryable_error};

/// List remediations and their outcomes
///
/// The command reads the ledger only, not the resources in AWS. The text output also lists open
/// attempts, kill switches, and the number of attempts and failures of the present day (UTC).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel status
  evenkeel status --pending --ledger s3://audit-ledger
  evenkeel status --ledger s3://audit-ledger --json

Exit codes:
  0  the outcomes were printed
  2  invalid usage
  3  the ledger could not be read")]
pub(crate) struct StatusArguments {
    /// Print one JSON object per line for each outcome
    #[arg(long)]
    json: bool,
    /// List only the plans that wait: for a decision, for a waiting time or for a maintenance window
    #[arg(long)]
    pending: bool,
    #[command(flatten)]
    ledger_argument: LedgerArgument,
}

pub(crate) fn run(command: &StatusArguments) -> Result<ExitStatus, CommandError> {
    run_async(async {
        let ledger = command.ledger_argument.open_ledger().await?;
        if command.pending {
            return print_pending(ledger, command.json).await;
        }
        let outcomes = ledger.list_keys("outcomes").await.map_err(ledger_read_error)?;
        let mut activities = Vec::new();
        for key in &outcomes {
            let record = ledger.read_record(key).await.map_err(ledger_read_error)?;
            let activity = OutcomeSummary::from_record(&record).map_err(|error| {
                CommandError::io_error(format!("cannot read {key}"))(error.into())
            })?;
            activities.push(activity);
        }
        activities.sort_by(|a, b| (a.time, &a.finding).cmp(&(b.time, &b.finding)));
        for activity in &activities {
            print_stdout(&if command.json {
                let json = serde_json::to_string(activity).unwrap_or_default();
                format!("{}\n", evenkeel_rules::escape_json(json))
            } else {
                render_activity(activity)
            })?;
        }
        if !command.json {
            print_totals(&ledger, &outcomes).await?;
        }
        Ok(ExitStatus::Success)
    })
}

/// Prints the plans that wait, the oldest first.
async fn print_pending(ledger: Ledger, json: bool) -> Result<ExitStatus, CommandError> {
    let now = current_millis();
    let (plans, unreadable) =
        PlanJournal::new(ledger).list_waiting(now).await.map_err(retryable_error)?;
    let plans: Vec<_> = plans.into_iter().filter(|plan| now < plan.expires_at).collect();
    for plan in &plans {
        print_stdout(&if json {
            let json = serde_json::to_string(plan).unwrap_or_default();
            format!("{}\n", evenkeel_rules::escape_json(json))
        } else {
            format!("{}\n", render_plan_record(plan))
        })?;
    }
    if !json {
        let count = format_count(plans.len(), "plan waits", "plans wait");
        let help = "run `evenkeel approve FINDING` or `evenkeel reject FINDING`";
        let help = if plans.is_empty() { String::new() } else { format!("; {help}") };
        print_stdout(&format!("{count}{help}\n"))?;
    }
    for key in &unreadable {
        print_stderr(&format!("a plan cannot be read: {}\n", escape_terminal(key)));
    }
    Ok(if unreadable.is_empty() { ExitStatus::Success } else { ExitStatus::InputError })
}

/// Prints the open attempts, the totals of the present day (UTC), and the kill switches.
async fn print_totals(ledger: &Ledger, outcomes: &[String]) -> Result<(), CommandError> {
    let list = async |prefix: &str| ledger.list_keys(prefix).await.map_err(ledger_read_error);
    let intents = list("intents").await?;
    let is_open = |intent: &&String| {
        let outcome = intent.replacen("intents/", "outcomes/", 1);
        !outcomes.contains(&outcome)
    };
    let open: Vec<&String> = intents.iter().filter(is_open).collect();
    for key in &open {
        print_stdout(&render_open_attempt(
            key,
            &ledger.read_record(key).await.map_err(ledger_read_error)?,
        ))?;
    }
    let day = current_millis().div_euclid(86_400_000);
    let spent = list(&format!("budgets/{day}")).await?;
    let spent = spent.iter().filter(|key| key.contains("/all/")).count();
    let failures = list(&format!("failures/{day}")).await?.len();
    print_stdout(&format!(
        "{}, {} open, {} today, {} today\n",
        format_count(outcomes.len(), "outcome", "outcomes"),
        open.len(),
        format_count(spent, "attempt", "attempts"),
        format_count(failures, "failure", "failures")
    ))?;
    for switch in list("control").await? {
        let what = if KillSwitch::is_switch_key(&switch) {
            style_text(YELLOW, "kill switch")
        } else {
            style_text(RED, "not a kill switch, ignored:")
        };
        print_stdout(&format!("{what} {}\n", escape_terminal(&switch)))?;
    }
    Ok(())
}

/// Renders an open attempt: an attempt that has no outcome yet.
fn render_open_attempt(key: &str, record: &[u8]) -> String {
    let open = style_text(YELLOW, "open");
    match serde_json::from_slice::<RemediationIntent>(record) {
        Ok(RemediationIntent { finding, remediator, .. }) => {
            format!(
                "{open} attempt of {} for finding {finding}: run `evenkeel apply` or \
                 `evenkeel undo`\n",
                escape_terminal(&remediator)
            )
        }
        Err(_) => format!("{open} attempt with an unreadable record: {}\n", escape_terminal(key)),
    }
}

/// Renders one outcome.
fn render_activity(activity: &OutcomeSummary) -> String {
    let style = match activity.status.as_str() {
        "Success" => GREEN,
        "Failure" => RED,
        _ => YELLOW,
    };
    let attempt = activity.attempt.map(|number| format!(" attempt {number}")).unwrap_or_default();
    format!(
        "{} {}  {}  {} {}{attempt}\n    {}\n    {}\n",
        activity.formatted_time(),
        style_text(style, &escape_terminal(&activity.status)),
        escape_terminal(&activity.policy),
        escape_terminal(&activity.account),
        escape_terminal(&activity.resource),
        escape_terminal(&activity.detail),
        style_text(DIM, &format!("finding {}", activity.finding)),
    )
}
