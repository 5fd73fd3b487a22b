//! Tests of plans that wait, of the operator's settings and of the ownership of resources.

use std::collections::BTreeMap;

use super::governance::{decide, waiting};
use super::*;
use crate::access::ownership::{OwnershipFuture, OwnershipSource, ResourceOwnership};
use crate::journal::plan_record::{PlanEnd, PlanJournal, PlanRecord};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A fixed ownership.
#[derive(Clone)]
struct Owned(ResourceOwnership);

impl OwnershipSource for Owned {
    fn read_ownership<'a>(
        &'a self,
        _: &'a TargetResource,
        _: Option<&'a str>,
        _: bool,
    ) -> OwnershipFuture<'a> {
        Box::pin(std::future::ready(self.0.clone()))
    }
}

fn with_settings(text: &str) -> Fixture {
    let mut fixture = Fixture::new(NON_COMPLIANT);
    fixture.settings.operator = OperatorSettings::parse_file("remediation.yaml", text).unwrap();
    fixture
}

fn ends_at(fixture: &Fixture, number: u32, mode: &str, now: i64) -> RemediationOutcome {
    fixture.run(&finding(number, mode), now).unwrap().unwrap()
}

fn waiting_plans(fixture: &Fixture, now: i64) -> Vec<PlanRecord> {
    let (plans, unreadable) =
        block_on(PlanJournal::new(fixture.ledger.clone()).list_waiting(now)).unwrap();
    assert!(unreadable.is_empty(), "{unreadable:?}");
    plans
}

#[test]
fn a_plan_that_waits_is_recorded_once_with_all_that_a_decision_needs() {
    let fixture = Fixture::new(NON_COMPLIANT).with(|resource| {
        resource.asks = Some("others use it".to_owned());
    });
    let first = ends_at(&fixture, 1, "approve", 5).plan.unwrap();
    assert_eq!(ends_at(&fixture, 1, "approve", HOUR).plan, Some(first.clone()));
    assert_eq!(waiting_plans(&fixture, HOUR), [*first.clone()]);
    let first_plan = *first.clone();
    let PlanRecord { before, after, questions, calls, actor, resource, planned_at, .. } = *first;
    assert_eq!((before, after), (json!([false, false]), json!([true, true])));
    assert_eq!((questions, calls), (vec!["others use it".to_owned()], vec!["fake:Set".to_owned()]));
    assert_eq!((actor.as_str(), resource.as_str(), planned_at), ("mara", "r", 5));

    // Another state gives another plan, which replaces the first one.
    let fixture = fixture.with(|resource| resource.state = Some((false, true)));
    let outcome = ends_at(&fixture, 1, "approve", 2 * HOUR);
    let notified = |plan| {
        let outcome = RemediationOutcome { plan, ..outcome.clone() };
        JournalKeys::for_target(&violation(1, "approve").target).notified_key(&outcome)
    };
    let announced = notified(Some(Box::new(first_plan)));
    assert_ne!(announced, notified(outcome.plan.clone()), "the new plan is announced, too");
    let second = outcome.plan.unwrap();
    assert_eq!((second.number, waiting_plans(&fixture, 2 * HOUR).len()), (1, 1));

    // The plan ends when an attempt starts.
    decide(
        &fixture,
        1,
        &second.plan,
        &json!({"approver": "ops", "expires": DAY, "approved": true}),
    );
    assert_eq!(ends_at(&fixture, 1, "approve", 2 * HOUR).result, RemediationResult::Restored);
    assert!(waiting_plans(&fixture, 2 * HOUR).is_empty());
    let journal = PlanJournal::new(fixture.ledger.clone());
    assert_eq!(block_on(journal.find_end(&second)).unwrap(), Some(PlanEnd::Started));
}

#[test]
fn a_plan_of_a_resource_that_became_compliant_ends() {
    let fixture = Fixture::new(NON_COMPLIANT);
    waiting(&fixture, 1);
    let fixture = fixture.with(|resource| resource.state = Some(COMPLIANT));
    assert_eq!(ends_at(&fixture, 1, "approve", 1).result, RemediationResult::Compliant);
    assert!(waiting_plans(&fixture, 1).is_empty());
}

#[test]
fn the_mode_warn_applies_an_announced_plan_after_the_waiting_time() {
    let fixture = with_settings("warnings: {waitHours: 48}");
    let outcome = ends_at(&fixture, 1, "warn", DAY);
    let RemediationResult::Scheduled(text) = &outcome.result else { panic!("{outcome:?}") };
    assert!(text.contains("1970-01-04T00:00:00Z"), "{text}");
    assert_eq!(outcome.plan.unwrap().acts_at, Some(3 * DAY));
    // The waiting time begins with the announcement, not with each delivery.
    assert!(matches!(
        ends_at(&fixture, 1, "warn", 3 * DAY - 1).result,
        RemediationResult::Scheduled(_)
    ));
    assert_eq!(fixture.written(), 0);
    assert_eq!(ends_at(&fixture, 1, "warn", 3 * DAY).result, RemediationResult::Restored);
}

