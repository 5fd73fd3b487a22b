//! A log object: read as it comes, judged beside, and recorded while the rest is still on its way.

use std::ops::ControlFlow;
use std::sync::Arc;

use evenkeel_ledger::Announce;
use evenkeel_rules::{Filter, Judge};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::spawn_blocking;

use super::taken::Taken;
use super::{Evaluator, Task, name_of};
use crate::judging::{judge_item, judge_record};
use crate::logs::Item;
use crate::logs::Progress;
use crate::logs::Reader;
use crate::outside::{ObjectBytes, Outside};
use crate::payload::LogObject;
use evenkeel_rules::bundle::Bundle;

/// What is judged is handed over in portions of so many findings: memory is bounded, whatever the object.
const PORTION: usize = 64;

/// So many portions may wait.
const WAITING: usize = 2;

impl<A: Announce, O: Outside> Evaluator<A, O> {
    /// Judges all that is in a log object.
    pub(super) async fn object(
        &self,
        object: &LogObject,
        task: &mut Task<'_>,
    ) -> Result<(), String> {
        let name = name_of(object);
        let bytes = self.outside.object(object).await.map_err(|error| error.to_string())?;
        let (send, mut receive) = channel(WAITING);
        let bundle = Arc::clone(&self.bundle);
        let reading = spawn_blocking(move || read(&bundle, &name, bytes, &send));
        let mut failed = Ok(());
        while let Some(taken) = receive.recv().await {
            failed = failed.and(self.settle(taken, task).await);
        }
        let read = reading.await.map_err(|error| error.to_string())?;
        if read.is_err() {
            task.metrics.add("Unjudged", 1);
        }
        failed.and(read)
    }
}

/// Reads and judges; the first reason why not all of it could be.
fn read(
    bundle: &Bundle,
    name: &str,
    bytes: ObjectBytes,
    send: &Sender<Taken>,
) -> Result<(), String> {
    let filter = Filter::default();
    let mut judge = Judge::new(&bundle.set, &bundle.waivers, &filter);
    let (mut taken, mut failed) = (Taken::default(), None);
    let report = Reader::new().read_from(name, bytes, &Progress::default(), &mut |item| {
        if let Err(why) = take(&mut judge, &mut taken, item) {
            failed.get_or_insert(format!("{name}: {why}"));
        }
        if taken.findings.len() < PORTION {
            return ControlFlow::Continue(());
        }
        match send.blocking_send(std::mem::take(&mut taken)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    if send.blocking_send(taken).is_err() {
        failed.get_or_insert(format!("{name}: the handling of it ended early"));
    }
    let problem = report.problems.first().map(ToString::to_string);
    problem.or(failed).map_or(Ok(()), Err)
}

/// Judges one item of the object.
fn take(judge: &mut Judge<'_>, taken: &mut Taken, item: Item<'_>) -> Result<(), String> {
    let (number, record, judged) = match item {
        Item::Record { number, bytes, envelope } => {
            (number, Some((bytes, envelope)), judge_record(judge, bytes, envelope))
        }
        Item::Resource { number, item, suspect } => {
            (number, None, judge_item(judge, item, suspect))
        }
        Item::Bad { number, why } => return Err(format!("record {number}: {why}")),
        Item::Skipped { kind, count } => {
            taken.metrics.skip(kind, count);
            return Ok(());
        }
    };
    let judged = judged.map_err(|why| format!("record {number}: {why}"))?;
    taken.take(judged, record);
    Ok(())
}
