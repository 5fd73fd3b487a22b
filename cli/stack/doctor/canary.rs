//! The canary: put on the bus, and looked for in the ledger until every function has taken it.

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

/// How often the ledger is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The clocks may differ by so much before anybody minds, in milliseconds.
const MAX_CLOCK_SKEW: i64 = 5_000;

/// S3 tells whole seconds.
const S3_TIME_RESOLUTION: i64 = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    failed_entry_count: u32,
    entries: Vec<PutEntry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PutEntry {
    error_code: String,
    error_message: String,
}

/// What was seen of a canary's flight.
struct CanaryTrace {
    canary: CanaryId,
    /// When it was put on the bus, by our clock.
    sent_at: i64,
    /// What was recorded, and when we saw it, by the record's key.
    hops: BTreeMap<String, (CanaryHop, i64)>,
}

/// Why a canary's flight cannot be followed.
#[derive(Debug, thiserror::Error)]
enum CanaryTraceError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What lies where a canary's records do is none.
    #[error("{key} is no record of a canary: {error}")]
    Record {
        /// The record's key.
        key: String,
        /// Why it cannot be read.
        error: serde_json::Error,
    },
}

/// Sends a canary, and says how far it came.
pub(super) async fn trace_canary(
    stack: &DeployedStack,
    ledger: &Ledger,
    families: &[&str],
    patience: Duration,
    report: &mut DoctorReport,
) -> Result<(), CommandError> {
    let put = current_millis();
    let canary = CanaryId::new(Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("{put} {} {:?}", id(), Instant::now()).as_bytes(),
    ));
    if !send_canary(stack, canary, report).await {
        return Ok(());
    }
    report.print_pending()?;
    let mut flight = CanaryTrace { canary, sent_at: put, hops: BTreeMap::new() };
    let awaited = families.len().saturating_add(1);
    // Cut off in the middle of a look at the ledger, what was seen before stands.
    if let Ok(Err(why)) = timeout(patience, flight.await_hops(ledger, awaited)).await {
        report
            .begin_check("canary")
            .add_failure(why.to_string(), "allow reading and listing of canary/");
    }
    flight.report_hops(stack, families, patience, report);
    flight.check_clock(ledger, report).await;
    Ok(())
}

/// Puts the canary on the bus; whether the bus took it.
///
/// Source: Amazon EventBridge API Reference, `PutEvents`: an entry can fail in an answer that is well.
async fn send_canary(stack: &DeployedStack, canary: CanaryId, report: &mut DoctorReport) -> bool {
    let mut about = report.begin_check("canary put");
    let entry = json!({
        "EventBusName": stack.name,
        "Source": CANARY_SOURCE,
        "DetailType": CANARY_TYPE,
        "Detail": json!({"canary": canary.as_uuid()}).to_string(),
    });
    let put = ServiceClient::events(&stack.config);
    let told: PutEvents = match put.call_json("PutEvents", &json!({"Entries": [entry]})).await {
        Ok(told) => told,
        Err(error) => {
            about.add_call_failure(&error, "events:PutEvents");
            return false;
        }
    };
    if told.failed_entry_count > 0 {
        let entry = told.entries.into_iter().next().unwrap_or_default();
        let why = format!("{} {}", entry.error_code, entry.error_message);
        about.add_failure(
            format!("the bus {} refused it: {why}", stack.name),
            "look at the bus's policy",
        );
        return false;
    }
    about.finish_check(format!("{} on {}", canary.as_uuid(), stack.name));
    true
}

impl CanaryTrace {
    /// Reads what is recorded, until so many records are there.
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

    /// Says hop by hop how long it took, or where it stopped.
    fn report_hops(
        &self,
        stack: &DeployedStack,
        families: &[&str],
        patience: Duration,
        report: &mut DoctorReport,
    ) {
        let late = format!("not taken within {} s", patience.as_secs());
        let mut about = report.begin_check("canary evaluate");
        let Some((evaluate, _)) = self.hops.get(&self.canary.evaluation_key()) else {
            let (bus, changes) = (&stack.name, stack.part_name("changes"));
            let function = stack.part_name("evaluate");
            return about.add_failure(late, format!("look at the rule on the bus {bus} for {CANARY_SOURCE}, at the queue {changes} and its policy, and at the log of {function}"));
        };
        let took = evaluate.taken.saturating_sub(self.sent_at).max(0);
        let bundle: String =
            evaluate.bundle.iter().flat_map(|text| text.chars().take(12)).collect();
        about.finish_with_latency(format!("taken after {took} ms, by bundle {bundle}"), took);
        for family in families {
            let mut about = report.begin_check(format!("canary remediate-{family}"));
            let Some((hop, _)) = self.hops.get(&self.canary.remediation_key(family)) else {
                let name = stack.part_name(&format!("remediate-{family}"));
                about.add_failure(&late, format!("look at the filter policy and the subscription of {name} to the topic, at its queue and its policy, and at its log"));
                continue;
            };
            let took = hop.taken.saturating_sub(evaluate.taken).max(0);
            about.finish_with_latency(format!("taken {took} ms after evaluate"), took);
        }
    }

    /// Compares our clock with S3's, by a record that was written between the put and our first sight of it.
    async fn check_clock(&self, ledger: &Ledger, report: &mut DoctorReport) {
        let key = self.canary.evaluation_key();
        let Some((_, seen)) = self.hops.get(&key) else { return };
        let mut about = report.begin_check("clock");
        let written = match ledger.written_at(&key).await {
            Ok(written) => written,
            Err(error) => {
                return about.add_warning(error.to_string(), "allow s3:GetObject on canary/");
            }
        };
        let ahead = self.sent_at.saturating_sub(written.saturating_add(S3_TIME_RESOLUTION)).max(0);
        let behind = written.saturating_sub(*seen).max(0);
        if ahead.max(behind) >= MAX_CLOCK_SKEW {
            let (by, how) = if ahead > behind { (ahead, "ahead") } else { (behind, "behind") };
            let why = format!("this machine's is at least {by} ms {how} of S3's");
            about
                .add_warning(why, "set it: approvals expire by it, and AWS refuses old signatures");
        }
        about.finish_check("agrees with S3's");
    }
}
