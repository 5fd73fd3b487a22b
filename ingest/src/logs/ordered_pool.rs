//! Works on files in parallel, and hands over what comes of them in the files' order.
//!
//! Nothing here depends on timing but speed: what is consumed, and in which order, is the same for any
//! number of threads.

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

/// What a worker may hold, in the unit of its batches' weights: as if they were bytes.
const MAX_WEIGHT_PER_WORKER: u64 = 4 << 20;

/// No work may begin on a file that is so many files ahead of the one being consumed.
const MAX_FILES_AHEAD: usize = 1024;

/// The system gives no threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot start a thread: {0}")]
pub struct ThreadSpawnError(ErrorKind);

/// Where the work on one file puts what comes of it.
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
    /// Hands a batch over, of about `weight` bytes; waits while too much is held already. A break says that
    /// no more is wanted.
    pub fn push_batch(&mut self, batch: T, weight: u64) -> ControlFlow<()> {
        self.order.push_batch(self.file, batch, weight)
    }
}

/// Runs `work` on every file, on up to `threads` threads, and `consume` on what comes of it, on this one.
///
/// Each thread makes a worker with `make_worker` and keeps it from file to file. `consume` gets the index of
/// the file, in the order of the files, and within one in the order of `push_batch`; a break ends it all. Where
/// `work` panics, the file gets a problem and the others go on.
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
        // Lets the workers go when this ends in any way, a panic of `consume` among them.
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
            // What a panic leaves behind is not used again.
            worker = None;
            drop_panic_payload(payload);
            order.finish_file(index, true);
        } else {
            order.finish_file(index, false);
        }
    }
}

/// The panic was reported when it happened; its payload says no more.
fn drop_panic_payload(payload: Box<dyn Any + Send>) {
    drop(payload);
}

/// Ends the work when it goes out of scope.
struct StopOnDrop<'o, T>(&'o OrderedQueue<T>);

impl<T> Drop for StopOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.stop_work();
    }
}

#[cfg(test)]
mod tests;
