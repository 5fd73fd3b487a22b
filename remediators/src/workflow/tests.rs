//! One resource, and all that AWS, people and machines do to a remediation of it.

mod governance;
mod interruptions;
mod kill_switch;

use evenkeel_rules::policy::SafetyTier;
use std::sync::{Arc, Mutex};

use evenkeel_ledger::Ledger;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::{Value, json};

use super::*;
use crate::remediator::Remediator;
use crate::remediator::spec::RemediatorSpec;
use crate::violation::{PolicyViolationError, TargetResource};

/// A resource of two properties, and what happens to those who touch it.
#[derive(Debug, Default)]
struct World {
    /// It should be `(true, true)`.
    state: Option<(bool, bool)>,
    /// What the next reads answer, the next one first.
    reads: Vec<AwsFailure>,
    /// What the next writes answer, and whether they do a half before.
    writes: Vec<(AwsFailure, bool)>,
    /// Somebody sets this after the next read.
    after_read: Option<(bool, bool)>,
    /// Somebody sets this after the next write.
    after_write: Option<(bool, bool)>,
    /// Somebody throws the kill switch in this ledger when the next write has done its half.
    switch_after_half: Option<Ledger>,
    /// What the check before the write asks a person.
    asks: Option<String>,
    /// So many writes were made.
    written: usize,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<World>>);

impl Fake {
    fn write_half(&self, state: (bool, bool)) {
        let mut world = self.0.lock().unwrap();
        world.written = world.written.saturating_add(1);
        world.state = world.state.map(|was| (state.0, was.1));
    }
}

impl Remediator for Fake {
    type State = (bool, bool);

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "fake",
        permissions: &["fake:Get", "fake:Set"],
        tier: Some(SafetyTier::A),
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &(bool, bool), _: &(bool, bool)) -> Vec<&'static str> {
        vec!["fake:Set"]
    }

    async fn observe_state(&self, _: &TargetResource) -> Result<(bool, bool), AwsFailure> {
        interruptions::step().await;
        let mut world = self.0.lock().unwrap();
        if !world.reads.is_empty() {
            return Err(world.reads.remove(0));
        }
        let state = world.state.ok_or(AwsFailure::NotFound)?;
        if let Some(other) = world.after_read.take() {
            world.state = Some(other);
        }
        Ok(state)
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &(bool, bool),
    ) -> RemediationPlan<(bool, bool)> {
        match before {
            (true, true) => RemediationPlan::Nothing,
            _ if target.id == "protected" => RemediationPlan::leave_to_person("it is protected"),
            _ => RemediationPlan::Change((true, true)),
        }
    }

    async fn check_preconditions(
        &self,
        _: &TargetResource,
        _: &(bool, bool),
        _: &(bool, bool),
    ) -> Result<PrecheckResult, AwsFailure> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .asks
            .clone()
            .map_or(PrecheckResult::Proceed, PrecheckResult::RequireApproval))
    }

    fn is_partial_state(seen: &(bool, bool), before: &(bool, bool), after: &(bool, bool)) -> bool {
        [before.0, after.0].contains(&seen.0) && [before.1, after.1].contains(&seen.1)
    }

    async fn apply_state(
        &self,
        _: &TargetResource,
        state: &(bool, bool),
    ) -> Result<(), AwsFailure> {
        interruptions::step().await;
        let switch = self.0.lock().unwrap().switch_after_half.take();
        if let Some(ledger) = switch {
            self.write_half(*state);
            ledger.write_record(crate::KILL_SWITCH, b"{}").await.unwrap();
            return Err(AwsFailure::Retryable("the kill switch".to_owned()));
        }
        let mut world = self.0.lock().unwrap();
        world.written = world.written.saturating_add(1);
        if !world.writes.is_empty() {
            let (refused, half) = world.writes.remove(0);
            if half {
                world.state = world.state.map(|was| (state.0, was.1));
            }
            return Err(refused);
        }
        world.state = Some(*state);
        if let Some(other) = world.after_write.take() {
            world.state = Some(other);
        }
        Ok(())
    }
}

