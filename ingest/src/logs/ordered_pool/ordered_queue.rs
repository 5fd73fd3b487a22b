//! Assigns files to workers, limits the waiting batches of results, and delivers the batches in the
//! order of the files.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The weight of waiting batches, and the number of finished files, at which a worker wakes the
/// consumer. Workers do not wake the consumer for each file, because a wake takes more time than
/// the processing of a small file.
const WORTH_WAKING: u64 = 64 << 10;
const FILES_WORTH_WAKING: usize = 32;

/// The minimum weight of a batch, because even an empty batch needs memory.
const LEAST_WEIGHT: u64 = 64;

/// The queue of the files and their waiting batches.
///
/// The head is the first file that is not completely consumed. Workers take files in order, so a
/// worker always processes the head if any file is being processed. That worker waits only for the
/// consumer, and the consumer waits only for the head. Therefore, a deadlock is not possible.
pub(super) struct OrderedQueue<T> {
    files: usize,
    /// The maximum weight of the waiting batches of the head.
    head_allowed: u64,
    /// The maximum weight of the waiting batches of all files.
    allowed: u64,
    /// The maximum number of files, from the head on, that can be taken.
    ahead: usize,
    state: Mutex<QueueState<T>>,
    /// Signals that batches may be ready for the consumer.
    ready: Condvar,
    /// Signals that a worker may push a batch or take a file.
    room: Condvar,
}

struct QueueState<T> {
    /// The next file to take.
    next: usize,
    head: usize,
    /// The waiting batches of the files from the head to the file before `next`.
    queues: VecDeque<FileQueue<T>>,
    /// The weight of all waiting batches.
    waiting_weight: u64,
    /// The number of finished files, and the number of files finished since the last wake of the
    /// consumer.
    done: usize,
    done_unseen: usize,
    /// The number of workers that wait for room.
    waiting: usize,
    stopped: bool,
    panicked: Vec<usize>,
}

/// The waiting batches of one file.
struct FileQueue<T> {
    batches: Vec<T>,
    weight: u64,
    done: bool,
}

impl<T> OrderedQueue<T> {
    pub(super) fn new(files: usize, head_allowed: u64, allowed: u64, ahead: usize) -> Self {
        let state = QueueState {
            next: 0,
            head: 0,
            queues: VecDeque::new(),
            waiting_weight: 0,
            done: 0,
            done_unseen: 0,
            waiting: 0,
            stopped: false,
            panicked: Vec::new(),
        };
        Self {
            files,
            head_allowed,
            allowed,
            ahead,
            state: Mutex::new(state),
            ready: Condvar::new(),
            room: Condvar::new(),
        }
    }

    /// Returns the next file to process, or `None` if there is no more work.
    pub(super) fn take_file(&self) -> Option<usize> {
        let mut state = self.lock_state();
        while !state.stopped && state.next < self.files {
            if state.queues.len() < self.ahead {
                let file = state.next;
                state.next = file.saturating_add(1);
                state.queues.push_back(FileQueue { batches: Vec::new(), weight: 0, done: false });
                return Some(file);
            }
            state = self.wait_for_room(state);
        }
        None
    }

