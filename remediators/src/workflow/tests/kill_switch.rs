//! A kill switch stops every write.

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
        let stage = Stage::new(BROKEN);
        put(&stage, key, &json!({"by": "ops"}));
        assert!(
            matches!(stage.ends(), RemediationResult::Refused(why) if why.to_string().contains(key))
        );
        assert_eq!(stage.written(), 0);
    }
    let stage = Stage::new(BROKEN);
    put(&stage, "control/kill-switch-account/999999999999", &json!({"by": "ops"}));
    assert_eq!(stage.ends(), RemediationResult::Restored);
    put(&stage, "control/kill-switch", &json!({"by": "ops"}));
    let undone = stage.undo("INC-1", 0).unwrap();
    assert_eq!(
        (undone.result, stage.state()),
        (RemediationResult::Restored, Some(BROKEN)),
        "an undo goes on"
    );
}

#[test]
fn a_kill_switch_that_comes_after_a_part_was_written_leaves_the_attempt_open() {
    let halted = || {
        let stage = Stage::new(BROKEN);
        stage.fake.0.lock().unwrap().switch_after_half = Some(stage.ledger.clone());
        for _ in 0..3 {
            assert!(
                matches!(stage.ends(), RemediationResult::Halted(why) if why.to_string().contains("kill-switch"))
            );
        }
        assert_eq!((stage.state(), stage.written()), (Some((true, false)), 1), "nor set back");
        assert_eq!((stage.keys("intents"), stage.keys("outcomes")), (1, 0));
        stage
    };
    let stage = halted();
    stage.remove(crate::KILL_SWITCH);
    assert_eq!(
        (stage.ends(), stage.state(), stage.keys("intents")),
        (RemediationResult::Restored, Some(WHOLE), 1)
    );
    // Also while the switch is on.
    let stage = halted();
    assert!(
        matches!(stage.undo("INC-1", 59_999), Err(ExecutorError::Busy)),
        "a call may be under way"
    );
    let undone = stage.undo("INC-1", 60_000).unwrap();
    assert_eq!((undone.result, stage.state()), (RemediationResult::Restored, Some(BROKEN)));
    assert_eq!(stage.keys("outcomes"), 2, "the attempt has ended, and its undo is recorded");
}

#[test]
fn an_attempt_that_its_worker_may_still_write_is_not_undone() {
    let stage = Stage::new(BROKEN).with(|world| world.writes = vec![(later(), false)]);
    assert!(stage.run(&finding(1, "auto"), 0).is_err());
    let stage = stage.with(|world| world.state = Some((true, false)));
    assert!(matches!(stage.undo("INC-1", 899_999), Err(ExecutorError::Busy)));
    assert_eq!(stage.undo("INC-1", 900_000).unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.state(), Some(BROKEN));
}
