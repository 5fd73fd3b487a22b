//! Checks the ledger and its kill switches.

use evenkeel_ledger::{Ledger, LedgerError};
use evenkeel_remediators::KILL_SWITCH;

use super::check_report::DoctorReport;
use super::functions::DeployedFunction;
use super::stack_access::DeployedStack;

/// Checks that the ledger can be read and listed, and that no kill switch is on. Returns the ledger
/// if it is readable.
///
/// `requested` is the location from the command line. It takes precedence over the location in the
/// environment of the evaluate function.
pub(super) async fn check_ledger(
    stack: &DeployedStack,
    requested: Option<&str>,
    evaluate: Option<&DeployedFunction>,
    report: &mut DoctorReport,
) -> Option<Ledger> {
    let named = evaluate.and_then(|evaluate| evaluate.setting_value("EVENKEEL_LEDGER"));
    let mut check = report.begin_check("ledger");
    let Some(place) = requested.or(named) else {
        check.add_failure(
            "the location is unknown",
            "use --ledger, or set EVENKEEL_LEDGER of the functions",
        );
        return None;
    };
    let Some((bucket, prefix)) = Ledger::parse_bucket_location(place) else {
        let why = format!("{place} is a local folder of the function: its records are lost");
        check.add_failure(why, "set EVENKEEL_LEDGER to s3://BUCKET/PREFIX");
        return None;
    };
    let opened = match Ledger::open_bucket(&stack.config, bucket, prefix) {
        Ok(opened) => opened,
        Err(error) => {
            check.add_failure(error.to_string(), "check the credentials and the Region");
            return None;
        }
    };
    let listed = opened.list_keys("control").await;
    let read = opened.find_record(evenkeel_rules::bundle::MANIFEST).await;
    for (error, action) in
        [(listed.as_ref().err(), "s3:ListBucket"), (read.as_ref().err(), "s3:GetObject")]
    {
        if let Some(error) = error {
            check.add_failure(
                format!("{place}: {}", describe_ledger_error(error)),
                format!("allow {action} for this location"),
            );
        }
    }
    check.finish_check(format!("{place} can be read and listed"));
    let (Ok(switches), Ok(_)) = (listed, read) else { return None };
    check_kill_switches(&switches, report);
    Some(opened)
}

/// Describes an error of the ledger by the error of its store.
fn describe_ledger_error(error: &LedgerError) -> String {
    match error {
        LedgerError::Store { error, .. } => error.to_string(),
        other => other.to_string(),
    }
}

/// Reports the kill switches that are on.
fn check_kill_switches(switches: &[String], report: &mut DoctorReport) {
    let mut check = report.begin_check("kill switch");
    for switch in switches {
        let suffix = switch.strip_prefix(KILL_SWITCH).unwrap_or(switch);
        let scope = match suffix.strip_prefix('-') {
            Some(scope) => scope.replace('/', " "),
            None => "everything".to_owned(),
        };
        let todo = format!("delete {switch} from the ledger to allow remediation again");
        check.add_warning(format!("on for {scope}: nothing is remediated"), todo);
    }
    check.finish_check("off");
}
