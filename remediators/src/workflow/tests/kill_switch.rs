//! Tests of the kill switch.

use super::governance::put;
use super::*;

#[test]
fn a_kill_switch_stops_every_write() {
    let switches = [
        "control/kill-switch",
        "control/kill-switch-account/111122223333",
        "control/kill-switch-policy/a-policy",
    ];
    for key in switches {
        let fixture = Fixture::new(NON_COMPLIANT);
        put(&fixture, key, &json!({"by": "ops"}));
        assert!(
            matches!(fixture.ends(), RemediationResult::Refused(why) if why.to_string().contains(key))
        );
        assert_eq!(fixture.written(), 0);
    }
    let fixture = Fixture::new(NON_COMPLIANT);
    put(&fixture, "control/kill-switch-account/999999999999", &json!({"by": "ops"}));
    assert_eq!(fixture.ends(), RemediationResult::Restored);
    put(&fixture, "control/kill-switch", &json!({"by": "ops"}));
    let undone = fixture.undo("INC-1", 0).unwrap();
    assert_eq!(
        (undone.result, fixture.state()),
        (RemediationResult::Restored, Some(NON_COMPLIANT)),
        "a kill switch does not stop an undo"
    );
}

#[test]
fn a_kill_switch_after_a_partial_write_leaves_the_attempt_open() {
    let halted = || {
        let fixture = Fixture::new(NON_COMPLIANT);
        fixture.fake.0.lock().unwrap().switch_after_half = Some(fixture.ledger.clone());
        for _ in 0..3 {
            assert!(
                matches!(fixture.ends(), RemediationResult::Halted(why) if why.to_string().contains("kill-switch"))
            );
        }
        assert_eq!((fixture.state(), fixture.written()), (Some((true, false)), 1), "no rollback");
        assert_eq!((fixture.keys("intents"), fixture.keys("outcomes")), (1, 0));
        fixture
    };
    let fixture = halted();
    fixture.remove(crate::KILL_SWITCH);
    assert_eq!(
        (fixture.ends(), fixture.state(), fixture.keys("intents")),
        (RemediationResult::Restored, Some(COMPLIANT), 1)
    );
    // An undo is possible while the switch is on.
    let fixture = halted();
    assert!(
        matches!(fixture.undo("INC-1", 59_999), Err(ExecutorError::Busy)),
        "an earlier call can still be running"
    );
    let undone = fixture.undo("INC-1", 60_000).unwrap();
    assert_eq!(
        (undone.result, fixture.state()),
        (RemediationResult::Restored, Some(NON_COMPLIANT))
    );
    assert_eq!(
        fixture.keys("outcomes"),
        2,
        "the outcomes of the attempt and the undo are recorded"
    );
}

#[test]
fn an_attempt_whose_worker_can_still_write_is_not_undone() {
    let fixture =
        Fixture::new(NON_COMPLIANT).with(|resource| resource.writes = vec![(throttled(), false)]);
    assert!(fixture.run(&finding(1, "auto"), 0).is_err());
    let fixture = fixture.with(|resource| resource.state = Some((true, false)));
    assert!(matches!(fixture.undo("INC-1", 899_999), Err(ExecutorError::Busy)));
    assert_eq!(fixture.undo("INC-1", 900_000).unwrap().result, RemediationResult::Restored);
    assert_eq!(fixture.state(), Some(NON_COMPLIANT));
}
