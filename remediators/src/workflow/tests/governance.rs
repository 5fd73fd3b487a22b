//! Who may stop it, who must agree, and when it stops by itself.

use super::*;
use crate::remediator::PlanRefusal;

pub(super) fn put(stage: &Stage, key: &str, record: &Value) {
    block_on(stage.ledger.write_record(key, record.to_string().as_bytes())).unwrap();
}

#[test]
fn the_lower_of_mode_and_ceiling_holds() {
    for (mode, ceiling) in [
        ("notify", RemediationMode::Auto),
        ("auto", RemediationMode::Notify),
        ("report", RemediationMode::Auto),
    ] {
        let mut stage = Stage::new(BROKEN);
        stage.settings.maximum_mode = ceiling;
        let outcome = stage.run(&finding(1, mode), 0).unwrap().unwrap();
        assert!(matches!(outcome.result, RemediationResult::Planned(_)), "{mode} {ceiling:?}");
        assert_eq!((stage.written(), stage.keys("intents")), (0, 0));
    }
}

/// The hash of the plan that waits.
fn waiting(stage: &Stage, number: u32) -> String {
    let outcome = stage.run(&finding(number, "approve"), 0).unwrap().unwrap();
    let RemediationResult::AwaitingApproval(why) = outcome.result else { panic!("{outcome:?}") };
    why.split(' ').nth(1).unwrap().to_owned()
}

fn approval(by: &str, expires: i64, approved: bool) -> Value {
    json!({"approver": by, "expires": expires, "approved": approved})
}

fn uid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Decides on the plan of a finding.
fn decide(stage: &Stage, number: u32, plan: &str, decision: &Value) {
    let place = format!("approvals/{}/{plan}", uid(number));
    put(stage, &format!("{place}/{:06}.json", stage.keys(&place)), decision);
}

/// What comes of the `number`th finding once its plan is approved, and the plan.
pub(super) fn approve_again(stage: &Stage, number: u32) -> (RemediationOutcome, String) {
    let violation = violation(number, "auto");
    let again = || block_on(stage.drive().remediate_again(&violation, 0)).unwrap();
    let RemediationResult::AwaitingApproval(why) = again().result else {
        panic!("it does not wait")
    };
    let plan = why.split(' ').nth(1).unwrap().to_owned();
    decide(stage, number, &plan, &approval("ops", 1000, true));
    (again(), plan)
}

#[test]
fn a_decision_holds_for_one_plan_until_it_expires_and_is_another_persons() {
    let violator = "arn:aws:sts::111122223333:assumed-role/dev/mara";
    let by_role = |session: &str| format!("arn:aws:sts::111122223333:assumed-role/dev/{session}");
    let refusals = [
        (approval("ops", 1001, false), Some("was rejected by ops")),
        (approval("ops", 1000, false), None),
        (approval("ops", 1000, true), None),
        (approval(&by_role("mara"), 1001, true), Some("cannot approve the repair")),
        (approval(&by_role("mara2"), 1001, true), Some("cannot approve the repair")),
    ];
    for (decision, why) in refusals {
        let stage = Stage::new(BROKEN);
        let mut record = finding(1, "approve");
        record["evidences"][0]["actor"]["user"]["uid"] = json!(violator);
        let plan = waiting(&stage, 1);
        decide(&stage, 1, &plan, &decision);
        let outcome = stage.run(&record, 1000).unwrap().unwrap().result;
        let fits = match (&outcome, why) {
            (RemediationResult::Refused(said), Some(why)) => said.to_string().contains(why),
            (RemediationResult::AwaitingApproval(said), None) => said.contains("has expired"),
            _ => false,
        };
        assert!(fits, "{decision}: {outcome:?}");
        assert_eq!((stage.written(), stage.keys("intents")), (0, 0));
    }
    let stage = Stage::new(BROKEN);
    let plan = waiting(&stage, 1);
    decide(&stage, 1, &plan, &approval("ops", 1001, true));
    let stage = stage.with(|world| world.state = Some((false, true)));
    assert_ne!(waiting(&stage, 1), plan, "another state, another plan");
    let stage = stage.with(|world| world.state = Some(BROKEN));
    let outcome = stage.run(&finding(1, "approve"), 1000).unwrap().unwrap();
    assert_eq!((outcome.result, stage.state()), (RemediationResult::Restored, Some(WHOLE)));
}

