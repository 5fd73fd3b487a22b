//! A log object: read as it comes, judged beside, and recorded while the rest is still on its way.

use std::ops::ControlFlow;
use std::sync::Arc;

use evenkeel_ledger::NoticeAnnouncer;
use evenkeel_rules::{EventFilter, RecordEvaluator};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::spawn_blocking;

use super::evaluation_batch::EvaluationBatch;
use super::{EvaluateError, LogRecordError, MessageTask, PayloadEvaluator, log_object_name};
use crate::environment::{CloudContext, ObjectBytes};
use crate::evaluate::record_evaluation::{evaluate_item, evaluate_record};
use crate::logs::LogItem;
use crate::logs::LogReader;
use crate::logs::ReadProgress;
use crate::payload::LogObject;
use evenkeel_rules::bundle::PolicyBundle;

/// What is judged is handed over in portions of so many findings: memory is bounded, whatever the object.
const FINDINGS_PER_BATCH: usize = 64;

/// So many portions may wait.
const MAX_WAITING_BATCHES: usize = 2;

impl<A: NoticeAnnouncer, O: CloudContext> PayloadEvaluator<A, O> {
    /// Judges all that is in a log object.
    pub(super) async fn evaluate_log_object(
        &self,
        object: &LogObject,
        task: &mut MessageTask<'_>,
    ) -> Result<(), EvaluateError> {
        let name = log_object_name(object);
        let bytes = self.cloud.open_log_object(object).await?;
        let (send, mut receive) = channel(MAX_WAITING_BATCHES);
        let bundle = Arc::clone(&self.bundle);
        let object = name.clone();
        let reading = spawn_blocking(move || evaluate_object_items(&bundle, &object, bytes, &send));
        let mut failed = Ok(());
        while let Some(taken) = receive.recv().await {
            failed = failed.and(self.record_findings(taken, task).await);
        }
        let ended = |_| EvaluateError::LogEnded { object: name };
        let read = reading.await.map_err(ended)?;
        if read.is_err() {
            task.metrics.add_count("Unjudged", 1);
        }
        failed.and(read)
    }
}

/// Reads and judges; the first reason why not all of it could be.
fn evaluate_object_items(
    bundle: &PolicyBundle,
    name: &str,
    bytes: ObjectBytes,
    send: &Sender<EvaluationBatch>,
) -> Result<(), EvaluateError> {
    let filter = EventFilter::default();
    let mut judge = RecordEvaluator::new(&bundle.set, &bundle.waivers, &filter);
    let (mut taken, mut failed) = (EvaluationBatch::default(), None);
    let report = LogReader::new().read_from(name, bytes, &ReadProgress::default(), &mut |item| {
        let number = match item {
            LogItem::Record { number, .. }
            | LogItem::Resource { number, .. }
            | LogItem::Invalid { number, .. } => number,
            LogItem::Skipped { .. } => 0,
        };
        if let Err(why) = evaluate_log_item(&mut judge, &mut taken, item) {
            failed.get_or_insert(EvaluateError::LogRecord { object: name.to_owned(), number, why });
        }
        if taken.findings.len() < FINDINGS_PER_BATCH {
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
fn evaluate_log_item(
    judge: &mut RecordEvaluator<'_>,
    taken: &mut EvaluationBatch,
    item: LogItem<'_>,
) -> Result<(), LogRecordError> {
    let (record, judged) = match item {
        LogItem::Record { bytes, envelope, .. } => {
            (Some((bytes, envelope)), evaluate_record(judge, bytes, envelope)?)
        }
        LogItem::Resource { item, possibly_forged: suspect, .. } => {
            (None, evaluate_item(judge, item, suspect)?)
        }
        LogItem::Invalid { why, .. } => return Err(why.into()),
        LogItem::Skipped { kind, count } => {
            taken.metrics.count_skipped(kind, count);
            return Ok(());
        }
    };
    taken.add_evaluation(judged, record);
    Ok(())
}
