//! Sends a canary event to the bus, and finds the records that the functions write for the canary.
//!
//! A hop is the arrival of the canary at one function.

use std::collections::BTreeMap;
use std::process::id;
use std::time::Duration;

use evenkeel_client::ServiceClient;
use evenkeel_client::clock::current_millis;
use evenkeel_ledger::{CANARY_SOURCE, CANARY_TYPE, CanaryHop, CanaryId, Ledger, LedgerError};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::check_report::DoctorReport;
use super::stack_access::DeployedStack;
use crate::common::exit::CommandError;

/// The time between two reads of the ledger.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The difference between the local clock and the clock of S3 that causes a warning, in
/// milliseconds.
const MAX_CLOCK_SKEW: i64 = 5_000;

/// The resolution of the times that S3 returns, in milliseconds: the real time of a write can be
/// later than the returned time by this value.
const S3_TIME_RESOLUTION: i64 = 1_000;

/// The response of `PutEvents`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    failed_entry_count: u32,
    entries: Vec<PutEntry>,
}

/// The result of one entry of `PutEvents`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PutEntry {
    error_code: String,
    error_message: String,
}

/// The observed hops of a canary.
struct CanaryTrace {
    canary: CanaryId,
    /// The time of the call of `PutEvents` by the local clock, in milliseconds since 1970.
    sent_at: i64,
    /// The hops by the keys of their records. The number is the local time at which this program
    /// first read the record, in milliseconds since 1970.
    hops: BTreeMap<String, (CanaryHop, i64)>,
}

/// An error that ends the observation of a canary.
#[derive(Debug, thiserror::Error)]
enum CanaryTraceError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A record with a key of a canary is invalid.
    #[error("{key} is not a record of a canary: {error}")]
    Record {
        /// The key of the record.
        key: String,
        /// The cause.
        error: serde_json::Error,
    },
}

/// Sends a canary, and reports which functions it reaches within `patience`.
///
/// # Errors
/// [`CommandError`] if the output cannot be written.
pub(super) async fn trace_canary(
    stack: &DeployedStack,
    ledger: &Ledger,
    families: &[&str],
    patience: Duration,
    report: &mut DoctorReport,
) -> Result<(), CommandError> {
    let sent_at = current_millis();
    let canary = CanaryId::new(Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("{sent_at} {} {:?}", id(), Instant::now()).as_bytes(),
    ));
    if !send_canary(stack, canary, report).await {
        return Ok(());
    }
    report.print_pending()?;
    let mut trace = CanaryTrace { canary, sent_at, hops: BTreeMap::new() };
    let awaited = families.len().saturating_add(1);
    // After a timeout, the report contains the hops that arrived before the timeout.
    if let Ok(Err(why)) = timeout(patience, trace.await_hops(ledger, awaited)).await {
        report
            .begin_check("canary")
            .add_failure(why.to_string(), "allow s3:GetObject and s3:ListBucket for canary/");
    }
    trace.report_hops(stack, families, patience, report);
    trace.check_clock(ledger, report).await;
    Ok(())
}

/// Sends the canary to the bus. Returns whether the bus accepted it.
///
/// Source: Amazon EventBridge API Reference, `PutEvents`: an entry can fail in a successful
/// response.
async fn send_canary(stack: &DeployedStack, canary: CanaryId, report: &mut DoctorReport) -> bool {
    let mut check = report.begin_check("canary put");
    let entry = json!({
        "EventBusName": stack.name,
        "Source": CANARY_SOURCE,
        "DetailType": CANARY_TYPE,
        "Detail": json!({"canary": canary.as_uuid()}).to_string(),
    });
    let put = ServiceClient::events(&stack.config);
    let response: PutEvents = match put.call_json("PutEvents", &json!({"Entries": [entry]})).await {
        Ok(response) => response,
        Err(error) => {
            check.add_call_failure(&error, "events:PutEvents");
            return false;
        }
    };
    if response.failed_entry_count > 0 {
        let entry = response.entries.into_iter().next().unwrap_or_default();
        let why = format!("{} {}", entry.error_code, entry.error_message);
        check.add_failure(
            format!("the bus {} rejected the canary: {why}", stack.name),
            "check the resource policy of the bus",
        );
        return false;
    }
    check.finish_check(format!("{} on {}", canary.as_uuid(), stack.name));
    true
}

