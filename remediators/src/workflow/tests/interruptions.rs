//! Tests of workers that are stopped at any step while their messages are delivered again.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

/// Yields once. At this point a test can stop the worker or run another worker.
pub(super) async fn step() {
    let mut was_polled = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut was_polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Polls a future up to `count` times. Returns its output if it is ready.
fn steps<T>(work: &mut std::pin::Pin<&mut impl Future<Output = T>>, count: usize) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    (0..count).find_map(|_| match work.as_mut().poll(&mut context) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    })
}

#[test]
fn an_attempt_continues_after_a_stop_at_any_step() {
    for killed in 0..12 {
        let fixture = Fixture::new(NON_COMPLIANT);
        let violation = violation(1, "auto");
        let executor = fixture.executor();
        drop(steps(&mut pin!(executor.remediate_violation(&violation, 0)), killed));
        assert!(fixture.written() == 0 || fixture.keys("before") == 1, "the backup comes first");
        let outcome = fixture.run(&finding(1, "auto"), 1).unwrap().unwrap();
        assert!(
            matches!(outcome.result, RemediationResult::Restored | RemediationResult::Compliant),
            "{outcome:?}"
        );
        assert_eq!((fixture.state(), fixture.written()), (Some(COMPLIANT), 1), "after {killed}");
        assert_eq!((fixture.keys("intents"), fixture.keys("before")), (1, 1), "after {killed}");
    }
}

#[test]
fn a_third_worker_finishes_after_two_workers_stop_at_any_step() {
    for (first, second) in (0..12).flat_map(|first| (0..12).map(move |second| (first, second))) {
        let fixture = Fixture::new(NON_COMPLIANT);
        let violation = violation(1, "auto");
        for killed in [first, second] {
            let executor = fixture.executor();
            drop(steps(&mut pin!(executor.remediate_violation(&violation, 0)), killed));
        }
        let outcome = fixture.run(&finding(1, "auto"), 1).unwrap().unwrap();
        assert!(
            matches!(outcome.result, RemediationResult::Restored | RemediationResult::Compliant),
            "{outcome:?}"
        );
        assert_eq!((fixture.state(), fixture.written()), (Some(COMPLIANT), 1), "{first} {second}");
        assert_eq!((fixture.keys("intents"), fixture.keys("before")), (1, 1), "{first} {second}");
        assert_eq!(fixture.keys("budgets/0/111122223333/all"), 1, "{first} {second}");
    }
}

/// Runs two workers on the same finding and a person's change, in all orders of twelve steps.
#[test]
fn two_workers_and_a_person_work_in_any_order() {
    for order in 0_u32..1 << 12 {
        let fixture = Fixture::new(NON_COMPLIANT);
        let violation = violation(1, "auto");
        let (one, two) = (fixture.executor(), fixture.executor());
        let mut one = pin!(one.remediate_violation(&violation, 0));
        let mut two = pin!(two.remediate_violation(&violation, 0));
        let (mut one_done, mut two_done) = (false, false);
        for turn in 0..12 {
            let ones = order.checked_shr(turn).is_some_and(|rest| rest % 2 == 0);
            if ones && !one_done {
                one_done = steps(&mut one, 1).is_some();
            } else if !ones && !two_done {
                two_done = steps(&mut two, 1).is_some();
            }
            if turn == order % 7 {
                fixture.fake.0.lock().unwrap().state = Some((false, true));
            }
        }
        // Both workers stop. The message of the finding is delivered again, and then the message
        // about the person's change.
        for (number, now) in [(1, 1), (2, 2), (2, 3)] {
            drop(fixture.run(&finding(number, "auto"), now));
        }
        let intents = fixture.keys("intents");
        assert!(intents <= RetryLimits::default().attempts, "order {order}: {intents}");
        assert!(fixture.written() <= 2 * intents, "order {order}: {}", fixture.written());
        assert_eq!(fixture.state(), Some(COMPLIANT), "order {order}");
    }
}

/// Runs two workers until both end. The worker that does not get the attempt uses no budget.
#[test]
fn a_worker_that_loses_the_race_uses_no_budget() {
    for order in 0_u32..1 << 10 {
        let fixture = Fixture::new(NON_COMPLIANT);
        let violation = violation(1, "auto");
        let (one, two) = (fixture.executor(), fixture.executor());
        let mut one = pin!(one.remediate_violation(&violation, 0));
        let mut two = pin!(two.remediate_violation(&violation, 0));
        let mut done = (false, false);
        for turn in 0..10 {
            if order.checked_shr(turn).is_some_and(|rest| rest % 2 == 0) {
                done.0 = done.0 || steps(&mut one, 1).is_some();
            } else {
                done.1 = done.1 || steps(&mut two, 1).is_some();
            }
        }
        let rest =
            [!done.0 && steps(&mut one, 99).is_none(), !done.1 && steps(&mut two, 99).is_none()];
        assert_eq!(rest, [false, false], "order {order}");
        let reserved = fixture.keys("budgets/0/111122223333/all");
        assert_eq!(reserved, fixture.keys("intents"), "order {order}");
    }
}