#[test]
fn a_change_or_a_rejection_stops_a_warned_plan() {
    let fixture = with_settings("{}");
    let plan = ends_at(&fixture, 1, "warn", 0).plan.unwrap();
    decide(
        &fixture,
        1,
        &plan.plan,
        &json!({"approver": "owner", "expires": i64::MAX, "approved": false}),
    );
    let ended = ends_at(&fixture, 1, "warn", DAY).result;
    assert!(
        matches!(&ended, RemediationResult::Refused(why) if why.to_string().contains("rejected by owner"))
    );
    // After a change, the waiting time begins again.
    let fixture = with_settings("{}");
    ends_at(&fixture, 1, "warn", 0);
    let fixture = fixture.with(|resource| resource.state = Some((false, true)));
    assert!(matches!(ends_at(&fixture, 1, "warn", DAY).result, RemediationResult::Scheduled(_)));
    // A question needs an approval in this mode, too.
    let fixture = with_settings("{}").with(|resource| resource.asks = Some("why".to_owned()));
    assert!(matches!(
        ends_at(&fixture, 1, "warn", 0).result,
        RemediationResult::AwaitingApproval(_)
    ));
}

#[test]
fn a_remediation_begins_only_in_a_maintenance_window() {
    let fixture = with_settings("maintenanceWindows: [{start: '22:00', hours: 2}]");
    let outcome = ends_at(&fixture, 1, "auto", 0);
    assert!(matches!(outcome.result, RemediationResult::Scheduled(_)), "{outcome:?}");
    assert_eq!(outcome.plan.unwrap().acts_at, Some(22 * HOUR));
    assert_eq!(ends_at(&fixture, 1, "auto", 23 * HOUR).result, RemediationResult::Restored);
}

#[test]
fn the_operator_sets_limits_and_a_person_can_override_them() {
    let fixture = with_settings("limits: [{policies: ['a-*'], policyAttempts: 0}]");
    let outcome = ends_at(&fixture, 1, "auto", 0);
    let RemediationResult::Refused(reason) = &outcome.result else { panic!("{outcome:?}") };
    assert_eq!(reason.refusal_code().as_str(), "budget-exhausted");
    let plan = outcome.plan.unwrap().plan;
    let approval = |overrides: bool| json!({"approver": "ops", "expires": DAY, "approved": true, "overrides_limits": overrides});
    decide(&fixture, 1, &plan, &approval(false));
    assert!(matches!(ends_at(&fixture, 1, "auto", 0).result, RemediationResult::Refused(_)));
    decide(&fixture, 1, &plan, &approval(true));
    assert_eq!(ends_at(&fixture, 1, "auto", 0).result, RemediationResult::Restored);
}

#[test]
fn the_operator_sets_who_may_approve() {
    let fixture = with_settings("approvers: [{principals: ['*role/security/*']}]");
    for (number, approver, code) in [
        (1, "arn:aws:sts::999900001111:assumed-role/dev/ana", Some("approver-not-listed")),
        (2, "arn:aws:sts::999900001111:assumed-role/security/ana", None),
    ] {
        let plan = waiting(&fixture, number);
        let decision = json!({"approver": approver, "expires": DAY, "approved": true});
        decide(&fixture, number, &plan, &decision);
        let ended = ends_at(&fixture, number, "approve", 0).result;
        let refusal = ended.refusal_reason().map(|reason| reason.refusal_code().as_str());
        assert_eq!(refusal, code, "{ended:?}");
    }
}

#[test]
fn tags_and_stacks_are_respected() {
    let tagged = |key: &str, value: &str| ResourceOwnership {
        tags: Some(BTreeMap::from([(key.to_owned(), value.to_owned())])),
        ..ResourceOwnership::default()
    };
    let stack =
        ResourceOwnership { stack: Some("shop".to_owned()), ..ResourceOwnership::default() };
    let ends = |settings: &str, ownership: &ResourceOwnership| {
        let fixture = with_settings(settings);
        let executor = fixture.executor().with_ownership(Some(Arc::new(Owned(ownership.clone()))));
        let outcome = block_on(executor.remediate_violation(&violation(1, "auto"), 0)).unwrap();
        let code = outcome.result.refusal_reason().map(|reason| reason.refusal_code().as_str());
        (outcome.result.result_code(), code, outcome.plan)
    };
    let opted_out = tagged("evenkeel:opt-out", "true");
    assert_eq!(ends("{}", &opted_out).1, Some("opted-out"));
    assert_eq!(ends("{}", &tagged("evenkeel:opt-out", "false")).0, "RESTORED");
    assert_eq!(ends("tags: {optOut: leave}", &opted_out).0, "RESTORED");
    let (code, _, plan) = ends("{}", &stack);
    assert!(code == "WAITING_FOR_APPROVAL" && plan.unwrap().questions[0].contains("`shop`"));
    assert_eq!(ends("managedResources: report", &stack).1, Some("managed-by-stack"));
    assert_eq!(ends("managedResources: remediate", &stack).0, "RESTORED");
    let settings = "maximumModes: [{tags: {env: prod}, mode: approve}]";
    assert_eq!(ends(settings, &tagged("env", "dev")).0, "RESTORED");
    let (code, _, plan) = ends(settings, &tagged("env", "prod"));
    assert!(code == "WAITING_FOR_APPROVAL" && plan.is_some());
    assert_eq!(ends(settings, &ResourceOwnership::default()).0, "WAITING_FOR_APPROVAL");
    let unread = ResourceOwnership { unreadable: vec!["x".to_owned()], ..tagged("owner", "team") };
    let plan = ends("{}", &unread).2.unwrap();
    assert_eq!((plan.owner.as_deref(), plan.questions.len()), (Some("team"), 1));
}

