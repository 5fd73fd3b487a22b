//! `evenkeel approve` and `evenkeel reject`: a person's word on a plan.

use clap::Args;
use evenkeel_remediators::{Approval, Operator};
use uuid::Uuid;

use crate::exit::{Exit, Stopped};
use crate::output::{note, print};
use crate::remedy::{Case, Desk, NOTHING, agreed, awaited, now, shown, undone};

/// How long an approval holds unless something else is said, in hours.
pub(crate) const DAY: u32 = 24;

/// Say yes to what would be done about a finding
///
/// The approval is for this finding and its plan as it is now, with what the plan asks: if the resource changes, so
/// does the plan. It is used once, and expires after so many hours, a week at most. It is kept in the ledger under
/// your name, as AWS tells it. Whoever violated the policy cannot give it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel approve 7f3ceff0
  evenkeel approve 7f3ceff0 --hours 2 --yes --ledger s3://audit-ledger --queue QUEUE_URL")]
pub(crate) struct Approve {
    /// The finding's uid, or the beginning of it
    finding: String,
    /// How long it holds
    #[arg(long, value_name = "HOURS", default_value_t = DAY)]
    hours: u32,
    /// The queue of the function that is to carry it out: it is sent there again
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    desk: Desk,
}

/// Say no to what would be done about a finding
///
/// The plan as it is now is not carried out for so many hours, whoever asks. It is kept in the ledger under your
/// name.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel reject 7f3ceff0
  evenkeel reject 7f3ceff0 --hours 72")]
pub(crate) struct Reject {
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

pub(crate) fn approve(command: &Approve) -> Result<Exit, Stopped> {
    let Approve { finding, hours, queue, yes, desk } = command;
    awaited(async {
        let (exit, case) = decide(desk, finding, *yes, true, *hours).await?;
        if let (Exit::Well, Some(queue)) = (exit, queue) {
            let sent = case.operator.remind(queue, &case.key).await;
            sent.map_err(|error| Stopped::Usage(error.to_string()))?;
        }
        Ok(exit)
    })
}

pub(crate) fn reject(command: &Reject) -> Result<Exit, Stopped> {
    let Reject { finding, hours, yes, desk } = command;
    awaited(async { Ok(decide(desk, finding, *yes, false, *hours).await?.0) })
}

async fn decide(
    desk: &Desk,
    finding: &str,
    yes: bool,
    approved: bool,
    hours: u32,
) -> Result<(Exit, Case), Stopped> {
    let case = desk.open(finding).await?;
    let preview = case.drive.preview(&case.record, now()).await.map_err(undone)?;
    let Some(preview) = preview else {
        note(NOTHING);
        return Ok((Exit::Found, case));
    };
    note(&shown(&case.violation, &preview));
    let Some(plan) = preview.plan else {
        note("nothing is planned that could be decided on\n");
        return Ok((Exit::Found, case));
    };
    if !agreed(if approved { "Approve it?" } else { "Reject it?" }, yes)? {
        note("nothing was decided\n");
        return Ok((Exit::Found, case));
    }
    word(&case.operator, case.violation.finding, &plan, approved, hours).await?;
    print(&format!("plan {plan} is {}\n", if approved { "approved" } else { "rejected" }))?;
    Ok((Exit::Well, case))
}

/// Keeps a person's decision on the plan of a finding: the latest counts.
pub(crate) async fn word(
    operator: &Operator,
    finding: Uuid,
    plan: &str,
    approved: bool,
    hours: u32,
) -> Result<(), Stopped> {
    let caller = operator.caller().await.map_err(|error| Stopped::Usage(error.to_string()))?;
    let expires = now().saturating_add(i64::from(hours).saturating_mul(3_600_000));
    let approval = Approval { approver: caller, expires, approved };
    approval.give(&operator.ledger, finding, plan).await.map_err(undone)
}