    /// Wakes the consumer, and waits until the consumer makes room.
    fn wait_for_room<'s>(
        &'s self,
        mut state: MutexGuard<'s, QueueState<T>>,
    ) -> MutexGuard<'s, QueueState<T>> {
        self.wake_consumer(&mut state);
        state.waiting = state.waiting.saturating_add(1);
        let mut state = wait_on_condition(&self.room, state);
        state.waiting = state.waiting.saturating_sub(1);
        state
    }

    fn wake_consumer(&self, state: &mut QueueState<T>) {
        state.done_unseen = 0;
        self.ready.notify_one();
    }

    /// Waits until there is room for a batch of `file`, and adds the batch. Returns
    /// `ControlFlow::Break` if the work was stopped.
    pub(super) fn push_batch(&self, file: usize, batch: T, weight: u64) -> ControlFlow<()> {
        let weight = weight.max(LEAST_WEIGHT);
        let mut state = self.lock_state();
        while !state.stopped {
            let is_head = state.head == file;
            let total = state.waiting_weight.saturating_add(weight);
            let Some(queue) = state.file_queue(file) else { break };
            let has_room =
                if is_head { queue.weight < self.head_allowed } else { total <= self.allowed };
            if has_room {
                queue.batches.push(batch);
                queue.weight = queue.weight.saturating_add(weight);
                state.waiting_weight = total;
                if is_head && total >= WORTH_WAKING {
                    self.wake_consumer(&mut state);
                }
                return ControlFlow::Continue(());
            }
            state = self.wait_for_room(state);
        }
        ControlFlow::Break(())
    }

    /// Marks `file` as finished.
    pub(super) fn finish_file(&self, file: usize, panicked: bool) {
        let mut state = self.lock_state();
        if let Some(queue) = state.file_queue(file) {
            queue.done = true;
        }
        if panicked {
            state.panicked.push(file);
        }
        state.done = state.done.saturating_add(1);
        state.done_unseen = state.done_unseen.saturating_add(1);
        // Other workers may wait until the head is finished. If this worker finds no more files, no
        // other worker wakes the consumer. Therefore this worker wakes it.
        let is_awaited = state.waiting > 0 && file == state.head;
        if is_awaited || state.done_unseen >= FILES_WORTH_WAKING || state.done >= self.files {
            self.wake_consumer(&mut state);
        }
    }

    /// Passes all batches to `consume` in order, until there are no more or `consume` returns
    /// `ControlFlow::Break`.
    pub(super) fn consume_batches(&self, consume: &mut impl FnMut(usize, T) -> ControlFlow<()>) {
        while let Some((file, batches)) = self.next_batches() {
            for batch in batches {
                if consume(file, batch).is_break() {
                    return;
                }
            }
        }
    }

    /// Returns the next file and its batches. Waits until the batches are ready. Returns `None`
    /// after the last file.
    fn next_batches(&self) -> Option<(usize, Vec<T>)> {
        let mut state = self.lock_state();
        while state.head < self.files {
            let head = state.head;
            let (batches, weight, done) = match state.queues.front_mut() {
                Some(queue) => {
                    let weight = std::mem::take(&mut queue.weight);
                    (std::mem::take(&mut queue.batches), weight, queue.done)
                }
                None => (Vec::new(), 0, false),
            };
            state.waiting_weight = state.waiting_weight.saturating_sub(weight);
            if done {
                state.queues.pop_front();
                state.head = head.saturating_add(1);
            }
            if state.waiting > 0 && (done || weight > 0) {
                self.room.notify_all();
            }
            if !batches.is_empty() {
                return Some((head, batches));
            }
            if !done {
                state = wait_on_condition(&self.ready, state);
            }
        }
        None
    }

    /// Stops the work: waiting workers wake up and end, and no worker takes another file.
    pub(super) fn stop_work(&self) {
        self.lock_state().stopped = true;
        self.room.notify_all();
    }

    /// Returns the files whose work panicked, in order.
    pub(super) fn panicked_files(&self) -> Vec<usize> {
        let mut panicked = self.lock_state().panicked.clone();
        panicked.sort_unstable();
        panicked
    }

    /// Locks the state. No callback runs while the state is locked, so a panic of a callback cannot
    /// leave the state inconsistent.
    fn lock_state(&self) -> MutexGuard<'_, QueueState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> QueueState<T> {
    fn file_queue(&mut self, file: usize) -> Option<&mut FileQueue<T>> {
        self.queues.get_mut(file.checked_sub(self.head)?)
    }
}

fn wait_on_condition<'s, T>(condition: &Condvar, state: MutexGuard<'s, T>) -> MutexGuard<'s, T> {
    condition.wait(state).unwrap_or_else(PoisonError::into_inner)
}