#[test]
fn policies_share_the_limits_and_the_lock_of_a_resource() {
    let fixture = Fixture::new(NON_COMPLIANT);
    let of_policy = |number: u32, policy: &str| {
        let mut record = finding(number, "auto");
        record["finding_info"]["analytic"]["uid"] = json!(policy);
        fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
        fixture.run(&record, i64::from(number)).unwrap().unwrap().result
    };
    assert_eq!(of_policy(1, "one"), RemediationResult::Restored);
    assert_eq!(of_policy(2, "two"), RemediationResult::Restored);
    let third = of_policy(3, "three");
    let code = third.refusal_reason().map(|reason| reason.refusal_code().as_str());
    assert_eq!(code, Some("state-reversed"), "{third:?}");

    // While an attempt for one policy is open, a finding of another policy waits.
    let fixture = Fixture::new(NON_COMPLIANT);
    fixture.fake.0.lock().unwrap().switch_after_half = Some(fixture.ledger.clone());
    assert!(matches!(ends_at(&fixture, 1, "auto", 0).result, RemediationResult::Halted(_)));
    fixture.remove(crate::KILL_SWITCH);
    let mut other = finding(2, "auto");
    other["finding_info"]["analytic"]["uid"] = json!("two");
    assert!(matches!(fixture.run(&other, 1), Err(ExecutorError::Busy)));
    let late = fixture.run(&other, DAY).unwrap().unwrap().result;
    let code = late.refusal_reason().map(|reason| reason.refusal_code().as_str());
    assert_eq!((code, fixture.written()), (Some("attempt-open"), 1));
}

#[test]
fn a_state_that_returns_every_day_is_not_fought_for_ever() {
    let fixture = Fixture::new(NON_COMPLIANT);
    let mut codes = Vec::new();
    for night in 0..4 {
        fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
        let number = u32::try_from(night).unwrap() + 1;
        codes.push(ends_at(&fixture, number, "auto", night * DAY * 2).result.result_code());
    }
    assert_eq!(codes, ["RESTORED", "RESTORED", "REFUSED", "REFUSED"]);
}

/// Remediates the first finding and undoes the remediation.
fn undone() -> Fixture {
    let fixture = Fixture::new(NON_COMPLIANT);
    assert_eq!(ends_at(&fixture, 1, "auto", 0).result, RemediationResult::Restored);
    assert_eq!(fixture.undo("a test", DAY).unwrap().result, RemediationResult::Restored);
    assert_eq!(ends_at(&fixture, 2, "auto", DAY).result.result_code(), "WAITING_FOR_APPROVAL");
    fixture
}

#[test]
fn an_undo_holds_until_the_resource_was_compliant_or_the_hold_time_ends() {
    let fixture = undone().with(|resource| resource.state = Some(COMPLIANT));
    assert_eq!(ends_at(&fixture, 3, "auto", DAY).result, RemediationResult::Compliant);
    let fixture = fixture.with(|resource| resource.state = Some(NON_COMPLIANT));
    assert_eq!(ends_at(&fixture, 4, "auto", DAY).result, RemediationResult::Restored);

    let fixture = undone();
    assert_eq!(
        ends_at(&fixture, 3, "auto", 31 * DAY - 1).result.result_code(),
        "WAITING_FOR_APPROVAL"
    );
    assert_eq!(ends_at(&fixture, 4, "auto", 31 * DAY).result, RemediationResult::Restored);
}

#[test]
fn one_remediator_can_be_stopped() {
    let fixture = Fixture::new(NON_COMPLIANT);
    let key = format!("{}-remediator/fake", crate::KILL_SWITCH);
    super::governance::put(&fixture, &key, &json!({}));
    let ended = ends_at(&fixture, 1, "auto", 0).result;
    let code = ended.refusal_reason().map(|reason| reason.refusal_code().as_str());
    assert!(code == Some("kill-switch") && KillSwitch::is_switch_key(&key), "{ended:?}");
}
