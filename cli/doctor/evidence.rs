//! The ledger: found, readable and listable; and what stops repairs.

use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials;
use evenkeel_ledger::{Ledger, LedgerError, s3_builder};
use evenkeel_remediators::KILL_SWITCH;

use super::aws::Stack;
use super::check::Report;
use super::functions::Function;

/// A record is small.
const PATIENCE: Duration = Duration::from_secs(5);

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
    let Some(rest) = place.strip_prefix("s3://") else {
        let why = format!("{place} is a folder, which goes when the function does");
        about.fail(why, "set EVENKEEL_LEDGER to s3://BUCKET/PREFIX");
        return None;
    };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let ledger = match reach(stack, bucket, prefix).await {
        Ok(ledger) => ledger,
        Err(why) => {
            about.fail(why, "look at the credentials and the Region");
            return None;
        }
    };
    let listed = ledger.list("control").await;
    let read = ledger.find(evenkeel_ingest::MANIFEST).await;
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
    Some(ledger)
}

/// With the credentials that AWS is asked with, which need not be the environment's.
async fn reach(stack: &Stack, bucket: &str, prefix: &str) -> Result<Ledger, String> {
    let provider = stack.config.credentials_provider().ok_or("there are no credentials")?;
    let keys = provider.provide_credentials().await.map_err(|error| error.to_string())?;
    let mut builder = s3_builder(bucket, PATIENCE)
        .with_region(&stack.region)
        .with_access_key_id(keys.access_key_id())
        .with_secret_access_key(keys.secret_access_key());
    if let Some(token) = keys.session_token() {
        builder = builder.with_token(token);
    }
    Ledger::within(builder, prefix).map_err(|error| error.to_string())
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