/// A finding's record: the `number`th.
fn finding(number: u32, mode: &str) -> Value {
    json!({
        "finding_info": {
            "uid": format!("00000000-0000-4000-8000-{number:012}"), "analytic": {"uid": "a-policy"}
        },
        "time": 1_773_240_333_000_i64,
        "compliance": {"status_code": "NON_COMPLIANT"},
        "cloud": {"account": {"uid": "111122223333"}, "region": "eu-central-1"},
        "resources": [{"type": "T", "name": "r"}],
        "evidences": [{"actor": {"user": {"uid": "mara"}}}],
        "unmapped": {"remediation": {"run": "fake", "mode": mode}}
    })
}

/// The same as a violation.
fn violation(number: u32, mode: &str) -> PolicyViolation {
    PolicyViolation::from_record(finding(number, mode).to_string().as_bytes()).unwrap()
}

/// A world, a ledger, and what drives between them.
struct Stage {
    fake: Fake,
    store: Arc<InMemory>,
    ledger: Ledger,
    settings: ExecutorSettings,
}

const BROKEN: (bool, bool) = (false, false);
const WHOLE: (bool, bool) = (true, true);

impl Stage {
    fn new(state: (bool, bool)) -> Stage {
        let fake = Fake::default();
        fake.0.lock().unwrap().state = Some(state);
        let store = Arc::new(InMemory::new());
        let ledger = Ledger::from_store(Arc::clone(&store) as Arc<dyn ObjectStore>);
        let settings = ExecutorSettings {
            maximum_mode: RemediationMode::Auto,
            limits: RetryLimits::default(),
            budget: DailyBudget::default(),
        };
        Stage { fake, store, ledger, settings }
    }

    fn with(self, change: impl FnOnce(&mut World)) -> Stage {
        change(&mut self.fake.0.lock().unwrap());
        self
    }

    /// What a person undoes of the first attempt.
    fn undo(&self, reason: &str, now: i64) -> ExecutorResult<RemediationOutcome> {
        let target = violation(1, "auto").target;
        let request = UndoRequest { by: "arn:aws:iam::111122223333:user/ines", reason };
        block_on(self.drive().undo_attempt(&target, 1, request, now))
    }

    fn remove(&self, key: &str) {
        block_on(self.store.delete(&key.into())).unwrap();
    }

    fn drive(&self) -> RemediationExecutor {
        RemediationExecutor::new(Box::new(self.fake.clone()), self.ledger.clone(), self.settings)
    }

    /// What comes of a finding's record; none where nothing may be done about it.
    fn run(&self, record: &Value, now: i64) -> ExecutorResult<Option<RemediationOutcome>> {
        match PolicyViolation::from_record(record.to_string().as_bytes()) {
            Ok(violation) => block_on(self.drive().remediate_violation(&violation, now)).map(Some),
            Err(PolicyViolationError::InvalidRecord(error)) => panic!("{error}"),
            Err(_) => Ok(None),
        }
    }

    /// How it ends for the first finding.
    fn ends(&self) -> RemediationResult {
        self.run(&finding(1, "auto"), 0).unwrap().unwrap().result
    }

    fn state(&self) -> Option<(bool, bool)> {
        self.fake.0.lock().unwrap().state
    }

    fn written(&self) -> usize {
        self.fake.0.lock().unwrap().written
    }