impl CanaryTrace {
    /// Reads the records of the canary until `awaited` records exist.
    ///
    /// # Errors
    /// [`CanaryTraceError`] if the ledger cannot be read, or a record is invalid.
    async fn await_hops(
        &mut self,
        ledger: &Ledger,
        awaited: usize,
    ) -> Result<(), CanaryTraceError> {
        loop {
            for key in ledger.list_keys(&self.canary.key_prefix()).await? {
                if self.hops.contains_key(&key) {
                    continue;
                }
                let record = ledger.read_record(&key).await?;
                match serde_json::from_slice(&record) {
                    Ok(hop) => self.hops.insert(key, (hop, current_millis())),
                    Err(error) => return Err(CanaryTraceError::Record { key, error }),
                };
            }
            if self.hops.len() >= awaited {
                return Ok(());
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Reports the time of each hop, or the first missing hop.
    fn report_hops(
        &self,
        stack: &DeployedStack,
        families: &[&str],
        patience: Duration,
        report: &mut DoctorReport,
    ) {
        let late = format!("not received within {} s", patience.as_secs());
        let mut check = report.begin_check("canary evaluate");
        let Some((evaluate, _)) = self.hops.get(&self.canary.evaluation_key()) else {
            let (bus, changes) = (&stack.name, stack.part_name("changes"));
            let function = stack.part_name("evaluate");
            let todo = format!(
                "check the rule on the bus {bus} for {CANARY_SOURCE}, the queue {changes} with its \
                 policy, and the log of {function}"
            );
            return check.add_failure(late, todo);
        };
        let took = evaluate.taken.saturating_sub(self.sent_at).max(0);
        let bundle: String =
            evaluate.bundle.iter().flat_map(|text| text.chars().take(12)).collect();
        check.finish_with_latency(format!("received after {took} ms, bundle {bundle}"), took);
        for family in families {
            let mut check = report.begin_check(format!("canary remediate-{family}"));
            let Some((hop, _)) = self.hops.get(&self.canary.remediation_key(family)) else {
                let name = stack.part_name(&format!("remediate-{family}"));
                let todo = format!(
                    "check the subscription of {name} to the topic with its filter policy, the \
                     queue {name} with its policy, and the log of {name}"
                );
                check.add_failure(&late, todo);
                continue;
            };
            let took = hop.taken.saturating_sub(evaluate.taken).max(0);
            check.finish_with_latency(format!("received {took} ms after evaluate"), took);
        }
    }

    /// Compares the local clock with the clock of S3.
    ///
    /// The evaluate function writes its record after the call of `PutEvents`, and before this
    /// program reads the record. The time of the write by the clock of S3 must be between these two
    /// local times.
    async fn check_clock(&self, ledger: &Ledger, report: &mut DoctorReport) {
        let key = self.canary.evaluation_key();
        let Some((_, seen)) = self.hops.get(&key) else { return };
        let mut check = report.begin_check("clock");
        let written = match ledger.written_at(&key).await {
            Ok(written) => written,
            Err(error) => {
                return check.add_warning(error.to_string(), "allow s3:GetObject for canary/");
            }
        };
        let ahead = self.sent_at.saturating_sub(written.saturating_add(S3_TIME_RESOLUTION)).max(0);
        let behind = written.saturating_sub(*seen).max(0);
        if ahead.max(behind) >= MAX_CLOCK_SKEW {
            let (by, how) = if ahead > behind { (ahead, "ahead") } else { (behind, "behind") };
            let why = format!("the local clock is at least {by} ms {how} of the clock of S3");
            let todo = "correct the local clock: approvals expire by this clock, and AWS rejects \
                        requests with a wrong time";
            check.add_warning(why, todo);
        }
        check.finish_check("agrees with the clock of S3");
    }
}
