//! Processes files in parallel, and delivers the results in the order of the files.
//!
//! The results and their order do not depend on timing or on the number of threads.

mod ordered_queue;

use std::any::Any;
use std::fmt;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use evenkeel_engine::EVALUATION_STACK;

use super::discovery::LogFile;
use super::problem::{InputProblem, ProblemKind};
use ordered_queue::OrderedQueue;

/// The maximum weight of the waiting batches of one worker, in approximate bytes.
const MAX_WEIGHT_PER_WORKER: u64 = 4 << 20;

/// The maximum number of files between the file that is being consumed and a file on which work
/// begins.
const MAX_FILES_AHEAD: usize = 1024;

/// The error if the operating system cannot start a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot start a thread: {0}")]
pub struct ThreadSpawnError(ErrorKind);

/// A sender for the results of one file.
pub struct BatchSender<'o, T> {
    order: &'o OrderedQueue<T>,
    file: usize,
}

impl<T> fmt::Debug for BatchSender<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchSender").field("file", &self.file).finish_non_exhaustive()
    }
}

impl<T> BatchSender<'_, T> {
    /// Sends a batch of about `weight` bytes. Blocks while the waiting batches exceed the memory
    /// limit of the pool. Returns `ControlFlow::Break` if the consumer needs no more batches.
    pub fn push_batch(&mut self, batch: T, weight: u64) -> ControlFlow<()> {
        self.order.push_batch(self.file, batch, weight)
    }
}

/// Runs `work` for every file on up to `threads` threads, and `consume` for the results on the
/// current thread.
///
/// Each thread creates a worker with `make_worker` and uses it for all its files. `consume`
/// receives the index of the file and a batch. The batches arrive in the order of the files, and
/// within a file in the order of [`BatchSender::push_batch`]. If `consume` returns
/// `ControlFlow::Break`, all work stops. If `work` panics, the result contains a problem for that
/// file, and the other files are still processed.
///
/// # Errors
///
/// [`ThreadSpawnError`] if no thread can be started.
pub fn run<W, T: Send>(
    files: &[LogFile],
    threads: usize,
    make_worker: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, &LogFile, &mut BatchSender<'_, T>) + Sync,
    mut consume: impl FnMut(usize, T) -> ControlFlow<()>,
) -> Result<Vec<InputProblem>, ThreadSpawnError> {
    let threads = threads.clamp(1, files.len().max(1));
    let allowed = MAX_WEIGHT_PER_WORKER.saturating_mul(u64::try_from(threads).unwrap_or(u64::MAX));
    let order = OrderedQueue::new(files.len(), MAX_WEIGHT_PER_WORKER, allowed, MAX_FILES_AHEAD);
    thread::scope(|scope| {
        // Stops the workers when this function ends, also if `consume` panics.
        let _ended = StopOnDrop(&order);
        for index in 0..threads {
            let spawned = thread::Builder::new()
                .stack_size(EVALUATION_STACK)
                .spawn_scoped(scope, || run_worker(&order, files, &make_worker, &work));
            match spawned {
                Ok(_) => {}
                Err(error) if index == 0 => return Err(ThreadSpawnError(error.kind())),
                Err(_) => break,
            }
        }
        order.consume_batches(&mut consume);
        Ok(())
    })?;
    let panicked = order.panicked_files();
    let named = panicked.iter().filter_map(|file| files.get(*file));
    Ok(named.map(|file| InputProblem::for_file(&file.name, ProblemKind::Panicked)).collect())
}

fn run_worker<W, T>(
    order: &OrderedQueue<T>,
    files: &[LogFile],
    make_worker: &impl Fn() -> W,
    work: &impl Fn(&mut W, &LogFile, &mut BatchSender<'_, T>),
) {
    let mut worker = None;
    while let Some(index) = order.take_file() {
        let Some(file) = files.get(index) else { break };
        let done = catch_unwind(AssertUnwindSafe(|| {
            let worker = worker.get_or_insert_with(make_worker);
            work(worker, file, &mut BatchSender { order, file: index });
        }));
        if let Err(payload) = done {
            // The state of a worker may be invalid after a panic, so it is not reused.
            worker = None;
            drop_panic_payload(payload);
            order.finish_file(index, true);
        } else {
            order.finish_file(index, false);
        }
    }
}

/// Drops the payload of a panic. The panic hook already reported the panic.
fn drop_panic_payload(payload: Box<dyn Any + Send>) {
    drop(payload);
}

/// A guard that stops the work when it is dropped.
struct StopOnDrop<'o, T>(&'o OrderedQueue<T>);

impl<T> Drop for StopOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.stop_work();
    }
}

#[cfg(test)]
mod tests;