    fn keys(&self, prefix: &str) -> usize {
        block_on(self.ledger.list_keys(prefix)).unwrap().len()
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn later() -> AwsFailure {
    AwsFailure::Retryable("throttled".to_owned())
}

fn denied() -> AwsFailure {
    AwsFailure::Denied("no".to_owned())
}

#[test]
fn what_violates_is_restored_once_and_recorded() {
    let stage = Stage::new((true, false));
    assert_eq!((stage.ends(), stage.state()), (RemediationResult::Restored, Some(WHOLE)));
    assert_eq!((stage.keys("intents"), stage.keys("before"), stage.keys("outcomes")), (1, 1, 1));
    for _ in 0..10 {
        assert_eq!(stage.ends(), RemediationResult::Restored, "the same message again");
    }
    // A person's undo is not undone by a message that comes late; only by a person.
    stage.undo("INC-1", 0).unwrap();
    assert!(
        matches!(stage.ends(), RemediationResult::Refused(why) if why.to_string().contains("has undone that"))
    );
    assert_eq!((stage.state(), stage.written()), (Some((true, false)), 2));
    let (again, _) = governance::approve_again(&stage, 1);
    assert_eq!(
        (again.result, again.attempt, stage.state()),
        (RemediationResult::Restored, Some(2), Some(WHOLE))
    );
    assert_eq!(stage.ends(), RemediationResult::Restored, "what a person did stands");
}

#[test]
fn a_read_that_fails_writes_nothing() {
    let cases = [
        (later(), None),
        (denied(), Some(RemediationResult::Refused(RefusalReason::AccessDenied("no".to_owned())))),
        (AwsFailure::NotFound, Some(RemediationResult::ResourceGone)),
    ];
    for (refused, ended) in cases {
        let stage = Stage::new(BROKEN).with(|world| world.reads = vec![refused]);
        let outcome = stage.run(&finding(1, "auto"), 0).ok().flatten();
        assert_eq!(outcome.map(|outcome| outcome.result), ended);
        assert_eq!((stage.written(), stage.keys("intents")), (0, 0));
    }
}

#[test]
fn a_state_that_somebody_changes_between_the_reads_is_planned_anew() {
    let stage = Stage::new(BROKEN).with(|world| world.after_read = Some(WHOLE));
    assert_eq!((stage.ends(), stage.written()), (RemediationResult::Compliant, 0));
    assert!(stage.undo("INC-1", 0).is_err(), "another's repair is not undone");
    let stage = Stage::new(BROKEN).with(|world| world.after_read = Some((true, false)));
    assert_eq!((stage.ends(), stage.written()), (RemediationResult::Restored, 1));
}

#[test]
fn a_write_that_fails_is_told_from_one_that_half_happened() {
    let failed =
        |refused, half| Stage::new(BROKEN).with(|world| world.writes = vec![(refused, half)]);
    let stage = failed(denied(), false);
    assert_eq!(stage.ends(), RemediationResult::Failed("not allowed: no".to_owned()));
    let stage = failed(later(), true);
    let outcome = stage.run(&finding(1, "auto"), 0).unwrap().unwrap();
    assert_eq!(outcome.result, RemediationResult::RolledBack("throttled".to_owned()));
    assert_eq!(stage.state(), Some(BROKEN), "what was written in part is set back");
    assert_eq!(outcome.state, Some(json!(BROKEN)), "the state after it was set back is recorded");
    let record = block_on(stage.ledger.list_keys("outcomes")).unwrap().remove(0);
    let record: Value =
        serde_json::from_slice(&block_on(stage.ledger.read_record(&record)).unwrap()).unwrap();
    assert_eq!(record["unmapped"]["state"], json!(BROKEN));
    // Nothing is known of it: the message comes again, and the same attempt goes on.
    let stage = failed(later(), false);
    assert!(stage.run(&finding(1, "auto"), 0).is_err());
    assert_eq!((stage.ends(), stage.keys("intents")), (RemediationResult::Restored, 1));
}

#[test]
fn a_change_by_somebody_else_after_ours_is_not_written_over() {
    let stage = Stage::new(BROKEN).with(|world| world.after_write = Some((false, true)));
    assert_eq!(
        stage.ends(),
        RemediationResult::Failed("somebody else changed it right after".to_owned())
    );
    assert_eq!((stage.state(), stage.written()), (Some((false, true)), 1));
}

#[test]
fn an_attempt_that_ended_in_what_somebody_else_made_is_not_undone() {
    let stage = Stage::new((true, false)).with(|world| world.after_write = Some((false, true)));
    assert!(matches!(stage.ends(), RemediationResult::Failed(_)));
    assert!(matches!(stage.undo("INC-1", 0), Err(ExecutorError::NoAttempt(1))));
    assert_eq!((stage.state(), stage.written()), (Some((false, true)), 1));
}

#[test]
fn an_undo_gives_the_state_before_and_refuses_what_was_changed_since() {
    let stage = Stage::new((false, true));
    assert!(stage.undo("INC-1", 0).is_err(), "nothing was done yet");
    stage.ends();
    let undone = stage.undo("INC-1", 0).unwrap();
    assert_eq!((undone.result, stage.state()), (RemediationResult::Restored, Some((false, true))));
    let again = stage.undo("INC-1", 0).unwrap();
    assert_eq!(again.result, RemediationResult::Compliant);
    let stage = Stage::new((false, true));
    stage.ends();
    let stage = stage.with(|world| world.state = Some((true, false)));
    let refused = stage.undo("INC-1", 0).unwrap().result;
    let (is, left) = (json!([true, false]), json!([true, true]));
    assert_eq!(refused, RemediationResult::Refused(RefusalReason::ChangedSince { is, left }));
    assert_eq!(stage.state(), Some((true, false)));
}
