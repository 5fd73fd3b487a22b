//! `evenkeel status`: what was done, and how it ended, from the ledger alone.

use clap::Args;
use evenkeel_remediators::Activity;

use crate::exit::{Exit, Stopped};
use crate::output::{DIM, GREEN, RED, YELLOW, count, paint, print, safe};
use crate::remedy::{Desk, awaited, now, unreadable};

/// Show what was done about findings, and how it ended
///
/// From the ledger alone: AWS is not asked. With open attempts, kill switches and what was spent today.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel status
  evenkeel status --ledger s3://audit-ledger --json")]
pub(crate) struct Status {
    /// As JSON, a line for each
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    desk: Desk,
}

pub(crate) fn run(command: &Status) -> Result<Exit, Stopped> {
    awaited(async {
        let ledger = command.desk.ledger()?;
        let mut activities = Vec::new();
        for key in ledger.list("outcomes").await.map_err(unreadable)? {
            let record = ledger.read(&key).await.map_err(unreadable)?;
            let activity = Activity::read(&record)
                .map_err(|error| Stopped::io(format!("cannot read {key}"))(error.into()))?;
            activities.push(activity);
        }
        activities.sort_by(|a, b| (a.time, &a.finding).cmp(&(b.time, &b.finding)));
        if command.json {
            for activity in &activities {
                let line = serde_json::to_string(activity).unwrap_or_default();
                print(&format!("{}\n", evenkeel_rules::escape_json(line)))?;
            }
            return Ok(Exit::Well);
        }
        for activity in &activities {
            print(&line(activity))?;
        }
        let day = now().div_euclid(86_400_000);
        let spent = ledger.list(&format!("budgets/{day}")).await.map_err(unreadable)?;
        let spent = spent.iter().filter(|key| key.contains("/account-")).count();
        let switches = ledger.list("control").await.map_err(unreadable)?;
        let failures = ledger.list(&format!("failures/{day}")).await.map_err(unreadable)?.len();
        print(&format!(
            "{}, {} today, {} today\n",
            count(activities.len(), "outcome", "outcomes"),
            count(spent, "attempt", "attempts"),
            count(failures, "failure", "failures")
        ))?;
        for switch in switches {
            print(&format!("{} {}\n", paint(YELLOW, "kill switch"), safe(&switch)))?;
        }
        Ok(Exit::Well)
    })
}

fn line(activity: &Activity) -> String {
    let style = match activity.status.as_str() {
        "Success" => GREEN,
        "Failure" => RED,
        _ => YELLOW,
    };
    let attempt = activity.attempt.map(|number| format!(" attempt {number}")).unwrap_or_default();
    format!(
        "{} {}  {}  {} {}{attempt}\n    {}\n    {}\n",
        activity.when(),
        paint(style, &safe(&activity.status)),
        safe(&activity.policy),
        safe(&activity.account),
        safe(&activity.resource),
        safe(&activity.detail),
        paint(DIM, &format!("finding {}", activity.finding)),
    )
}
