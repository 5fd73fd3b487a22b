//! Who may take which file, who must wait, and what comes next.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The consumer is woken for so much, or for so many finished files: to wake it costs more than a small
/// file does.
const WORTH_WAKING: u64 = 64 << 10;
const FILES_WORTH_WAKING: usize = 32;

/// A batch that weighs nothing still takes room.
const LEAST_WEIGHT: u64 = 64;

/// The order of the files, and what waits for its turn.
///
/// The head is the first file that is not wholly consumed. Files are taken in order, so the head is always
/// in someone's hands if any file is; whoever has it waits only for the consumer, and the consumer only for
/// the head: so someone always goes on.
pub(super) struct OrderedQueue<T> {
    files: usize,
    /// The weight that the head may have waiting.
    head_allowed: u64,
    /// The weight that all files may have waiting.
    allowed: u64,
    /// How many files ahead of the head may be taken.
    ahead: usize,
    state: Mutex<QueueState<T>>,
    /// There may be something to consume.
    ready: Condvar,
    /// There may be room to push, or a file to take.
    room: Condvar,
}

struct QueueState<T> {
    /// The next file to take.
    next: usize,
    head: usize,
    /// What waits of the files from the head to the one before `next`.
    queues: VecDeque<FileQueue<T>>,
    /// The weight of all that waits.
    waiting_weight: u64,
    /// How many files are done, and how many of them since the consumer was last woken.
    done: usize,
    done_unseen: usize,
    /// How many workers wait for room.
    waiting: usize,
    stopped: bool,
    panicked: Vec<usize>,
}

/// What waits of one file.
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

    /// The next file to work on, or none if there is no more to do.
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

    /// Waits until the consumer has made room; it is woken for that, whatever there is.
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

    /// Puts a batch of `file` in its place, when there is room.
    pub(super) fn push_batch(&self, file: usize, batch: T, weight: u64) -> ControlFlow<()> {
        let weight = weight.max(LEAST_WEIGHT);
        let mut state = self.lock_state();
        while !state.stopped {
            let is_head = state.head == file;
            let held = state.waiting_weight.saturating_add(weight);
            let Some(queue) = state.file_queue(file) else { break };
            let room =
                if is_head { queue.weight < self.head_allowed } else { held <= self.allowed };
            if room {
                queue.batches.push(batch);
                queue.weight = queue.weight.saturating_add(weight);
                state.waiting_weight = held;
                if is_head && held >= WORTH_WAKING {
                    self.wake_consumer(&mut state);
                }
                return ControlFlow::Continue(());
            }
            state = self.wait_for_room(state);
        }
        ControlFlow::Break(())
    }

    /// Nothing more comes of `file`.
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
        // Who waits for the head's turn to pass may have nobody else to tell the consumer that it has: this
        // worker finds no more to take, perhaps.
        let waited_for = state.waiting > 0 && file == state.head;
        if waited_for || state.done_unseen >= FILES_WORTH_WAKING || state.done >= self.files {
            self.wake_consumer(&mut state);
        }
    }

    /// Hands everything over in order, until there is no more or `consume` breaks.
    pub(super) fn consume_batches(&self, consume: &mut impl FnMut(usize, T) -> ControlFlow<()>) {
        while let Some((file, batches)) = self.next_batches() {
            for batch in batches {
                if consume(file, batch).is_break() {
                    return;
                }
            }
        }
    }

    /// What comes next, when it is there; none at the end.
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

    /// Ends the work: nobody waits any more, and nothing more is taken.
    pub(super) fn stop_work(&self) {
        self.lock_state().stopped = true;
        self.room.notify_all();
    }

    /// The files whose work panicked, in order.
    pub(super) fn panicked_files(&self) -> Vec<usize> {
        let mut panicked = self.lock_state().panicked.clone();
        panicked.sort_unstable();
        panicked
    }

    /// No lock is held while foreign code runs, so a panic leaves nothing half done.
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
