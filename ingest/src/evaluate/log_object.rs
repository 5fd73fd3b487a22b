//! A log object: read as it comes, judged beside, and recorded while the rest is still on its way.

use std::ops::ControlFlow;
use std::sync::Arc;

use evenkeel_ledger::Announce;
use evenkeel_rules::{Filter, Judge};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::spawn_blocking;

use super::taken::Taken;
use super::{EvaluateError, Evaluator, LogRecordError, Task, name_of};
use crate::environment::{ObjectBytes, Outside};
use crate::evaluate::judging::{judge_item, judge_record};
use crate::logs::Item;
use crate::logs::Progress;
use crate::logs::Reader;
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
    ) -> Result<(), EvaluateError> {
        let name = name_of(object);
        let bytes = self.outside.object(object).await?;
        let (send, mut receive) = channel(WAITING);
        let bundle = Arc::clone(&self.bundle);
        let object = name.clone();
        let reading = spawn_blocking(move || read(&bundle, &object, bytes, &send));
        let mut failed = Ok(());
        while let Some(taken) = receive.recv().await {
            failed = failed.and(self.settle(taken, task).await);
        }
        let ended = |_| EvaluateError::LogEnded { object: name };
        let read = reading.await.map_err(ended)?;
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
) -> Result<(), EvaluateError> {
    let filter = Filter::default();
    let mut judge = Judge::new(&bundle.set, &bundle.waivers, &filter);
    let (mut taken, mut failed) = (Taken::default(), None);
    let report = Reader::new().read_from(name, bytes, &Progress::default(), &mut |item| {
        let number = match item {
            Item::Record { number, .. }
            | Item::Resource { number, .. }
            | Item::Bad { number, .. } => number,
            Item::Skipped { .. } => 0,
        };
        if let Err(why) = take(&mut judge, &mut taken, item) {
            failed.get_or_insert(EvaluateError::LogRecord { object: name.to_owned(), number, why });
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
        failed.get_or_insert(EvaluateError::LogEnded { object: name.to_owned() });
    }
    let problem = report.problems.into_iter().next().map(EvaluateError::Log);
    problem.or(failed).map_or(Ok(()), Err)
}

/// Judges one item of the object.
fn take(judge: &mut Judge<'_>, taken: &mut Taken, item: Item<'_>) -> Result<(), LogRecordError> {
    let (record, judged) = match item {
        Item::Record { bytes, envelope, .. } => {
            (Some((bytes, envelope)), judge_record(judge, bytes, envelope)?)
        }
        Item::Resource { item, suspect, .. } => (None, judge_item(judge, item, suspect)?),
        Item::Bad { why, .. } => return Err(why.into()),
        Item::Skipped { kind, count } => {
            taken.metrics.skip(kind, count);
            return Ok(());
        }
    };
    taken.take(judged, record);
    Ok(())
}
