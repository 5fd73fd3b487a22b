//! Works on files in parallel, and hands over what comes of them in the files' order.
//!
//! Nothing here depends on timing but speed: what is consumed, and in which order, is the same for any
//! number of threads.

mod order;

use std::any::Any;
use std::fmt;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use evenkeel_engine::EVALUATION_STACK;

use super::discovery::LogFile;
use super::problem::{Problem, ProblemKind};
use order::Order;

/// What a worker may hold, in the unit of its batches' weights: as if they were bytes.
const HELD: u64 = 4 << 20;

/// No work may begin on a file that is so many files ahead of the one being consumed.
const AHEAD: usize = 1024;

/// The system gives no threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot start a thread: {0}")]
pub struct NoThreads(ErrorKind);

/// Where the work on one file puts what comes of it.
pub struct Batches<'o, T> {
    order: &'o Order<T>,
    file: usize,
}

impl<T> fmt::Debug for Batches<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").field("file", &self.file).finish_non_exhaustive()
    }
}

impl<T> Batches<'_, T> {
    /// Hands a batch over, of about `weight` bytes; waits while too much is held already. A break says that
    /// no more is wanted.
    pub fn push(&mut self, batch: T, weight: u64) -> ControlFlow<()> {
        self.order.push(self.file, batch, weight)
    }
}

/// Runs `work` on every file, on up to `threads` threads, and `consume` on what comes of it, on this one.
///
/// Each thread makes a worker with `make_worker` and keeps it from file to file. `consume` gets the index of
/// the file, in the order of the files, and within one in the order of `push`; a break ends it all. Where
/// `work` panics, the file gets a problem and the others go on.
pub fn run<W, T: Send>(
    files: &[LogFile],
    threads: usize,
    make_worker: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, &LogFile, &mut Batches<'_, T>) + Sync,
    mut consume: impl FnMut(usize, T) -> ControlFlow<()>,
) -> Result<Vec<Problem>, NoThreads> {
    let threads = threads.clamp(1, files.len().max(1));
    let allowed = HELD.saturating_mul(u64::try_from(threads).unwrap_or(u64::MAX));
    let order = Order::new(files.len(), HELD, allowed, AHEAD);
    thread::scope(|scope| {
        // Lets the workers go when this ends in any way, a panic of `consume` among them.
        let _ended = Stop(&order);
        for index in 0..threads {
            let spawned = thread::Builder::new()
                .stack_size(EVALUATION_STACK)
                .spawn_scoped(scope, || worker(&order, files, &make_worker, &work));
            match spawned {
                Ok(_) => {}
                Err(error) if index == 0 => return Err(NoThreads(error.kind())),
                Err(_) => break,
            }
        }
        order.consume(&mut consume);
        Ok(())
    })?;
    let panicked = order.panicked();
    let named = panicked.iter().filter_map(|file| files.get(*file));
    Ok(named.map(|file| Problem::file(&file.name, ProblemKind::Panicked)).collect())
}

fn worker<W, T>(
    order: &Order<T>,
    files: &[LogFile],
    make_worker: &impl Fn() -> W,
    work: &impl Fn(&mut W, &LogFile, &mut Batches<'_, T>),
) {
    let mut worker = None;
    while let Some(index) = order.take() {
        let Some(file) = files.get(index) else { break };
        let done = catch_unwind(AssertUnwindSafe(|| {
            let worker = worker.get_or_insert_with(make_worker);
            work(worker, file, &mut Batches { order, file: index });
        }));
        if let Err(payload) = done {
            // What a panic leaves behind is not used again.
            worker = None;
            dismiss(payload);
            order.done(index, true);
        } else {
            order.done(index, false);
        }
    }
}

/// The panic was reported when it happened; its payload says no more.
fn dismiss(payload: Box<dyn Any + Send>) {
    drop(payload);
}

/// Ends the work when it goes out of scope.
struct Stop<'o, T>(&'o Order<T>);

impl<T> Drop for Stop<'_, T> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests;
