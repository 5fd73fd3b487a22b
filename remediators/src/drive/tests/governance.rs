//! Who may stop it, who must agree, and when it stops by itself.

use super::*;

fn put(stage: &Stage, key: &str, record: &Value) {
    block_on(stage.ledger.write(key, record.to_string().as_bytes())).unwrap();
}

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
        assert!(matches!(stage.ends(), Ended::Refused(why) if why.contains(key)));
        assert_eq!(stage.written(), 0);
    }
    let stage = Stage::new(BROKEN);
    put(&stage, "control/kill-switch-account/999999999999", &json!({"by": "ops"}));
    assert_eq!(stage.ends(), Ended::Done);
    put(&stage, "control/kill-switch", &json!({"by": "ops"}));
    let target = Violation::read(finding(1, "auto").to_string().as_bytes()).unwrap().target;
    let undone = block_on(stage.drive().undo(&target, 1, 0)).unwrap();
    assert_eq!((undone.result, stage.state()), (Ended::Done, Some(BROKEN)), "an undo goes on");
}

#[test]
fn the_lower_of_mode_and_ceiling_holds() {
    for (mode, ceiling) in [("notify", Mode::Auto), ("auto", Mode::Notify), ("report", Mode::Auto)]
    {
        let mut stage = Stage::new(BROKEN);
        stage.settings.ceiling = ceiling;
        let outcome = stage.run(&finding(1, mode), 0).unwrap().unwrap();
        assert!(matches!(outcome.result, Ended::Planned(_)), "{mode} {ceiling:?}");
        assert_eq!((stage.written(), stage.keys("intents")), (0, 0));
    }
}

/// The hash of the plan that waits.
fn waiting(stage: &Stage, number: u32) -> String {
    let outcome = stage.run(&finding(number, "approve"), 0).unwrap().unwrap();
    let Ended::Waiting(why) = outcome.result else { panic!("{outcome:?}") };
    why.split(' ').nth(1).unwrap().to_owned()
}

fn approval(by: &str, expires: i64, approved: bool) -> Value {
    json!({"approver": by, "expires": expires, "approved": approved})
}

#[test]
fn an_approval_holds_for_one_plan_until_it_expires_and_is_another_persons() {
    let refusals = [
        (approval("ops", 1000, false), "was rejected by ops"),
        (approval("ops", 1000, true), "has expired"),
        (approval("mara", 1001, true), "cannot approve the repair"),
    ];
    for (word, why) in refusals {
        let stage = Stage::new(BROKEN);
        let plan = waiting(&stage, 1);
        put(&stage, &format!("approvals/{plan}/000000.json"), &word);
        let outcome = stage.run(&finding(1, "approve"), 1000).unwrap().unwrap();
        assert!(matches!(outcome.result, Ended::Refused(said) if said.contains(why)), "{why}");
        assert_eq!(stage.written(), 0);
    }
    let stage = Stage::new(BROKEN);
    let plan = waiting(&stage, 1);
    put(&stage, &format!("approvals/{plan}/000000.json"), &approval("ops", 1001, true));
    let stage = stage.with(|world| world.state = Some((false, true)));
    assert_ne!(waiting(&stage, 1), plan, "another state, another plan");
    let stage = stage.with(|world| world.state = Some(BROKEN));
    let outcome = stage.run(&finding(1, "approve"), 1000).unwrap().unwrap();
    assert_eq!((outcome.result, stage.state()), (Ended::Done, Some(WHOLE)));
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
    assert_eq!(ends[..2], [Ended::Done, Ended::Done]);
    for ended in &ends[2..] {
        let Ended::Refused(why) = ended else { panic!("{ended:?}") };
        assert!(why.contains("again 2 times, by mara, and restored as often by us"), "{why}");
    }
    assert_eq!(stage.written(), 2);
}

