//! Runs the inputs of a process on one thread with a large stack.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, OnceLock};

use evenkeel_engine::on_large_stack;

/// The two ends of the connection to the thread: inputs to it, and a signal after each input.
struct WorkerLink {
    inputs: SyncSender<Vec<u8>>,
    finished: Receiver<()>,
}

/// Runs `work` on the input `data`, on a thread on which any expression can be compiled and
/// evaluated. All calls of a process use the `work` of the first call: a thread for each input would
/// cost most of the time.
///
/// # Panics
/// If the thread cannot start. A panic of `work` ends the process.
pub fn run_on_large_stack(data: &[u8], work: fn(&[u8])) {
    static LINK: OnceLock<Mutex<WorkerLink>> = OnceLock::new();
    let link = LINK.get_or_init(|| Mutex::new(start_worker(work)));
    let link = link.lock().expect("only this thread uses the link");
    link.inputs.send(data.to_vec()).expect("the thread waits for inputs");
    link.finished.recv().expect("the thread reports each input");
}

fn start_worker(work: fn(&[u8])) -> WorkerLink {
    let (inputs, received) = sync_channel::<Vec<u8>>(0);
    let (report, finished) = sync_channel(0);
    std::thread::spawn(move || {
        on_large_stack(move || {
            for data in received {
                work(&data);
                if report.send(()).is_err() {
                    break;
                }
            }
        })
    });
    WorkerLink { inputs, finished }
}
