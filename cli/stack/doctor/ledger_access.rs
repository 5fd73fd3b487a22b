//! The ledger: found, readable and listable; and what stops repairs.

use evenkeel_ledger::{Ledger, LedgerError};
use evenkeel_remediators::KILL_SWITCH;

use super::check_report::DoctorReport;
use super::functions::DeployedFunction;
use super::stack_access::DeployedStack;

/// The ledger, if it can be read; with its kill switches.
pub(super) async fn check_ledger(
    stack: &DeployedStack,
    given: Option<&str>,
    evaluate: Option<&DeployedFunction>,
    report: &mut DoctorReport,
) -> Option<Ledger> {
    let named = evaluate.and_then(|evaluate| evaluate.setting_value("EVENKEEL_LEDGER"));
    let mut about = report.begin_check("ledger");
    let Some(place) = given.or(named) else {
        about.add_failure(
            "nothing names it",
            "give --ledger, or set EVENKEEL_LEDGER of the functions",
        );
        return None;
    };
    let Some((bucket, prefix)) = Ledger::parse_bucket_location(place) else {
        let why = format!("{place} is a folder, which goes when the function does");
        about.add_failure(why, "set EVENKEEL_LEDGER to s3://BUCKET/PREFIX");
        return None;
    };
    let opened = match Ledger::open_bucket(&stack.config, bucket, prefix) {
        Ok(opened) => opened,
        Err(error) => {
            about.add_failure(error.to_string(), "look at the credentials and the Region");
            return None;
        }
    };
    let listed = opened.list_keys("control").await;
    let read = opened.find_record(evenkeel_rules::bundle::MANIFEST).await;
    for (error, action) in
        [(listed.as_ref().err(), "s3:ListBucket"), (read.as_ref().err(), "s3:GetObject")]
    {
        if let Some(error) = error {
            about.add_failure(
                format!("{place}: {}", describe_ledger_error(error)),
                format!("allow {action} on it"),
            );
        }
    }
    about.finish_check(format!("{place} can be read and listed"));
    let (Ok(switches), Ok(_)) = (listed, read) else { return None };
    check_kill_switches(&switches, report);
    Some(opened)
}

/// What the store says, without what a reader of the ledger need not know.
fn describe_ledger_error(error: &LedgerError) -> String {
    match error {
        LedgerError::Store { error, .. } => error.to_string(),
        other => other.to_string(),
    }
}

/// The kill switches that are on.
fn check_kill_switches(switches: &[String], report: &mut DoctorReport) {
    let mut about = report.begin_check("kill switch");
    for switch in switches {
        let what = switch.strip_prefix(KILL_SWITCH).unwrap_or(switch);
        let whom = match what.strip_prefix('-') {
            Some(whom) => whom.replace('/', " "),
            None => "everything".to_owned(),
        };
        let todo = format!("delete {switch} from the ledger once repairs may go on");
        about.add_warning(format!("on for {whom}: nothing is repaired"), todo);
    }
    about.finish_check("off");
}
