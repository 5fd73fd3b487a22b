//! The canary: put on the bus, and looked for in the ledger until every function has taken it.

use std::collections::BTreeMap;
use std::process::id;
use std::time::Duration;

use evenkeel_client::Service;
use evenkeel_client::clock::now;
use evenkeel_ledger::{CANARY_SOURCE, CANARY_TYPE, Canary, Hop, Ledger, LedgerError};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::aws::Stack;
use super::check::Report;
use crate::common::exit::Stopped;

/// How often the ledger is looked at.
const PACE: Duration = Duration::from_millis(250);

/// The clocks may differ by so much before anybody minds, in milliseconds.
const SKEW: i64 = 5_000;

/// S3 tells whole seconds.
const SECOND: i64 = 1_000;

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
struct Flight {
    canary: Canary,
    /// When it was put on the bus, by our clock.
    put: i64,
    /// What was recorded, and when we saw it, by the record's key.
    seen: BTreeMap<String, (Hop, i64)>,
}

/// Why a canary's flight cannot be followed.
#[derive(Debug, thiserror::Error)]
enum FlightError {
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
pub(super) async fn fly(
    stack: &Stack,
    ledger: &Ledger,
    families: &[&str],
    patience: Duration,
    report: &mut Report,
) -> Result<(), Stopped> {
    let put = now();
    let canary = Canary::new(Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("{put} {} {:?}", id(), Instant::now()).as_bytes(),
    ));
    if !send(stack, canary, report).await {
        return Ok(());
    }
    report.tell()?;
    let mut flight = Flight { canary, put, seen: BTreeMap::new() };
    let awaited = families.len().saturating_add(1);
    // Cut off in the middle of a look at the ledger, what was seen before stands.
    if let Ok(Err(why)) = timeout(patience, flight.watch(ledger, awaited)).await {
        report.about("canary").fail(why.to_string(), "allow reading and listing of canary/");
    }
    flight.tell(stack, families, patience, report);
    flight.clock(ledger, report).await;
    Ok(())
}

/// Puts the canary on the bus; whether the bus took it.
///
/// Source: Amazon EventBridge API Reference, `PutEvents`: an entry can fail in an answer that is well.
async fn send(stack: &Stack, canary: Canary, report: &mut Report) -> bool {
    let mut about = report.about("canary put");
    let entry = json!({
        "EventBusName": stack.name,
        "Source": CANARY_SOURCE,
        "DetailType": CANARY_TYPE,
        "Detail": json!({"canary": canary.id()}).to_string(),
    });
    let put = Service::events(&stack.config);
    let told: PutEvents = match put.json("PutEvents", &json!({"Entries": [entry]})).await {
        Ok(told) => told,
        Err(error) => {
            about.refused(&error, "events:PutEvents");
            return false;
        }
    };
    if told.failed_entry_count > 0 {
        let entry = told.entries.into_iter().next().unwrap_or_default();
        let why = format!("{} {}", entry.error_code, entry.error_message);
        about.fail(format!("the bus {} refused it: {why}", stack.name), "look at the bus's policy");
        return false;
    }
    about.end(format!("{} on {}", canary.id(), stack.name));
    true
}

impl Flight {
    /// Reads what is recorded, until so many records are there.
    async fn watch(&mut self, ledger: &Ledger, awaited: usize) -> Result<(), FlightError> {
        loop {
            for key in ledger.list(&self.canary.folder()).await? {
                if self.seen.contains_key(&key) {
                    continue;
                }
                let record = ledger.read(&key).await?;
                match serde_json::from_slice(&record) {
                    Ok(hop) => self.seen.insert(key, (hop, now())),
                    Err(error) => return Err(FlightError::Record { key, error }),
                };
            }
            if self.seen.len() >= awaited {
                return Ok(());
            }
            sleep(PACE).await;
        }
    }

    /// Says hop by hop how long it took, or where it stopped.
    fn tell(&self, stack: &Stack, families: &[&str], patience: Duration, report: &mut Report) {
        let late = format!("not taken within {} s", patience.as_secs());
        let mut about = report.about("canary evaluate");
        let Some((evaluate, _)) = self.seen.get(&self.canary.evaluated()) else {
            let (bus, changes) = (&stack.name, stack.part("changes"));
            let function = stack.part("evaluate");
            return about.fail(late, format!("look at the rule on the bus {bus} for {CANARY_SOURCE}, at the queue {changes} and its policy, and at the log of {function}"));
        };
        let took = evaluate.taken.saturating_sub(self.put).max(0);
        let bundle: String =
            evaluate.bundle.iter().flat_map(|text| text.chars().take(12)).collect();
        about.took(format!("taken after {took} ms, by bundle {bundle}"), took);
        for family in families {
            let mut about = report.about(format!("canary remediate-{family}"));
            let Some((hop, _)) = self.seen.get(&self.canary.remediated(family)) else {
                let name = stack.part(&format!("remediate-{family}"));
                about.fail(&late, format!("look at the filter policy and the subscription of {name} to the topic, at its queue and its policy, and at its log"));
                continue;
            };
            let took = hop.taken.saturating_sub(evaluate.taken).max(0);
            about.took(format!("taken {took} ms after evaluate"), took);
        }
    }

    /// Compares our clock with S3's, by a record that was written between the put and our first sight of it.
    async fn clock(&self, ledger: &Ledger, report: &mut Report) {
        let key = self.canary.evaluated();
        let Some((_, seen)) = self.seen.get(&key) else { return };
        let mut about = report.about("clock");
        let written = match ledger.written_at(&key).await {
            Ok(written) => written,
            Err(error) => return about.warn(error.to_string(), "allow s3:GetObject on canary/"),
        };
        let ahead = self.put.saturating_sub(written.saturating_add(SECOND)).max(0);
        let behind = written.saturating_sub(*seen).max(0);
        if ahead.max(behind) >= SKEW {
            let (by, how) = if ahead > behind { (ahead, "ahead") } else { (behind, "behind") };
            let why = format!("this machine's is at least {by} ms {how} of S3's");
            about.warn(why, "set it: approvals expire by it, and AWS refuses old signatures");
        }
        about.end("agrees with S3's");
    }
}
