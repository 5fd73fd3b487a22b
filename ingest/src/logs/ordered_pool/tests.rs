//! Tests the pool: one order for any number of threads, limited memory, and panics.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

fn files(count: usize) -> Vec<LogFile> {
    let file = |index| LogFile { name: format!("{index}"), path: None, size: 0 };
    (0..count).map(file).collect()
}

fn number(file: &LogFile) -> usize {
    file.name.parse().unwrap()
}

/// Runs work that sends `file % 4` batches for each file, and collects the consumed batches.
fn collect(count: usize, threads: usize, weight: u64) -> Vec<(usize, (usize, usize))> {
    let mut consumed = Vec::new();
    let problems = run(
        &files(count),
        threads,
        || 0u64,
        |done, file, batches| {
            *done = done.saturating_add(1);
            let file = number(file);
            for batch in 0..file.checked_rem(4).unwrap() {
                assert!(batches.push_batch((file, batch), weight).is_continue());
            }
        },
        |file, batch| {
            consumed.push((file, batch));
            ControlFlow::Continue(())
        },
    );
    assert_eq!(problems, Ok(vec![]));
    consumed
}

#[test]
fn the_order_does_not_depend_on_the_threads() {
    let expected: Vec<_> = (0..3000usize)
        .flat_map(|file| (0..file.checked_rem(4).unwrap()).map(move |batch| (file, (file, batch))))
        .collect();
    for threads in [1, 2, 3, 8] {
        assert_eq!(collect(3000, threads, 100), expected, "{threads} threads");
    }
    assert_eq!(collect(0, 4, 1), []);
    assert_eq!(collect(2, 0, 1), [(1, (1, 0))]);
}

#[test]
fn batches_heavier_than_the_limit_are_delivered_one_by_one() {
    assert_eq!(collect(50, 4, MAX_WEIGHT_PER_WORKER.saturating_mul(10)), collect(50, 1, 1));
}

/// The last workers that find no more files must wake the consumer for the workers that wait. The
/// operating system decides which worker is the last one. Therefore, the test makes many short runs
/// to test every order.
#[test]
fn waiting_workers_continue_when_the_other_workers_have_ended() {
    for count in (2..10).cycle().take(2000) {
        assert_eq!(
            collect(count, 4, MAX_WEIGHT_PER_WORKER.saturating_mul(10)),
            collect(count, 1, 1)
        );
    }
}

#[test]
fn the_weight_of_waiting_batches_is_limited() {
    let (weight, threads) = (MAX_WEIGHT_PER_WORKER.checked_div(4).unwrap(), 3u64);
    let (waiting, most) = (AtomicU64::new(0), AtomicU64::new(0));
    run(
        &files(40),
        3,
        || (),
        |(), _, batches| {
            for _ in 0..20 {
                let now = waiting.fetch_add(weight, Ordering::SeqCst).saturating_add(weight);
                most.fetch_max(now, Ordering::SeqCst);
                assert!(batches.push_batch((), weight).is_continue());
            }
        },
        |_, ()| {
            waiting.fetch_sub(weight, Ordering::SeqCst);
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    // The limit consists of the batches of all workers and of the head, the same amount in the
    // consumer, and one batch in each worker.
    let allowed = MAX_WEIGHT_PER_WORKER.saturating_mul(threads.saturating_add(1));
    let in_hand = weight.saturating_mul(threads);
    let most = most.into_inner();
    assert!(most <= allowed.saturating_mul(2).saturating_add(in_hand), "{most}");
}

#[test]
fn a_panic_is_a_problem_of_its_file_and_the_other_files_are_processed() {
    for threads in [1, 4] {
        let made = AtomicU64::new(0);
        let mut consumed = Vec::new();
        let problems = run(
            &files(20),
            threads,
            || made.fetch_add(1, Ordering::SeqCst),
            |_, file, batches| {
                let file = number(file);
                assert!(batches.push_batch(file, 1).is_continue());
                if file == 7 || file == 3 {
                    resume_unwind(Box::new("on purpose"));
                }
            },
            |_, batch| {
                consumed.push(batch);
                ControlFlow::Continue(())
            },
        );
        let panicked = |file: &str| InputProblem::for_file(file, ProblemKind::Panicked);
        assert_eq!(problems, Ok(vec![panicked("3"), panicked("7")]));
        assert_eq!(consumed, (0..20).collect::<Vec<_>>());
        assert!(made.into_inner() > 1, "the worker must not be reused after a panic");
    }
}

#[test]
fn a_panic_of_make_worker_is_a_problem_of_each_file() {
    let make = || -> () { resume_unwind(Box::new("on purpose")) };
    let problems = run(
        &files(3),
        2,
        make,
        |(), _, _: &mut BatchSender<'_, ()>| {},
        |_, ()| ControlFlow::Continue(()),
    );
    assert_eq!(problems.map(|problems| problems.len()), Ok(3));
}

#[test]
fn a_break_stops_the_work() {
    for threads in [1, 4] {
        let mut consumed = 0u64;
        let pushed = AtomicU64::new(0);
        let problems = run(
            &files(10_000),
            threads,
            || (),
            |(), _, batches| {
                while batches.push_batch((), MAX_WEIGHT_PER_WORKER).is_continue() {
                    pushed.fetch_add(1, Ordering::SeqCst);
                }
            },
            |_, ()| {
                consumed = consumed.saturating_add(1);
                if consumed == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!((problems, consumed), (Ok(vec![]), 5));
        assert!(pushed.into_inner() >= 5);
    }
}

#[test]
fn a_panic_of_the_consumer_does_not_hang() {
    let result = catch_unwind(|| {
        let work = |(): &mut (), _: &LogFile, batches: &mut BatchSender<'_, ()>| {
            while batches.push_batch((), MAX_WEIGHT_PER_WORKER).is_continue() {}
        };
        run(&files(100), 4, || (), work, |_, ()| resume_unwind(Box::new("on purpose")))
    });
    assert!(result.is_err());
}
