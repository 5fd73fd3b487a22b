//! Tests of the executor with one fake resource, an in-memory ledger, failures and concurrent
//! changes.

mod governance;
mod interruptions;
mod kill_switch;
mod pending;

use evenkeel_rules::policy::SafetyTier;
use std::sync::{Arc, Mutex};

use evenkeel_ledger::Ledger;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::{Value, json};

use super::*;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{RemediationPlan, Remediator};
use crate::violation::{PolicyViolationError, TargetResource};

/// A resource with two properties, and the failures and changes that happen to it.
#[derive(Debug, Default)]
struct FakeResource {
    /// The state. It is compliant if it is `(true, true)`.
    state: Option<(bool, bool)>,
    /// The failures of the next reads.
    reads: Vec<AwsFailure>,
    /// The failures of the next writes, and whether each write sets the first property before it
    /// fails.
    writes: Vec<(AwsFailure, bool)>,
    /// The state that somebody else sets after the next read.
    after_read: Option<(bool, bool)>,
    /// The state that somebody else sets after the next write.
    after_write: Option<(bool, bool)>,
    /// The ledger in which the resource sets a kill switch, after the next write has set the first
    /// property.
    switch_after_half: Option<Ledger>,
    /// The reason why the precondition check requires an approval.
    asks: Option<String>,
    /// The number of writes.
    written: usize,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<FakeResource>>);

impl Fake {
    fn write_half(&self, state: (bool, bool)) {
        let mut resource = self.0.lock().unwrap();
        resource.written = resource.written.saturating_add(1);
        resource.state = resource.state.map(|was| (state.0, was.1));
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
        let mut resource = self.0.lock().unwrap();
        if !resource.reads.is_empty() {
            return Err(resource.reads.remove(0));
        }
        let state = resource.state.ok_or(AwsFailure::NotFound)?;
        if let Some(other) = resource.after_read.take() {
            resource.state = Some(other);
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
        let mut resource = self.0.lock().unwrap();
        resource.written = resource.written.saturating_add(1);
        if !resource.writes.is_empty() {
            let (refused, half) = resource.writes.remove(0);
            if half {
                resource.state = resource.state.map(|was| (state.0, was.1));
            }
            return Err(refused);
        }
        resource.state = Some(*state);
        if let Some(other) = resource.after_write.take() {
            resource.state = Some(other);
        }
        Ok(())
    }
}

/// Returns the record of the finding with this number.
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

/// Returns the violation of the finding with this number.
fn violation(number: u32, mode: &str) -> PolicyViolation {
    PolicyViolation::from_record(finding(number, mode).to_string().as_bytes()).unwrap()
}

/// A fake resource, a ledger, and the settings of the executor.
struct Fixture {
    fake: Fake,
    store: Arc<InMemory>,
    ledger: Ledger,
    settings: ExecutorSettings,
}

const NON_COMPLIANT: (bool, bool) = (false, false);
const COMPLIANT: (bool, bool) = (true, true);

impl Fixture {
    fn new(state: (bool, bool)) -> Fixture {
        let fake = Fake::default();
        fake.0.lock().unwrap().state = Some(state);
        let store = Arc::new(InMemory::new());
        let ledger = Ledger::from_store(Arc::clone(&store) as Arc<dyn ObjectStore>);
        let settings = ExecutorSettings {
            maximum_mode: RemediationMode::Auto,
            limits: RetryLimits::default(),
            budget: DailyBudget::default(),
            operator: OperatorSettings::default(),
        };
        Fixture { fake, store, ledger, settings }
    }

    fn with(self, change: impl FnOnce(&mut FakeResource)) -> Fixture {
        change(&mut self.fake.0.lock().unwrap());
        self
    }

    /// Undoes the first attempt.
    fn undo(&self, reason: &str, now: i64) -> ExecutorResult<RemediationOutcome> {
        let target = violation(1, "auto").target;
        let request = UndoRequest { by: "arn:aws:iam::111122223333:user/ines", reason };
        block_on(self.executor().undo_attempt(&target, 1, request, now))
    }

    fn remove(&self, key: &str) {
        block_on(self.store.delete(&key.into())).unwrap();
    }

    fn executor(&self) -> RemediationExecutor {
        RemediationExecutor::new(
            Box::new(self.fake.clone()),
            self.ledger.clone(),
            self.settings.clone(),
        )
    }

    /// Remediates the finding of a record. Returns `None` if the finding cannot be remediated.
    fn run(&self, record: &Value, now: i64) -> ExecutorResult<Option<RemediationOutcome>> {
        match PolicyViolation::from_record(record.to_string().as_bytes()) {
            Ok(violation) => {
                block_on(self.executor().remediate_violation(&violation, now)).map(Some)
            }
            Err(PolicyViolationError::InvalidRecord(error)) => panic!("{error}"),
            Err(_) => Ok(None),
        }
    }

