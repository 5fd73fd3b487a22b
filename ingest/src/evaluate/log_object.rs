//! Evaluates the records of a log object while the object is still being read.

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

/// The number of findings in one batch. Batches keep the memory bounded for objects of any size.
const FINDINGS_PER_BATCH: usize = 64;

/// The number of batches that can wait to be recorded.
const MAX_WAITING_BATCHES: usize = 2;

impl<A: NoticeAnnouncer, O: CloudContext> PayloadEvaluator<A, O> {
    /// Evaluates all records and items of a log object, and records the findings.
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
        while let Some(batch) = receive.recv().await {
            failed = failed.and(self.record_findings(batch, task).await);
        }
        let ended = |_| EvaluateError::LogEnded { object: name };
        let read = reading.await.map_err(ended)?;
        if read.is_err() {
            task.metrics.add_count("NotEvaluated", 1);
        }
        failed.and(read)
    }
}

/// Reads and evaluates the items of an object. Returns the first problem of the object. If there is
/// none, returns the first error of an item.
fn evaluate_object_items(
    bundle: &PolicyBundle,
    name: &str,
    bytes: ObjectBytes,
    send: &Sender<EvaluationBatch>,
) -> Result<(), EvaluateError> {
    let filter = EventFilter::default();
    let mut evaluator = RecordEvaluator::new(&bundle.set, &bundle.waivers, &filter);
    let (mut batch, mut failed) = (EvaluationBatch::default(), None);
    let report = LogReader::new().read_from(name, bytes, &ReadProgress::default(), &mut |item| {
        let number = match item {
            LogItem::Record { number, .. }
            | LogItem::Resource { number, .. }
            | LogItem::Invalid { number, .. } => number,
            LogItem::Skipped { .. } => 0,
        };
        if let Err(why) = evaluate_log_item(&mut evaluator, &mut batch, item) {
            failed.get_or_insert(EvaluateError::LogRecord { object: name.to_owned(), number, why });
        }
        if batch.findings.len() < FINDINGS_PER_BATCH {
            return ControlFlow::Continue(());
        }
        match send.blocking_send(std::mem::take(&mut batch)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    if send.blocking_send(batch).is_err() {
        failed.get_or_insert(EvaluateError::LogEnded { object: name.to_owned() });
    }
    let problem = report.problems.into_iter().next().map(EvaluateError::Log);
    problem.or(failed).map_or(Ok(()), Err)
}

/// Evaluates one item of the object.
fn evaluate_log_item(
    evaluator: &mut RecordEvaluator<'_>,
    batch: &mut EvaluationBatch,
    item: LogItem<'_>,
) -> Result<(), LogRecordError> {
    let (record, outcome) = match item {
        LogItem::Record { bytes, envelope, .. } => {
            (Some((bytes, envelope)), evaluate_record(evaluator, bytes, envelope)?)
        }
        LogItem::Resource { item, possibly_forged, .. } => {
            (None, evaluate_item(evaluator, item, possibly_forged)?)
        }
        LogItem::Invalid { why, .. } => return Err(why.into()),
        LogItem::Skipped { kind, count } => {
            batch.metrics.count_skipped(kind, count);
            return Ok(());
        }
    };
    batch.add_evaluation(outcome, record);
    Ok(())
}
