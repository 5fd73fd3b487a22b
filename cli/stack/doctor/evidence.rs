//! The ledger: found, readable and listable; and what stops repairs.

use evenkeel_ledger::{Ledger, LedgerError};
use evenkeel_remediators::KILL_SWITCH;

use super::aws::Stack;
use super::check::Report;
use super::functions::Function;

/// The ledger, if it can be read; with its kill switches.
pub(super) async fn open(
    stack: &Stack,
    given: Option<&str>,
    evaluate: Option<&Function>,
    report: &mut Report,
) -> Option<Ledger> {
    let named = evaluate.and_then(|evaluate| evaluate.setting("EVENKEEL_LEDGER"));
    let mut about = report.about("ledger");
    let Some(place) = given.or(named) else {
        about.fail("nothing names it", "give --ledger, or set EVENKEEL_LEDGER of the functions");
        return None;
    };
    let Some((bucket, prefix)) = Ledger::bucket_of(place) else {
        let why = format!("{place} is a folder, which goes when the function does");
        about.fail(why, "set EVENKEEL_LEDGER to s3://BUCKET/PREFIX");
        return None;
    };
    let opened = match Ledger::s3(&stack.config, bucket, prefix) {
        Ok(opened) => opened,
        Err(error) => {
            about.fail(error.to_string(), "look at the credentials and the Region");
            return None;
        }
    };
    let listed = opened.list("control").await;
    let read = opened.find(evenkeel_rules::bundle::MANIFEST).await;
    for (error, action) in
        [(listed.as_ref().err(), "s3:ListBucket"), (read.as_ref().err(), "s3:GetObject")]
    {
        if let Some(error) = error {
            about.fail(format!("{place}: {}", refusal(error)), format!("allow {action} on it"));
        }
    }
    about.end(format!("{place} can be read and listed"));
    let (Ok(switches), Ok(_)) = (listed, read) else { return None };
    stopped(&switches, report);
    Some(opened)
}

/// What the store says, without what a reader of the ledger need not know.
fn refusal(error: &LedgerError) -> String {
    match error {
        LedgerError::Store { error, .. } => error.to_string(),
        other => other.to_string(),
    }
}

/// The kill switches that are on.
fn stopped(switches: &[String], report: &mut Report) {
    let mut about = report.about("kill switch");
    for switch in switches {
        let what = switch.strip_prefix(KILL_SWITCH).unwrap_or(switch);
        let whom = match what.strip_prefix('-') {
            Some(whom) => whom.replace('/', " "),
            None => "everything".to_owned(),
        };
        let todo = format!("delete {switch} from the ledger once repairs may go on");
        about.warn(format!("on for {whom}: nothing is repaired"), todo);
    }
    about.end("off");
}
