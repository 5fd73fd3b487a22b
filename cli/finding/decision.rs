//! A person's decision on a plan, which the ledger keeps.

use evenkeel_client::clock::now;
use evenkeel_remediators::{Approval, Operator};
use uuid::Uuid;

use crate::common::confirmation::agreed;
use crate::common::exit::{Exit, Stopped};
use crate::common::terminal::{note, print};
use crate::finding::case::{Case, Desk, shown, undone};

/// How long an approval holds unless something else is said, in hours.
pub(crate) const DAY: u32 = 24;

/// Shows the plan of a finding, asks, and keeps the answer for so many hours. It ends as [`Exit::Found`] where there is
/// nothing to decide on, or nobody agreed.
pub(crate) async fn decide(
    desk: &Desk,
    finding: &str,
    yes: bool,
    approved: bool,
    hours: u32,
) -> Result<(Exit, Case), Stopped> {
    let case = desk.open(finding).await?;
    let preview = case.drive.preview(&case.violation, now()).await.map_err(undone)?;
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
