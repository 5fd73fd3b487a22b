//! Tests of modes, approvals, waivers, limits and undo.

use super::*;
use crate::remediator::PlanRefusal;

pub(super) fn put(fixture: &Fixture, key: &str, record: &Value) {
    block_on(fixture.ledger.write_record(key, record.to_string().as_bytes())).unwrap();
}

#[test]
fn the_effective_mode_is_the_lower_of_mode_and_maximum_mode() {
    for (mode, maximum) in [
        ("notify", RemediationMode::Auto),
        ("auto", RemediationMode::Notify),
        ("report", RemediationMode::Auto),
    ] {
        let mut fixture = Fixture::new(NON_COMPLIANT);
        fixture.settings.maximum_mode = maximum;
        let outcome = fixture.run(&finding(1, mode), 0).unwrap().unwrap();
        assert!(matches!(outcome.result, RemediationResult::Planned(_)), "{mode} {maximum:?}");
        assert_eq!((fixture.written(), fixture.keys("intents")), (0, 0));
    }
}

/// Returns the hash of the plan that waits for approval.
pub(super) fn waiting(fixture: &Fixture, number: u32) -> String {
    let outcome = fixture.run(&finding(number, "approve"), 0).unwrap().unwrap();
    let RemediationResult::AwaitingApproval(why) = outcome.result else { panic!("{outcome:?}") };
    why.split(' ').nth(1).unwrap().to_owned()
}

fn approval(by: &str, expires: i64, approved: bool) -> Value {
    json!({"approver": by, "expires": expires, "approved": approved})
}

fn uid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Stores a decision on the plan of a finding.
pub(super) fn decide(fixture: &Fixture, number: u32, plan: &str, decision: &Value) {
    let prefix = format!("approvals/{}/{plan}", uid(number));
    put(fixture, &format!("{prefix}/{:06}.json", fixture.keys(&prefix)), decision);
}

/// Approves the plan of a finding and remediates it. Returns the outcome and the hash of the plan.
pub(super) fn approve_again(fixture: &Fixture, number: u32) -> (RemediationOutcome, String) {
    let violation = violation(number, "auto");
    let again = || block_on(fixture.executor().remediate_again(&violation, 0)).unwrap();
    let RemediationResult::AwaitingApproval(why) = again().result else {
        panic!("the plan does not wait for approval")
    };
    let plan = why.split(' ').nth(1).unwrap().to_owned();
    decide(fixture, number, &plan, &approval("ops", 1000, true));
    (again(), plan)
}

#[test]
fn a_decision_is_valid_for_one_plan_until_it_expires_and_not_by_the_violator() {
    let violator = "arn:aws:sts::111122223333:assumed-role/dev/mara";
    let by_role = |session: &str| format!("arn:aws:sts::111122223333:assumed-role/dev/{session}");
    let refusals = [
        (approval("ops", 1001, false), Some("was rejected by ops")),
        (approval("ops", 1000, false), None),
        (approval("ops", 1000, true), None),
        (approval(&by_role("mara"), 1001, true), Some("cannot approve the remediation")),
        (approval(&by_role("mara2"), 1001, true), Some("cannot approve the remediation")),
    ];
    for (decision, why) in refusals {
        let fixture = Fixture::new(NON_COMPLIANT);
        let mut record = finding(1, "approve");
        record["evidences"][0]["actor"]["user"]["uid"] = json!(violator);
        let plan = waiting(&fixture, 1);
        decide(&fixture, 1, &plan, &decision);
        let outcome = fixture.run(&record, 1000).unwrap().unwrap().result;
        let is_expected = match (&outcome, why) {
            (RemediationResult::Refused(text), Some(why)) => text.to_string().contains(why),
            (RemediationResult::AwaitingApproval(text), None) => text.contains("has expired"),
            _ => false,
        };
        assert!(is_expected, "{decision}: {outcome:?}");
        assert_eq!((fixture.written(), fixture.keys("intents")), (0, 0));
    }
    let fixture = Fixture::new(NON_COMPLIANT);
    let plan = waiting(&fixture, 1);
    decide(&fixture, 1, &plan, &approval("ops", 1001, true));
    let fixture = fixture.with(|resource| resource.state = Some((false, true)));
    assert_ne!(waiting(&fixture, 1), plan, "another state leads to another plan");
    let fixture = fixture.with(|resource| resource.state = Some(NON_COMPLIANT));
    let outcome = fixture.run(&finding(1, "approve"), 1000).unwrap().unwrap();
    assert_eq!((outcome.result, fixture.state()), (RemediationResult::Restored, Some(COMPLIANT)));
}

