//! Killed at any step and delivered again, by two workers: as often as allowed, and with a before-image.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

/// Is ready the second time that it is asked: there the work can die, or another worker go on.
pub(super) async fn step() {
    let mut asked = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Works for so many steps, or until it is done.
fn steps<T>(work: &mut std::pin::Pin<&mut impl Future<Output = T>>, count: usize) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    (0..count).find_map(|_| match work.as_mut().poll(&mut context) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    })
}

#[test]
fn killed_after_any_step_it_ends_as_if_it_had_not_been() {
    for killed in 0..12 {
        let stage = Stage::new(BROKEN);
        let violation = violation(1, "auto");
        let drive = stage.drive();
        drop(steps(&mut pin!(drive.remediate_violation(&violation, 0)), killed));
        assert!(stage.written() == 0 || stage.keys("before") == 1, "a before-image comes first");
        let outcome = stage.run(&finding(1, "auto"), 1).unwrap().unwrap();
        assert!(
            matches!(outcome.result, RemediationResult::Restored | RemediationResult::Compliant),
            "{outcome:?}"
        );
        assert_eq!((stage.state(), stage.written()), (Some(WHOLE), 1), "after {killed}");
        assert_eq!((stage.keys("intents"), stage.keys("before")), (1, 1), "after {killed}");
    }
}

#[test]
fn two_workers_are_killed_after_any_steps_and_the_third_ends_it() {
    for (first, second) in (0..12).flat_map(|first| (0..12).map(move |second| (first, second))) {
        let stage = Stage::new(BROKEN);
        let violation = violation(1, "auto");
        for killed in [first, second] {
            let drive = stage.drive();
            drop(steps(&mut pin!(drive.remediate_violation(&violation, 0)), killed));
        }
        let outcome = stage.run(&finding(1, "auto"), 1).unwrap().unwrap();
        assert!(
            matches!(outcome.result, RemediationResult::Restored | RemediationResult::Compliant),
            "{outcome:?}"
        );
        assert_eq!((stage.state(), stage.written()), (Some(WHOLE), 1), "{first} {second}");
        assert_eq!((stage.keys("intents"), stage.keys("before")), (1, 1), "{first} {second}");
        assert_eq!(stage.keys("budgets/0/111122223333/all"), 1, "{first} {second}");
    }
}

/// Two workers on the same finding, and a person, in every order of their steps up to a length.
#[test]
fn two_workers_and_a_person_in_any_order() {
    for order in 0_u32..1 << 12 {
        let stage = Stage::new(BROKEN);
        let violation = violation(1, "auto");
        let (one, two) = (stage.drive(), stage.drive());
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
                stage.fake.0.lock().unwrap().state = Some((false, true));
            }
        }
        // Both die where they are; the message comes again, and that of what the person did.
        for (number, now) in [(1, 1), (2, 2), (2, 3)] {
            drop(stage.run(&finding(number, "auto"), now));
        }
        let intents = stage.keys("intents");
        assert!(intents <= RetryLimits::default().attempts, "order {order}: {intents}");
        assert!(stage.written() <= 2 * intents, "order {order}: {}", stage.written());
        assert_eq!(stage.state(), Some(WHOLE), "order {order}");
    }
}

/// Neither is killed: whoever loses the race for an attempt has spent nothing.
#[test]
fn a_lost_race_spends_nothing() {
    for order in 0_u32..1 << 10 {
        let stage = Stage::new(BROKEN);
        let violation = violation(1, "auto");
        let (one, two) = (stage.drive(), stage.drive());
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
        let spent = stage.keys("budgets/0/111122223333/all");
        assert_eq!(spent, stage.keys("intents"), "order {order}");
    }
}