    /// Remediates the first finding and returns the result.
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

fn throttled() -> AwsFailure {
    AwsFailure::Retryable("throttled".to_owned())
}

fn denied() -> AwsFailure {
    AwsFailure::Denied("no".to_owned())
}

#[test]
fn a_violation_is_remediated_once_and_recorded() {
    let fixture = Fixture::new((true, false));
    assert_eq!((fixture.ends(), fixture.state()), (RemediationResult::Restored, Some(COMPLIANT)));
    assert_eq!(
        (fixture.keys("intents"), fixture.keys("before"), fixture.keys("outcomes")),
        (1, 1, 1)
    );
    for _ in 0..10 {
        assert_eq!(fixture.ends(), RemediationResult::Restored, "the message is delivered again");
    }
    // Only a person can reverse the undo of a person; a late message cannot.
    fixture.undo("INC-1", 0).unwrap();
    assert!(
        matches!(fixture.ends(), RemediationResult::Refused(why) if why.to_string().contains("a person has undone it"))
    );
    assert_eq!((fixture.state(), fixture.written()), (Some((true, false)), 2));
    let (again, _) = governance::approve_again(&fixture, 1);
    assert_eq!(
        (again.result, again.attempt, fixture.state()),
        (RemediationResult::Restored, Some(2), Some(COMPLIANT))
    );
    assert_eq!(fixture.ends(), RemediationResult::Restored, "the approved attempt is reported");
}

#[test]
fn a_failed_read_leads_to_no_write() {
    let cases = [
        (throttled(), None),
        (denied(), Some(RemediationResult::Refused(RefusalReason::AccessDenied("no".to_owned())))),
        (AwsFailure::NotFound, Some(RemediationResult::ResourceGone)),
    ];
    for (refused, ended) in cases {
        let fixture = Fixture::new(NON_COMPLIANT).with(|resource| resource.reads = vec![refused]);
        let outcome = fixture.run(&finding(1, "auto"), 0).ok().flatten();
        assert_eq!(outcome.map(|outcome| outcome.result), ended);
        assert_eq!((fixture.written(), fixture.keys("intents")), (0, 0));
    }
}

#[test]
fn a_change_between_the_reads_leads_to_a_new_plan() {
    let fixture =
        Fixture::new(NON_COMPLIANT).with(|resource| resource.after_read = Some(COMPLIANT));
    assert_eq!((fixture.ends(), fixture.written()), (RemediationResult::Compliant, 0));
    assert!(fixture.undo("INC-1", 0).is_err(), "a change by somebody else is not undone");
    let fixture =
        Fixture::new(NON_COMPLIANT).with(|resource| resource.after_read = Some((true, false)));
    assert_eq!((fixture.ends(), fixture.written()), (RemediationResult::Restored, 1));
}

#[test]
fn failed_and_partial_writes_are_distinguished() {
    let failed = |refused, half| {
        Fixture::new(NON_COMPLIANT).with(|resource| resource.writes = vec![(refused, half)])
    };
    let fixture = failed(denied(), false);
    assert_eq!(fixture.ends(), RemediationResult::Failed(denied().to_string()));
    let fixture = failed(throttled(), true);
    let outcome = fixture.run(&finding(1, "auto"), 0).unwrap().unwrap();
    assert_eq!(outcome.result, RemediationResult::RolledBack("throttled".to_owned()));
    assert_eq!(fixture.state(), Some(NON_COMPLIANT), "a partial write is rolled back");
    assert_eq!(outcome.state, Some(json!(NON_COMPLIANT)), "the restored state is recorded");
    let record = block_on(fixture.ledger.list_keys("outcomes")).unwrap().remove(0);
    let record: Value =
        serde_json::from_slice(&block_on(fixture.ledger.read_record(&record)).unwrap()).unwrap();
    assert_eq!(record["unmapped"]["state"], json!(NON_COMPLIANT));
    // The effect of the write is unknown: the next delivery continues the same attempt.
    let fixture = failed(throttled(), false);
    assert!(fixture.run(&finding(1, "auto"), 0).is_err());
    assert_eq!((fixture.ends(), fixture.keys("intents")), (RemediationResult::Restored, 1));
}

#[test]
fn a_later_change_by_somebody_else_is_not_overwritten() {
    let fixture =
        Fixture::new(NON_COMPLIANT).with(|resource| resource.after_write = Some((false, true)));
    assert_eq!(fixture.ends(), RemediationResult::Failed(OVERWRITTEN.to_owned()));
    assert_eq!((fixture.state(), fixture.written()), (Some((false, true)), 1));
}

#[test]
fn a_state_that_somebody_else_wrote_is_not_undone() {
    let fixture =
        Fixture::new((true, false)).with(|resource| resource.after_write = Some((false, true)));
    assert!(matches!(fixture.ends(), RemediationResult::Failed(_)));
    assert!(matches!(fixture.undo("INC-1", 0), Err(ExecutorError::NoAttempt(1))));
    assert_eq!((fixture.state(), fixture.written()), (Some((false, true)), 1));
}

#[test]
fn an_undo_restores_the_prior_state_unless_it_was_changed_since() {
    let fixture = Fixture::new((false, true));
    assert!(fixture.undo("INC-1", 0).is_err(), "there is no attempt yet");
    fixture.ends();
    let undone = fixture.undo("INC-1", 0).unwrap();
    assert_eq!(
        (undone.result, fixture.state()),
        (RemediationResult::Restored, Some((false, true)))
    );
    let again = fixture.undo("INC-1", 0).unwrap();
    assert_eq!(again.result, RemediationResult::Compliant);
    let fixture = Fixture::new((false, true));
    fixture.ends();
    let fixture = fixture.with(|resource| resource.state = Some((true, false)));
    let refused = fixture.undo("INC-1", 0).unwrap().result;
    let (is, left) = (json!([true, false]), json!([true, true]));
    assert_eq!(refused, RemediationResult::Refused(RefusalReason::ChangedSince { is, left }));
    assert_eq!(fixture.state(), Some((true, false)));
}