#[test]
fn no_decision_is_valid_for_longer_than_a_week() {
    let fixture = Fixture::new(NON_COMPLIANT);
    let plan = waiting(&fixture, 1);
    decide(&fixture, 1, &plan, &approval("ops", i64::MAX, true));
    let key = format!("approvals/{}/{plan}/000000.json", uid(1));
    let written = block_on(fixture.ledger.written_at(&key)).unwrap();
    let week = 7 * 86_400_000;
    let ends = |now| fixture.run(&finding(1, "approve"), now).unwrap().unwrap().result;
    assert!(
        matches!(ends(written + week), RemediationResult::AwaitingApproval(why) if why.contains("has expired"))
    );
    assert_eq!(ends(written + week - 1), RemediationResult::Restored);
}

#[test]
fn an_approval_is_for_one_finding_and_can_be_used_once() {
    let fixture = Fixture::new(NON_COMPLIANT);
    let plan = waiting(&fixture, 1);
    decide(&fixture, 1, &plan, &approval("ops", 1000, true));
    assert_eq!(waiting(&fixture, 2), plan, "the plan of another finding needs another approval");
    assert_eq!(
        fixture.run(&finding(1, "approve"), 0).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
    let again = block_on(fixture.executor().remediate_again(&violation(1, "approve"), 0));
    let again = again.unwrap().result;
    assert!(
        matches!(again, RemediationResult::AwaitingApproval(why) if why.contains("was already used"))
    );
    assert_eq!(fixture.written(), 1);
}

#[test]
fn an_approval_does_not_cover_a_later_question() {
    let fixture = Fixture::new(NON_COMPLIANT);
    let plan = waiting(&fixture, 1);
    decide(&fixture, 1, &plan, &approval("ops", 1000, true));
    let fixture =
        fixture.with(|resource| resource.asks = Some("another change would go out".to_owned()));
    let outcome = fixture.run(&finding(1, "approve"), 0).unwrap().unwrap().result;
    let waits =
        |why: &str| why.contains("another change would go out") && !why.contains(plan.as_str());
    assert!(
        matches!(&outcome, RemediationResult::AwaitingApproval(why) if waits(why)),
        "{outcome:?}"
    );
    assert_eq!(fixture.written(), 0);
}

#[test]
fn an_undone_remediation_needs_an_approval() {
    let fixture = Fixture::new(NON_COMPLIANT);
    assert_eq!(fixture.ends(), RemediationResult::Restored);
    fixture.undo("the partner needs it", 7).unwrap();
    // The finding of another policy needs the approval as well: it is the same change of the
    // resource.
    for (number, policy) in [(2, "a-policy"), (3, "another-policy")] {
        let mut record = finding(number, "auto");
        record["finding_info"]["analytic"]["uid"] = json!(policy);
        let ended = fixture.run(&record, 8).unwrap().unwrap().result;
        let asks = "user/ines undid this remediation (the partner needs it)";
        assert!(
            matches!(&ended, RemediationResult::AwaitingApproval(why) if why.contains(asks)),
            "{ended:?}"
        );
    }
    assert_eq!((fixture.state(), fixture.written()), (Some(NON_COMPLIANT), 2));
    assert_eq!(approve_again(&fixture, 2).0.result, RemediationResult::Restored);
    fixture.fake.0.lock().unwrap().state = Some((false, true));
    let done = fixture.run(&finding(4, "auto"), 9).unwrap().unwrap().result;
    assert_eq!(done, RemediationResult::Restored, "a person has approved it since");
}

#[test]
fn an_undo_records_person_and_reason_before_it_writes() {
    let fixture = Fixture::new(NON_COMPLIANT);
    assert_eq!(fixture.ends(), RemediationResult::Restored);
    let fixture = fixture.with(|resource| resource.writes = vec![(throttled(), false)]);
    assert!(fixture.undo("INC-1", 7).is_err());
    let read = |prefix: &str, ending: &str| {
        let keys = block_on(fixture.ledger.list_keys(prefix)).unwrap();
        let key = keys.into_iter().find(|key| key.ends_with(ending)).unwrap();
        let record = block_on(fixture.ledger.read_record(&key)).unwrap();
        serde_json::from_slice::<Value>(&record).unwrap()
    };
    let intent = read("undos", "/000000.json");
    let by = json!("arn:aws:iam::111122223333:user/ines");
    assert_eq!(
        (&intent["by"], &intent["reason"], &intent["time"]),
        (&by, &json!("INC-1"), &json!(7))
    );
    assert_eq!((&intent["before"], &intent["after"]), (&json!(COMPLIANT), &json!(NON_COMPLIANT)));
    fixture.undo("INC-1", 8).unwrap();
    let outcome = read("outcomes", "-undo.json");
    let (actor, unmapped) = (&outcome["actor"]["user"]["uid"], &outcome["unmapped"]);
    assert_eq!(
        (actor, &unmapped["reason"], &unmapped["state"]),
        (&by, &json!("INC-1"), &json!(NON_COMPLIANT))
    );
}

#[test]
fn a_state_that_is_set_repeatedly_is_reported_and_not_remediated() {
    let fixture = Fixture::new(NON_COMPLIANT);
    let mut ends = Vec::new();
    for number in 1..=6 {
        fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
        let outcome = fixture.run(&finding(number, "auto"), i64::from(number)).unwrap().unwrap();
        ends.push(outcome.result);
    }
    assert_eq!(ends[..2], [RemediationResult::Restored, RemediationResult::Restored]);
    for ended in &ends[2..] {
        let RemediationResult::Refused(why) = ended else { panic!("{ended:?}") };
        let why = why.to_string();
        assert!(why.contains("restored the resource 2 times"), "{why}");
        assert!(why.contains("set again by mara"), "{why}");
    }
    assert_eq!(fixture.written(), 2);
}

#[test]
fn a_failure_without_a_write_does_not_count_as_a_reversal() {
    let fixture = Fixture::new(NON_COMPLIANT);
    for number in 1..=2 {
        fixture.fake.0.lock().unwrap().writes = vec![(denied(), false)];
        let failed = fixture.run(&finding(number, "auto"), 0).unwrap().unwrap().result;
        assert!(matches!(failed, RemediationResult::Failed(_)));
    }
    assert_eq!(
        fixture.run(&finding(3, "auto"), 0).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
    let fourth = fixture.run(&finding(4, "auto"), 0).unwrap().unwrap().result;
    assert!(
        matches!(&fourth, RemediationResult::Refused(why) if why.to_string().contains("3 attempts")),
        "{fourth:?}"
    );
}

#[test]
fn only_valid_violations_are_remediated() {
    let changes = [
        ("/compliance/status_code", json!("INSUFFICIENT_DATA")),
        ("/compliance/status_code", json!("ERROR")),
        ("/unmapped/possibly_forged", json!("forged")),
        ("/unmapped/waiver", json!({"waiver": "w"})),
        ("/unmapped/remediation", Value::Null),
        ("/resources/0/name", json!("")),
    ];
    for (path, value) in changes {
        let mut record = finding(1, "auto");
        let (parent, name) = path.rsplit_once('/').unwrap();
        record.pointer_mut(parent).unwrap()[name] = value;
        let fixture = Fixture::new(NON_COMPLIANT);
        assert_eq!(fixture.run(&record, 0).unwrap(), None, "{path}");
        assert_eq!(fixture.written(), 0);
    }
    let mut record = finding(1, "auto");
    record["resources"][0]["name"] = json!("protected");
    let outcome = Fixture::new(NON_COMPLIANT).run(&record, 0).unwrap().unwrap();
    assert_eq!(
        outcome.result,
        RemediationResult::Refused(PlanRefusal::NeedsPerson("it is protected".to_owned()).into())
    );
}

#[test]
fn a_later_waiver_is_valid_and_an_unreadable_waiver_file_blocks() {
    let waivers = |text: &str| {
        let fixture = Fixture::new(NON_COMPLIANT);
        let digest = crate::journal::record::digest_text(text);
        block_on(fixture.ledger.write_record(&format!("bundle/files/{digest}"), text.as_bytes()))
            .unwrap();
        put(&fixture, "bundle/manifest.json", &json!({"files": {"waivers/all.yaml": digest}}));
        fixture
    };
    let waiver = |resource: &str, expires: &str| {
        format!(
            "- id: w1\n  policies: [a-*]\n  resource: {resource}\n  reason: legacy\n  approvedBy: ops\n  expires: {expires}\n"
        )
    };
    for (text, why) in [
        (waiver("r", "2026-12-31"), "waiver w1 covers the finding: legacy"),
        ("- id: 1".to_owned(), "cannot be read"),
    ] {
        let fixture = waivers(&text);
        assert!(
            matches!(fixture.ends(), RemediationResult::Refused(text) if text.to_string().contains(why)),
            "{why}"
        );
        assert_eq!(fixture.written(), 0);
    }
    for other in [waiver("another", "2026-12-31"), waiver("r", "2026-03-10")] {
        assert_eq!(waivers(&other).ends(), RemediationResult::Restored);
    }
    let digest = "0".repeat(64);
    let fixture = Fixture::new(NON_COMPLIANT);
    block_on(fixture.ledger.write_record(&format!("bundle/files/{digest}"), b"[]")).unwrap();
    put(&fixture, "bundle/manifest.json", &json!({"files": {"waivers/all.yaml": digest}}));
    assert!(
        matches!(fixture.ends(), RemediationResult::Refused(why) if why.to_string().contains("digest differs"))
    );
}

/// Returns the record of a finding about another resource.
fn about(number: u32, resource: &str) -> Value {
    let mut record = finding(number, "auto");
    record["resources"][0]["name"] = resource.into();
    record
}

#[test]
fn accounts_and_policies_have_daily_budgets() {
    for (account, policy, what) in
        [(2, 9, "in account 111122223333"), (9, 2, "for policy a-policy in account 111122223333")]
    {
        let mut fixture = Fixture::new(NON_COMPLIANT);
        fixture.settings.budget = DailyBudget { account, policy, failures: 5 };
        for number in 1..=2 {
            let done = fixture.run(&about(number, &format!("r{number}")), 0).unwrap().unwrap();
            assert_eq!(done.result, RemediationResult::Restored);
            fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
        }
        let refused = fixture.run(&about(3, "r3"), 0).unwrap().unwrap().result;
        assert!(
            matches!(refused, RemediationResult::Refused(why) if why.to_string().contains(what)),
            "{what}"
        );
        assert_eq!((fixture.written(), fixture.keys("intents")), (2, 2));
        let other = fixture.run(&elsewhere(5), 0).unwrap().unwrap();
        assert_eq!(other.result, RemediationResult::Restored, "another account has another budget");
        fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
        let tomorrow = fixture.run(&about(4, "r4"), 86_400_000).unwrap().unwrap();
        assert_eq!(tomorrow.result, RemediationResult::Restored);
    }
}

/// Returns the record of a finding in another account.
fn elsewhere(number: u32) -> Value {
    let mut record = about(number, "elsewhere");
    record["cloud"]["account"]["uid"] = json!("444455556666");
    record
}

#[test]
fn repeated_failures_open_the_circuit_breaker_of_the_account() {
    let fixture = Fixture::new(NON_COMPLIANT);
    let failures = fixture.settings.budget.failures;
    for number in 1..=failures {
        fixture.fake.0.lock().unwrap().writes = vec![(denied(), false)];
        let failed = fixture.run(&about(number, &format!("r{number}")), 0).unwrap().unwrap();
        assert!(matches!(failed.result, RemediationResult::Failed(_)));
    }
    let refused = fixture.run(&about(99, "r99"), 0).unwrap().unwrap().result;
    assert!(
        matches!(refused, RemediationResult::Refused(why) if why.to_string().contains("the circuit breaker is open"))
    );
    assert_eq!(
        fixture.run(&elsewhere(97), 0).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
    let mut other = about(96, "r96");
    other["finding_info"]["analytic"]["uid"] = json!("another-policy");
    assert_eq!(fixture.run(&other, 0).unwrap().unwrap().result, RemediationResult::Restored);
    fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
    assert_eq!(
        fixture.run(&about(98, "r98"), 86_400_000).unwrap().unwrap().result,
        RemediationResult::Restored
    );
}

/// Remediates a violation by a session whose name looks like the session of the first finding.
fn violate_as_ours(fixture: &Fixture, number: u32, family: &str, time: i64) -> RemediationResult {
    let role = format!("evenkeel-remediate-{family}");
    let actor = format!("arn:aws:sts::111122223333:assumed-role/{role}/evenkeel-{}", uid(1));
    let mut record = finding(number, "auto");
    record["evidences"][0]["actor"]["user"]["uid"] = json!(actor);
    record["unmapped"]["remediator"] = json!(family);
    record["time"] = json!(time);
    fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
    fixture.run(&record, time).unwrap().unwrap().result
}

#[test]
fn a_role_with_the_name_of_a_remediation_role_is_not_exempt() {
    let day = 86_400_000;
    let fixture = Fixture::new(NON_COMPLIANT);
    assert_eq!(
        violate_as_ours(&fixture, 9, "fake", 1000),
        RemediationResult::Restored,
        "the ledger contains no attempt"
    );
    fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
    assert_eq!(
        fixture.run(&finding(1, "auto"), 20 * day).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    // The session is the one that remediated the resource.
    assert_eq!(
        violate_as_ours(&fixture, 2, "fake", 20 * day + 60_000),
        RemediationResult::Restored
    );
}

#[test]
fn a_rollback_does_not_cause_an_immediate_new_attempt() {
    let fixture =
        Fixture::new(NON_COMPLIANT).with(|resource| resource.writes = vec![(throttled(), true)]);
    assert_eq!(fixture.ends(), RemediationResult::RolledBack("throttled".to_owned()));
    let ended = violate_as_ours(&fixture, 2, "fake", 60_000);
    assert!(
        matches!(&ended, RemediationResult::Refused(why) if why.to_string().contains("its rollback restored this state"))
    );
    assert_eq!(violate_as_ours(&fixture, 3, "anything", 60_000), RemediationResult::Restored);
}

/// Returns a fixture with an open attempt for the first finding. A kill switch stopped it after a
/// partial write, and the switch is off again.
fn halted(mode: &str) -> Fixture {
    let fixture = Fixture::new(NON_COMPLIANT);
    fixture.fake.0.lock().unwrap().switch_after_half = Some(fixture.ledger.clone());
    if mode == "approve" {
        let plan = waiting(&fixture, 1);
        decide(&fixture, 1, &plan, &approval("ops", 1000, true));
    }
    let ended = fixture.run(&finding(1, mode), 0).unwrap().unwrap().result;
    assert!(matches!(ended, RemediationResult::Halted(_)), "{ended:?}");
    fixture.remove(crate::KILL_SWITCH);
    fixture
}

#[test]
fn an_interrupted_attempt_continues_only_if_it_is_allowed_now() {
    let plan = |fixture: &Fixture| {
        let preview =
            block_on(fixture.executor().preview_remediation(&violation(1, "approve"), 0)).unwrap();
        assert!(preview.asks[0].contains("attempt 1 was interrupted"), "{preview:?}");
        preview.plan.unwrap()
    };
    let stays = |fixture: &Fixture, now: i64, why: &str| {
        let ended = fixture.run(&finding(1, "approve"), now).unwrap().unwrap().result;
        assert!(
            matches!(&ended, RemediationResult::Halted(text) if text.to_string().contains(why)),
            "{ended:?}"
        );
        assert_eq!((fixture.written(), fixture.state()), (1, Some((true, false))));
    };
    let fixture = halted("approve");
    decide(&fixture, 1, &plan(&fixture), &approval("ops", 1000, false));
    stays(&fixture, 1, "was rejected by ops");
    stays(&fixture, 1000, "has expired");
    decide(&fixture, 1, &plan(&fixture), &approval("mara", 5000, true));
    stays(&fixture, 1000, "cannot approve the remediation");
    decide(&fixture, 1, &plan(&fixture), &approval("ops", 5000, true));
    assert_eq!(
        fixture.run(&finding(1, "approve"), 1000).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    let mut fixture = halted("auto");
    fixture.settings.maximum_mode = RemediationMode::Notify;
    let ended = fixture.run(&finding(1, "auto"), 1).unwrap().unwrap().result;
    assert!(
        matches!(&ended, RemediationResult::Halted(why) if why.to_string().contains("mode does not allow changes"))
    );
}

#[test]
fn an_interrupted_undo_is_not_remediated() {
    let fixture = halted("auto").with(|resource| resource.writes = vec![(throttled(), false)]);
    assert!(fixture.undo("INC-1", 900_000).is_err(), "the undo has started and did not finish");
    for number in [1, 2] {
        let ended = fixture.run(&finding(number, "auto"), 900_001).unwrap().unwrap().result;
        let why = match &ended {
            ended @ (RemediationResult::Halted(_) | RemediationResult::Refused(_)) => {
                ended.to_string()
            }
            other => panic!("{other:?}"),
        };
        assert!(why.contains("an undo of this attempt has started"), "{why}");
    }
    assert_eq!(fixture.undo("INC-1", 900_002).unwrap().result, RemediationResult::Restored);
    assert_eq!(fixture.state(), Some(NON_COMPLIANT));
}

#[test]
fn a_denied_read_leaves_an_interrupted_attempt_open() {
    let fixture = halted("auto").with(|resource| resource.reads = vec![denied()]);
    assert!(fixture.run(&finding(1, "auto"), 1).is_err());
    assert_eq!(fixture.undo("INC-1", 900_000).unwrap().result, RemediationResult::Restored);
    assert_eq!(fixture.state(), Some(NON_COMPLIANT));
}

#[test]
fn an_undo_does_not_overwrite_a_later_change() {
    let fixture = Fixture::new(NON_COMPLIANT);
    assert_eq!(fixture.ends(), RemediationResult::Restored);
    let fixture = fixture.with(|resource| resource.state = Some((true, false)));
    let refused = fixture.undo("INC-1", 1).unwrap().result;
    assert!(
        matches!(&refused, RemediationResult::Refused(why) if why.to_string().contains("was changed since"))
    );
    assert_eq!(fixture.state(), Some((true, false)));
}

#[test]
fn an_approval_that_continues_an_attempt_is_used() {
    let fixture = halted("approve");
    let plan = waiting_or_open(&fixture);
    decide(&fixture, 1, &plan, &approval("ops", 1000, true));
    assert_eq!(
        fixture.run(&finding(1, "approve"), 1).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    assert_eq!((fixture.keys("approvals"), fixture.keys("used")), (2, 2));
}

#[test]
fn another_finding_does_not_continue_a_rejected_attempt() {
    let fixture = halted("approve");
    let plan = waiting_or_open(&fixture);
    decide(&fixture, 1, &plan, &approval("ops", 1000, false));
    let ended = fixture.run(&finding(2, "approve"), 1).unwrap().unwrap().result;
    let why = format!("attempt 1 for finding {} is still open on this resource", uid(1));
    assert!(
        matches!(&ended, RemediationResult::Refused(text) if text.to_string().contains(&why)),
        "{ended:?}"
    );
    assert_eq!((fixture.written(), fixture.keys("intents")), (1, 1));
}

fn waiting_or_open(fixture: &Fixture) -> String {
    block_on(fixture.executor().preview_remediation(&violation(1, "approve"), 0))
        .unwrap()
        .plan
        .unwrap()
}

#[test]
fn a_rejection_blocks_in_every_mode() {
    let fixture = Fixture::new(NON_COMPLIANT);
    let plan = waiting(&fixture, 1);
    decide(&fixture, 1, &plan, &approval("ops", 1000, false));
    let ended = fixture.run(&finding(1, "auto"), 0).unwrap().unwrap().result;
    assert!(
        matches!(&ended, RemediationResult::Refused(why) if why.to_string().contains("was rejected by ops"))
    );
    assert_eq!(fixture.written(), 0);
}

#[test]
fn an_approval_remains_valid_after_a_worker_stops_before_its_intent() {
    let fixture = Fixture::new(NON_COMPLIANT);
    let plan = waiting(&fixture, 1);
    decide(&fixture, 1, &plan, &approval("ops", 1000, true));
    let target = violation(1, "auto").target;
    let key = format!("approvals/{}/{plan}/000000.json", uid(1));
    assert!(block_on(fixture.executor().use_approval(&key, &target, 1)).unwrap());
    assert!(
        !block_on(fixture.executor().use_approval(&key, &target, 2)).unwrap(),
        "another attempt"
    );
    assert_eq!(
        fixture.run(&finding(1, "approve"), 0).unwrap().unwrap().result,
        RemediationResult::Restored
    );
}

#[test]
fn an_attempt_is_verified_later() {
    let fixture = Fixture::new(NON_COMPLIANT);
    assert_eq!(fixture.ends(), RemediationResult::Restored);
    let target = violation(1, "auto").target;
    let verify = |after| {
        block_on(fixture.executor().verify_attempt(&target, 1, after, 9)).unwrap().unwrap().result
    };
    assert_eq!(verify(60), RemediationResult::Restored);
    fixture.fake.0.lock().unwrap().state = Some(NON_COMPLIANT);
    assert!(matches!(verify(900), RemediationResult::Failed(why) if why.contains("changed since")));
    assert_eq!((fixture.keys("outcomes"), fixture.written()), (3, 1), "nothing is written to AWS");
    block_on(fixture.executor().verify_attempt(&target, 2, 60, 9)).unwrap_err();
}
