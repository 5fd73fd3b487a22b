//! `evenkeel status`: what was done, and how it ended, from the ledger alone.

use clap::Args;
use evenkeel_client::clock::now;
use evenkeel_ledger::Ledger;
use evenkeel_remediators::{Activity, Intent, KillSwitch};

use crate::common::exit::{Exit, Stopped};
use crate::common::ledger::unreadable;
use crate::common::runtime::awaited;
use crate::common::terminal::{DIM, GREEN, RED, YELLOW, count, paint, print, safe};
use crate::finding::case::Desk;

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
        let ledger = command.desk.ledger().await?;
        let outcomes = ledger.list("outcomes").await.map_err(unreadable)?;
        let mut activities = Vec::new();
        for key in &outcomes {
            let record = ledger.read(key).await.map_err(unreadable)?;
            let activity = Activity::read(&record)
                .map_err(|error| Stopped::io(format!("cannot read {key}"))(error.into()))?;
            activities.push(activity);
        }
        activities.sort_by(|a, b| (a.time, &a.finding).cmp(&(b.time, &b.finding)));
        for activity in &activities {
            print(&if command.json {
                let json = serde_json::to_string(activity).unwrap_or_default();
                format!("{}\n", evenkeel_rules::escape_json(json))
            } else {
                line(activity)
            })?;
        }
        if !command.json {
            sums(&ledger, &outcomes).await?;
        }
        Ok(Exit::Well)
    })
}

/// What is open, what was spent today, and what stops all.
async fn sums(ledger: &Ledger, outcomes: &[String]) -> Result<(), Stopped> {
    let list = async |prefix: &str| ledger.list(prefix).await.map_err(unreadable);
    let intents = list("intents").await?;
    let is_open = |intent: &&String| {
        let outcome = intent.replacen("intents/", "outcomes/", 1);
        !outcomes.contains(&outcome)
    };
    let open: Vec<&String> = intents.iter().filter(is_open).collect();
    for key in &open {
        print(&open_line(key, &ledger.read(key).await.map_err(unreadable)?))?;
    }
    let day = now().div_euclid(86_400_000);
    let spent = list(&format!("budgets/{day}")).await?;
    let spent = spent.iter().filter(|key| key.contains("/all/")).count();
    let failures = list(&format!("failures/{day}")).await?.len();
    print(&format!(
        "{}, {} open, {} today, {} today\n",
        count(outcomes.len(), "outcome", "outcomes"),
        open.len(),
        count(spent, "attempt", "attempts"),
        count(failures, "failure", "failures")
    ))?;
    for switch in list("control").await? {
        let what = if KillSwitch::is_key(&switch) {
            paint(YELLOW, "kill switch")
        } else {
            paint(RED, "no kill switch, and stops nothing:")
        };
        print(&format!("{what} {}\n", safe(&switch)))?;
    }
    Ok(())
}

/// An attempt that has not ended.
fn open_line(key: &str, record: &[u8]) -> String {
    let open = paint(YELLOW, "open");
    match serde_json::from_slice::<Intent>(record) {
        Ok(Intent { finding, remediator, .. }) => {
            format!(
                "{open} attempt of {}, finding {finding}: apply it or undo it\n",
                safe(&remediator)
            )
        }
        Err(_) => format!("{open} attempt that cannot be read: {}\n", safe(key)),
    }
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