#[test]
fn nothing_is_done_about_what_is_no_plain_violation() {
    let changes = [
        ("/compliance/status_code", json!("INSUFFICIENT_DATA")),
        ("/compliance/status_code", json!("ERROR")),
        ("/unmapped/suspect", json!("forged")),
        ("/unmapped/waiver", json!({"waiver": "w"})),
        ("/unmapped/remediator", json!("s3")),
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
    assert_eq!(outcome.result, Ended::Refused("it is protected".to_owned()));
}

#[test]
fn a_waiver_that_came_after_the_finding_holds_and_a_broken_one_lets_nothing_be_done() {
    let waivers = |text: &str| {
        let stage = Stage::new(BROKEN);
        let digest = crate::record::digest(text);
        block_on(stage.ledger.write(&format!("bundle/files/{digest}"), text.as_bytes())).unwrap();
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
        assert!(matches!(stage.ends(), Ended::Refused(said) if said.contains(why)), "{why}");
        assert_eq!(stage.written(), 0);
    }
    for other in [waiver("another", "2026-12-31"), waiver("r", "2026-03-10")] {
        assert_eq!(waivers(&other).ends(), Ended::Done);
    }
    let digest = "0".repeat(64);
    let stage = Stage::new(BROKEN);
    block_on(stage.ledger.write(&format!("bundle/files/{digest}"), b"[]")).unwrap();
    put(&stage, "bundle/manifest.json", &json!({"files": {"waivers/all.yaml": digest}}));
    assert!(matches!(stage.ends(), Ended::Refused(why) if why.contains("not the file")));
}

/// The same finding about another resource.
fn about(number: u32, resource: &str) -> Value {
    let mut record = finding(number, "auto");
    record["resources"][0]["name"] = resource.into();
    record
}

#[test]
fn a_day_has_a_budget_for_an_account_and_for_a_policy() {
    for (account, policy, what) in
        [(2, 9, "in account 111122223333"), (9, 2, "for policy a-policy")]
    {
        let mut stage = Stage::new(BROKEN);
        stage.settings.budget = Budget { account, policy, failures: 5 };
        for number in 1..=2 {
            let done = stage.run(&about(number, &format!("r{number}")), 0).unwrap().unwrap();
            assert_eq!(done.result, Ended::Done);
            stage.fake.0.lock().unwrap().state = Some(BROKEN);
        }
        let refused = stage.run(&about(3, "r3"), 0).unwrap().unwrap().result;
        assert!(matches!(refused, Ended::Refused(why) if why.contains(what)), "{what}");
        assert_eq!((stage.written(), stage.keys("intents")), (2, 2));
        let tomorrow = stage.run(&about(4, "r4"), 86_400_000).unwrap().unwrap();
        assert_eq!(tomorrow.result, Ended::Done);
    }
}

#[test]
fn what_fails_again_and_again_is_not_tried_on() {
    let stage = Stage::new(BROKEN);
    let failures = stage.settings.budget.failures;
    for number in 1..=failures {
        stage.fake.0.lock().unwrap().writes = vec![(denied(), false)];
        let failed = stage.run(&about(number, &format!("r{number}")), 0).unwrap().unwrap();
        assert!(matches!(failed.result, Ended::Failed(_)));
    }
    let refused = stage.run(&about(99, "r99"), 0).unwrap().unwrap().result;
    assert!(matches!(refused, Ended::Refused(why) if why.contains("the circuit is open")));
    assert_eq!(stage.run(&about(98, "r98"), 86_400_000).unwrap().unwrap().result, Ended::Done);
}

#[test]
fn what_was_done_is_looked_at_again() {
    let stage = Stage::new(BROKEN);
    assert_eq!(stage.ends(), Ended::Done);
    let target = Violation::read(finding(1, "auto").to_string().as_bytes()).unwrap().target;
    let look =
        |after| block_on(stage.drive().verify(&target, 1, after, 9)).unwrap().unwrap().result;
    assert_eq!(look(60), Ended::Done);
    stage.fake.0.lock().unwrap().state = Some(BROKEN);
    assert!(matches!(look(900), Ended::Failed(why) if why.contains("changed since")));
    assert_eq!((stage.keys("outcomes"), stage.written()), (3, 1), "nothing is written to AWS");
    block_on(stage.drive().verify(&target, 2, 60, 9)).unwrap_err();
}
