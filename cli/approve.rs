//! `evenkeel approve` and `evenkeel reject`: a person's word on a plan.

use clap::Args;
use evenkeel_remediators::{Approval, Operator};

use crate::exit::{Exit, Stopped};
use crate::output::{note, print};
use crate::remedy::{Desk, agreed, awaited, now, shown, undone};

/// How long an approval holds unless something else is said, in hours.
pub(crate) const DAY: u32 = 24;

/// Say yes to what would be done about a finding
///
/// The approval holds for the plan as it is now, for so many hours, and for nothing else: if the resource changes,
/// so does the plan. It is kept in the ledger under your name, as AWS tells it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel approve 7f3ceff0
  evenkeel approve 7f3ceff0 --hours 2 --yes --ledger s3://audit-ledger")]
pub(crate) struct Approve {
    /// The finding's uid, or the beginning of it
    finding: String,
    /// How long it holds
    #[arg(long, value_name = "HOURS", default_value_t = DAY)]
    hours: u32,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    desk: Desk,
}

/// Say no to what would be done about a finding
///
/// The plan as it is now is not carried out, whoever asks. It is kept in the ledger under your name.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel reject 7f3ceff0")]
pub(crate) struct Reject {
    /// The finding's uid, or the beginning of it
    finding: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    desk: Desk,
}

pub(crate) fn approve(command: &Approve) -> Result<Exit, Stopped> {
    let Approve { finding, hours, yes, desk } = command;
    awaited(decide(desk, finding, *yes, true, *hours))
}

pub(crate) fn reject(command: &Reject) -> Result<Exit, Stopped> {
    let Reject { finding, yes, desk } = command;
    awaited(decide(desk, finding, *yes, false, DAY))
}

async fn decide(
    desk: &Desk,
    finding: &str,
    yes: bool,
    approved: bool,
    hours: u32,
) -> Result<Exit, Stopped> {
    let case = desk.open(finding).await?;
    let preview = case.drive.preview(&case.record, now()).await.map_err(undone)?;
    let Some(preview) = preview else { return Ok(Exit::Found) };
    note(&shown(&case.violation, &preview));
    let Some(plan) = preview.plan else {
        note("nothing is planned that could be decided on\n");
        return Ok(Exit::Found);
    };
    if !agreed(if approved { "Approve it?" } else { "Reject it?" }, yes)? {
        note("nothing was decided\n");
        return Ok(Exit::Found);
    }
    word(&case.operator, &plan, approved, hours).await?;
    print(&format!("plan {plan} is {}\n", if approved { "approved" } else { "rejected" }))?;
    Ok(Exit::Well)
}

/// Keeps a person's word on a plan: the latest counts.
pub(crate) async fn word(
    operator: &Operator,
    plan: &str,
    approved: bool,
    hours: u32,
) -> Result<(), Stopped> {
    let caller = operator.caller().await.map_err(|error| Stopped::Usage(error.to_string()))?;
    let expires = now().saturating_add(i64::from(hours).saturating_mul(3_600_000));
    let approval = Approval { approver: caller, expires, approved };
    approval.give(&operator.ledger, plan).await.map_err(undone)
}