#[test]
fn no_decision_holds_for_longer_than_a_week() {
    let stage = Stage::new(BROKEN);
    let plan = waiting(&stage, 1);
    decide(&stage, 1, &plan, &approval("ops", i64::MAX, true));
    let key = format!("approvals/{}/{plan}/000000.json", uid(1));
    let written = block_on(stage.ledger.written_at(&key)).unwrap();
    let week = 7 * 86_400_000;
    let ends = |now| stage.run(&finding(1, "approve"), now).unwrap().unwrap().result;
    assert!(
        matches!(ends(written + week), RemediationResult::AwaitingApproval(why) if why.contains("has expired"))
    );
    assert_eq!(ends(written + week - 1), RemediationResult::Restored);
}

#[test]
fn an_approval_is_for_one_finding_and_is_used_once() {
    let stage = Stage::new(BROKEN);
    let plan = waiting(&stage, 1);
    decide(&stage, 1, &plan, &approval("ops", 1000, true));
    assert_eq!(waiting(&stage, 2), plan, "the same plan for another finding waits for its own");
    assert_eq!(
        stage.run(&finding(1, "approve"), 0).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    stage.fake.0.lock().unwrap().state = Some(BROKEN);
    let again = block_on(stage.drive().remediate_again(&violation(1, "approve"), 0));
    let again = again.unwrap().result;
    assert!(
        matches!(again, RemediationResult::AwaitingApproval(why) if why.contains("was used already"))
    );
    assert_eq!(stage.written(), 1);
}

#[test]
fn an_approval_of_a_plan_is_none_of_what_the_plan_asks_later() {
    let stage = Stage::new(BROKEN);
    let plan = waiting(&stage, 1);
    decide(&stage, 1, &plan, &approval("ops", 1000, true));
    let stage = stage.with(|world| world.asks = Some("another change would go out".to_owned()));
    let outcome = stage.run(&finding(1, "approve"), 0).unwrap().unwrap().result;
    let waits =
        |why: &str| why.contains("another change would go out") && !why.contains(plan.as_str());
    assert!(
        matches!(&outcome, RemediationResult::AwaitingApproval(why) if waits(why)),
        "{outcome:?}"
    );
    assert_eq!(stage.written(), 0);
}

#[test]
fn what_a_person_undid_is_not_repaired_again_until_a_person_approves_it() {
    let stage = Stage::new(BROKEN);
    assert_eq!(stage.ends(), RemediationResult::Restored);
    stage.undo("the partner needs it", 7).unwrap();
    // Found by another policy's finding, too: it is the same repair of the same resource.
    for (number, policy) in [(2, "a-policy"), (3, "another-policy")] {
        let mut record = finding(number, "auto");
        record["finding_info"]["analytic"]["uid"] = json!(policy);
        let ended = stage.run(&record, 8).unwrap().unwrap().result;
        let asks = "user/ines undid this repair (the partner needs it)";
        assert!(
            matches!(&ended, RemediationResult::AwaitingApproval(why) if why.contains(asks)),
            "{ended:?}"
        );
    }
    assert_eq!((stage.state(), stage.written()), (Some(BROKEN), 2));
    assert_eq!(approve_again(&stage, 2).0.result, RemediationResult::Restored);
    stage.fake.0.lock().unwrap().state = Some((false, true));
    let done = stage.run(&finding(4, "auto"), 9).unwrap().unwrap().result;
    assert_eq!(done, RemediationResult::Restored, "a person approved it since");
}

#[test]
fn an_undo_is_recorded_with_who_and_why_before_it_writes() {
    let stage = Stage::new(BROKEN);
    assert_eq!(stage.ends(), RemediationResult::Restored);
    let stage = stage.with(|world| world.writes = vec![(later(), false)]);
    assert!(stage.undo("INC-1", 7).is_err());
    let read = |prefix: &str, ending: &str| {
        let keys = block_on(stage.ledger.list_keys(prefix)).unwrap();
        let key = keys.into_iter().find(|key| key.ends_with(ending)).unwrap();
        let record = block_on(stage.ledger.read_record(&key)).unwrap();
        serde_json::from_slice::<Value>(&record).unwrap()
    };
    let intent = read("undos", "/000000.json");
    let by = json!("arn:aws:iam::111122223333:user/ines");
    assert_eq!(
        (&intent["by"], &intent["reason"], &intent["time"]),
        (&by, &json!("INC-1"), &json!(7))
    );
    assert_eq!((&intent["before"], &intent["after"]), (&json!(WHOLE), &json!(BROKEN)));
    stage.undo("INC-1", 8).unwrap();
    let outcome = read("outcomes", "-undo.json");
    let (actor, unmapped) = (&outcome["actor"]["user"]["uid"], &outcome["unmapped"]);
    assert_eq!(
        (actor, &unmapped["reason"], &unmapped["state"]),
        (&by, &json!("INC-1"), &json!(BROKEN))
    );
}

#[test]
fn a_pipeline_that_breaks_it_again_is_reported_and_not_fought() {
    let stage = Stage::new(BROKEN);
    let mut ends = Vec::new();
    for number in 1..=6 {
        stage.fake.0.lock().unwrap().state = Some(BROKEN);
        let outcome = stage.run(&finding(number, "auto"), i64::from(number)).unwrap().unwrap();
        ends.push(outcome.result);
    }
    assert_eq!(ends[..2], [RemediationResult::Restored, RemediationResult::Restored]);
    for ended in &ends[2..] {
        let RemediationResult::Refused(why) = ended else { panic!("{ended:?}") };
        let why = why.to_string();
        assert!(why.contains("again 2 times, by mara, and restored as often by us"), "{why}");
    }
    assert_eq!(stage.written(), 2);
}

#[test]
fn what_failed_without_a_write_has_not_come_back() {
    let stage = Stage::new(BROKEN);
    for number in 1..=2 {
        stage.fake.0.lock().unwrap().writes = vec![(denied(), false)];
        let failed = stage.run(&finding(number, "auto"), 0).unwrap().unwrap().result;
        assert!(matches!(failed, RemediationResult::Failed(_)));
    }
    assert_eq!(
        stage.run(&finding(3, "auto"), 0).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    stage.fake.0.lock().unwrap().state = Some(BROKEN);
    let fourth = stage.run(&finding(4, "auto"), 0).unwrap().unwrap().result;
    assert!(
        matches!(&fourth, RemediationResult::Refused(why) if why.to_string().contains("3 attempts")),
        "{fourth:?}"
    );
}

#[test]
fn nothing_is_done_about_what_is_no_plain_violation() {
    let changes = [
        ("/compliance/status_code", json!("INSUFFICIENT_DATA")),
        ("/compliance/status_code", json!("ERROR")),
        ("/unmapped/suspect", json!("forged")),
        ("/unmapped/waiver", json!({"waiver": "w"})),
        ("/unmapped/remediation", Value::Null),
        ("/resources/0/name", json!("")),
    ];
    for (path, value) in changes {
        let mut record = finding(1, "auto");
        let (parent, name) = path.rsplit_once('/').unwrap();
        record.pointer_mut(parent).unwrap()[name] = value;
        let stage = Stage::new(BROKEN);
        assert_eq!(stage.run(&record, 0).unwrap(), None, "{path}");
        assert_eq!(stage.written(), 0);
    }
    let mut record = finding(1, "auto");
    record["resources"][0]["name"] = json!("protected");
    let outcome = Stage::new(BROKEN).run(&record, 0).unwrap().unwrap();
    assert_eq!(
        outcome.result,
        RemediationResult::Refused(PlanRefusal::NeedsPerson("it is protected".to_owned()).into())
    );
}

#[test]
fn a_waiver_that_came_after_the_finding_holds_and_a_broken_one_lets_nothing_be_done() {
    let waivers = |text: &str| {
        let stage = Stage::new(BROKEN);
        let digest = crate::journal::record::digest_text(text);
        block_on(stage.ledger.write_record(&format!("bundle/files/{digest}"), text.as_bytes()))
            .unwrap();
        put(&stage, "bundle/manifest.json", &json!({"files": {"waivers/all.yaml": digest}}));
        stage
    };
    let waiver = |resource: &str, expires: &str| {
        format!(
            "- id: w1\n  policies: [a-*]\n  resource: {resource}\n  reason: legacy\n  approvedBy: ops\n  expires: {expires}\n"
        )
    };
    for (text, why) in [
        (waiver("r", "2026-12-31"), "waiver w1 accepts it: legacy"),
        ("- id: 1".to_owned(), "cannot be read"),
    ] {
        let stage = waivers(&text);
        assert!(
            matches!(stage.ends(), RemediationResult::Refused(said) if said.to_string().contains(why)),
            "{why}"
        );
        assert_eq!(stage.written(), 0);
    }
    for other in [waiver("another", "2026-12-31"), waiver("r", "2026-03-10")] {
        assert_eq!(waivers(&other).ends(), RemediationResult::Restored);
    }
    let digest = "0".repeat(64);
    let stage = Stage::new(BROKEN);
    block_on(stage.ledger.write_record(&format!("bundle/files/{digest}"), b"[]")).unwrap();
    put(&stage, "bundle/manifest.json", &json!({"files": {"waivers/all.yaml": digest}}));
    assert!(
        matches!(stage.ends(), RemediationResult::Refused(why) if why.to_string().contains("not the file"))
    );
}

/// The same finding about another resource.
fn about(number: u32, resource: &str) -> Value {
    let mut record = finding(number, "auto");
    record["resources"][0]["name"] = resource.into();
    record
}

#[test]
fn a_day_has_a_budget_for_an_account_and_for_each_policy_in_it() {
    for (account, policy, what) in
        [(2, 9, "in account 111122223333"), (9, 2, "for policy a-policy in account 111122223333")]
    {
        let mut stage = Stage::new(BROKEN);
        stage.settings.budget = DailyBudget { account, policy, failures: 5 };
        for number in 1..=2 {
            let done = stage.run(&about(number, &format!("r{number}")), 0).unwrap().unwrap();
            assert_eq!(done.result, RemediationResult::Restored);
            stage.fake.0.lock().unwrap().state = Some(BROKEN);
        }
        let refused = stage.run(&about(3, "r3"), 0).unwrap().unwrap().result;
        assert!(
            matches!(refused, RemediationResult::Refused(why) if why.to_string().contains(what)),
            "{what}"
        );
        assert_eq!((stage.written(), stage.keys("intents")), (2, 2));
        let other = stage.run(&elsewhere(5), 0).unwrap().unwrap();
        assert_eq!(other.result, RemediationResult::Restored, "another account has its own");
        stage.fake.0.lock().unwrap().state = Some(BROKEN);
        let tomorrow = stage.run(&about(4, "r4"), 86_400_000).unwrap().unwrap();
        assert_eq!(tomorrow.result, RemediationResult::Restored);
    }
}

/// A finding of another account.
fn elsewhere(number: u32) -> Value {
    let mut record = about(number, "elsewhere");
    record["cloud"]["account"]["uid"] = json!("444455556666");
    record
}

#[test]
fn what_fails_again_and_again_in_one_account_is_not_tried_on_there() {
    let stage = Stage::new(BROKEN);
    let failures = stage.settings.budget.failures;
    for number in 1..=failures {
        stage.fake.0.lock().unwrap().writes = vec![(denied(), false)];
        let failed = stage.run(&about(number, &format!("r{number}")), 0).unwrap().unwrap();
        assert!(matches!(failed.result, RemediationResult::Failed(_)));
    }
    let refused = stage.run(&about(99, "r99"), 0).unwrap().unwrap().result;
    assert!(
        matches!(refused, RemediationResult::Refused(why) if why.to_string().contains("the circuit is open"))
    );
    assert_eq!(stage.run(&elsewhere(97), 0).unwrap().unwrap().result, RemediationResult::Restored);
    stage.fake.0.lock().unwrap().state = Some(BROKEN);
    let mut other = about(96, "r96");
    other["finding_info"]["analytic"]["uid"] = json!("another-policy");
    assert_eq!(stage.run(&other, 0).unwrap().unwrap().result, RemediationResult::Restored);
    stage.fake.0.lock().unwrap().state = Some(BROKEN);
    assert_eq!(
        stage.run(&about(98, "r98"), 86_400_000).unwrap().unwrap().result,
        RemediationResult::Restored
    );
}

/// What somebody does in a session that is called as ours are, for the first finding.
fn violate_as_ours(stage: &Stage, number: u32, family: &str, time: i64) -> RemediationResult {
    let role = format!("evenkeel-remediate-{family}");
    let actor = format!("arn:aws:sts::111122223333:assumed-role/{role}/evenkeel-{}", uid(1));
    let mut record = finding(number, "auto");
    record["evidences"][0]["actor"]["user"]["uid"] = json!(actor);
    record["unmapped"]["remediator"] = json!(family);
    record["time"] = json!(time);
    stage.fake.0.lock().unwrap().state = Some(BROKEN);
    stage.run(&record, time).unwrap().unwrap().result
}

#[test]
fn a_role_that_is_called_like_ours_exempts_nobody() {
    let day = 86_400_000;
    let stage = Stage::new(BROKEN);
    assert_eq!(
        violate_as_ours(&stage, 9, "fake", 1000),
        RemediationResult::Restored,
        "nothing was recorded"
    );
    stage.fake.0.lock().unwrap().state = Some(BROKEN);
    assert_eq!(
        stage.run(&finding(1, "auto"), 10 * day).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    // In the very session that repaired the resource.
    assert_eq!(violate_as_ours(&stage, 2, "fake", 10 * day + 60_000), RemediationResult::Restored);
}

#[test]
fn what_we_set_back_ourselves_is_not_tried_again_at_once() {
    let stage = Stage::new(BROKEN).with(|world| world.writes = vec![(later(), true)]);
    assert_eq!(stage.ends(), RemediationResult::RolledBack("throttled".to_owned()));
    let ended = violate_as_ours(&stage, 2, "fake", 60_000);
    assert!(
        matches!(&ended, RemediationResult::Refused(why) if why.to_string().contains("set this state back itself"))
    );
    assert_eq!(violate_as_ours(&stage, 3, "anything", 60_000), RemediationResult::Restored);
}

/// An attempt for the first finding of which a part was written before a kill switch, which is off again.
fn halted(mode: &str) -> Stage {
    let stage = Stage::new(BROKEN);
    stage.fake.0.lock().unwrap().switch_after_half = Some(stage.ledger.clone());
    if mode == "approve" {
        let plan = waiting(&stage, 1);
        decide(&stage, 1, &plan, &approval("ops", 1000, true));
    }
    let ended = stage.run(&finding(1, mode), 0).unwrap().unwrap().result;
    assert!(matches!(ended, RemediationResult::Halted(_)), "{ended:?}");
    stage.remove(crate::KILL_SWITCH);
    stage
}

#[test]
fn an_attempt_that_was_cut_off_goes_on_only_where_it_would_be_allowed_now() {
    let plan = |stage: &Stage| {
        let preview =
            block_on(stage.drive().preview_remediation(&violation(1, "approve"), 0)).unwrap();
        assert!(preview.asks[0].contains("attempt 1 was cut off"), "{preview:?}");
        preview.plan.unwrap()
    };
    let stays = |stage: &Stage, now: i64, why: &str| {
        let ended = stage.run(&finding(1, "approve"), now).unwrap().unwrap().result;
        assert!(
            matches!(&ended, RemediationResult::Halted(said) if said.to_string().contains(why)),
            "{ended:?}"
        );
        assert_eq!((stage.written(), stage.state()), (1, Some((true, false))));
    };
    let stage = halted("approve");
    decide(&stage, 1, &plan(&stage), &approval("ops", 1000, false));
    stays(&stage, 1, "was rejected by ops");
    stays(&stage, 1000, "has expired");
    decide(&stage, 1, &plan(&stage), &approval("mara", 5000, true));
    stays(&stage, 1000, "cannot approve the repair");
    decide(&stage, 1, &plan(&stage), &approval("ops", 5000, true));
    assert_eq!(
        stage.run(&finding(1, "approve"), 1000).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    let mut stage = halted("auto");
    stage.settings.maximum_mode = RemediationMode::Notify;
    let ended = stage.run(&finding(1, "auto"), 1).unwrap().unwrap().result;
    assert!(
        matches!(&ended, RemediationResult::Halted(why) if why.to_string().contains("the mode lets nothing be done"))
    );
}

#[test]
fn an_undo_that_is_cut_off_is_not_repaired_again() {
    let stage = halted("auto").with(|world| world.writes = vec![(later(), false)]);
    assert!(stage.undo("INC-1", 900_000).is_err(), "the undo has begun, and nothing more is known");
    for number in [1, 2] {
        let ended = stage.run(&finding(number, "auto"), 900_001).unwrap().unwrap().result;
        let why = match &ended {
            ended @ (RemediationResult::Halted(_) | RemediationResult::Refused(_)) => {
                ended.to_string()
            }
            other => panic!("{other:?}"),
        };
        assert!(why.contains("a person has begun to undo it"), "{why}");
    }
    assert_eq!(stage.undo("INC-1", 900_002).unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.state(), Some(BROKEN));
}

#[test]
fn what_cannot_be_read_of_an_attempt_that_was_cut_off_leaves_it_open() {
    let stage = halted("auto").with(|world| world.reads = vec![denied()]);
    assert!(stage.run(&finding(1, "auto"), 1).is_err());
    assert_eq!(stage.undo("INC-1", 900_000).unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.state(), Some(BROKEN));
}

#[test]
fn an_undo_does_not_write_over_what_somebody_changed_since() {
    let stage = Stage::new(BROKEN);
    assert_eq!(stage.ends(), RemediationResult::Restored);
    let stage = stage.with(|world| world.state = Some((true, false)));
    let refused = stage.undo("INC-1", 1).unwrap().result;
    assert!(
        matches!(&refused, RemediationResult::Refused(why) if why.to_string().contains("it was changed since"))
    );
    assert_eq!(stage.state(), Some((true, false)));
}

#[test]
fn an_approval_that_lets_an_attempt_go_on_is_used_by_it() {
    let stage = halted("approve");
    let plan = waiting_or_open(&stage);
    decide(&stage, 1, &plan, &approval("ops", 1000, true));
    assert_eq!(
        stage.run(&finding(1, "approve"), 1).unwrap().unwrap().result,
        RemediationResult::Restored
    );
    assert_eq!((stage.keys("approvals"), stage.keys("used")), (2, 2));
}

#[test]
fn another_finding_does_not_carry_out_an_attempt_that_may_not_go_on() {
    let stage = halted("approve");
    let plan = waiting_or_open(&stage);
    decide(&stage, 1, &plan, &approval("ops", 1000, false));
    let ended = stage.run(&finding(2, "approve"), 1).unwrap().unwrap().result;
    let why = format!("attempt 1, for finding {}, is open on this resource", uid(1));
    assert!(
        matches!(&ended, RemediationResult::Refused(said) if said.to_string().contains(&why)),
        "{ended:?}"
    );
    assert_eq!((stage.written(), stage.keys("intents")), (1, 1));
}

fn waiting_or_open(stage: &Stage) -> String {
    block_on(stage.drive().preview_remediation(&violation(1, "approve"), 0)).unwrap().plan.unwrap()
}

#[test]
fn a_rejection_stops_a_repair_in_every_mode() {
    let stage = Stage::new(BROKEN);
    let plan = waiting(&stage, 1);
    decide(&stage, 1, &plan, &approval("ops", 1000, false));
    let ended = stage.run(&finding(1, "auto"), 0).unwrap().unwrap().result;
    assert!(
        matches!(&ended, RemediationResult::Refused(why) if why.to_string().contains("was rejected by ops"))
    );
    assert_eq!(stage.written(), 0);
}

#[test]
fn an_approval_outlives_a_worker_that_died_before_its_intent() {
    let stage = Stage::new(BROKEN);
    let plan = waiting(&stage, 1);
    decide(&stage, 1, &plan, &approval("ops", 1000, true));
    let target = violation(1, "auto").target;
    let key = format!("approvals/{}/{plan}/000000.json", uid(1));
    assert!(block_on(stage.drive().use_approval(&key, &target, 1)).unwrap());
    assert!(!block_on(stage.drive().use_approval(&key, &target, 2)).unwrap(), "another attempt");
    assert_eq!(
        stage.run(&finding(1, "approve"), 0).unwrap().unwrap().result,
        RemediationResult::Restored
    );
}

#[test]
fn what_was_done_is_looked_at_again() {
    let stage = Stage::new(BROKEN);
    assert_eq!(stage.ends(), RemediationResult::Restored);
    let target = violation(1, "auto").target;
    let look = |after| {
        block_on(stage.drive().verify_attempt(&target, 1, after, 9)).unwrap().unwrap().result
    };
    assert_eq!(look(60), RemediationResult::Restored);
    stage.fake.0.lock().unwrap().state = Some(BROKEN);
    assert!(matches!(look(900), RemediationResult::Failed(why) if why.contains("changed since")));
    assert_eq!((stage.keys("outcomes"), stage.written()), (3, 1), "nothing is written to AWS");
    block_on(stage.drive().verify_attempt(&target, 2, 60, 9)).unwrap_err();
}
