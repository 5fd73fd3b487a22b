//! Tests of the recorder: a finding is announced at least once, even after failures.

use super::*;
use evenkeel_rules::policy::{RemediationHeader, Severity};
use evenkeel_rules::{AppliedWaiver, FindingAction, FindingActor, ResourceIdentity};
use object_store::memory::InMemory;
use std::sync::{Arc, Mutex};

/// A test double that stores the notices, and whose first `failures` calls fail.
#[derive(Clone, Default)]
struct RecordedNotices {
    notices: Arc<Mutex<Vec<Notice>>>,
    failures: Arc<Mutex<usize>>,
}

impl NoticeAnnouncer for RecordedNotices {
    async fn announce_notice(&self, notice: &Notice) -> Result<(), AnnounceError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures = failures.saturating_sub(1);
            return Err(AnnounceError::Refused(evenkeel_client::CallError::Unanswered(
                "throttled".to_owned(),
            )));
        }
        self.notices.lock().unwrap().push(notice.clone());
        Ok(())
    }
}

fn finding() -> Finding {
    Finding {
        uid: "3ab3a4fa-1702-5e4d-83ae-8c0f7b793ec3".parse().unwrap(),
        policy: "s3-bucket-policy-public".to_owned(),
        title: "S3 bucket policy allows public access".to_owned(),
        severity: Severity::Critical,
        status: ComplianceStatus::NonCompliant,
        message: "S3 bucket x\u{202e} allows public\ns3:GetObject".to_owned(),
        resource: ResourceIdentity {
            kind: "AWS::S3::Bucket".to_owned(),
            id: "x".to_owned(),
            arn: None,
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
        },
        action: FindingAction {
            id: "a".to_owned(),
            event_id: "a".to_owned(),
            event_source: "s3.amazonaws.com".to_owned(),
            event_name: "PutBucketPolicy".to_owned(),
            event_time: "2026-03-11T14:31:27Z".to_owned(),
            error_code: None,
        },
        actor: FindingActor {
            kind: "AssumedRole".to_owned(),
            principal: "arn:aws:sts::111122223333:assumed-role/r/s".to_owned(),
            account: "111122223333".to_owned(),
            source_address: "192.0.2.44".to_owned(),
            user_agent: "u".repeat(2000),
            remediator: None,
        },
        evidence: Vec::new(),
        controls: [("NIST.800-53.r5".to_owned(), vec!["AC-3".to_owned()])].into(),
        remediation: Some(RemediationHeader {
            with: std::collections::BTreeMap::new(),
            run: "s3-x".to_owned(),
            mode: evenkeel_rules::policy::RemediationMode::Approve,
            tier: None,
            ask: None,
            actions: Vec::new(),
            checks: Vec::new(),
            patch: None,
        }),
        possibly_forged: None,
        waived: None,
        attached_to: None,
        attached: Vec::new(),
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn recorder() -> (FindingRecorder<RecordedNotices>, RecordedNotices) {
    let announced = RecordedNotices::default();
    let ledger = Ledger::from_store(Arc::new(InMemory::new()));
    (FindingRecorder::new(ledger, announced.clone()), announced)
}

#[test]
fn a_known_finding_is_not_announced_again() {
    let (recorder, announced) = recorder();
    run(async {
        assert_eq!(recorder.record_finding(&finding()).await.unwrap(), RecordingResult::New);
        assert_eq!(recorder.record_finding(&finding()).await.unwrap(), RecordingResult::Known);
        let other = Finding { message: "changed".to_owned(), ..finding() };
        assert_eq!(recorder.record_finding(&other).await.unwrap(), RecordingResult::Revised);
    });
    assert_eq!(announced.notices.lock().unwrap().len(), 1);
}

#[test]
fn a_finding_is_announced_after_failed_announcements() {
    let (recorder, announced) = recorder();
    *announced.failures.lock().unwrap() = 2;
    run(async {
        assert!(matches!(recorder.record_finding(&finding()).await, Err(RecordError::Announce(_))));
        assert!(recorder.record_finding(&finding()).await.is_err());
        assert_eq!(recorder.record_finding(&finding()).await.unwrap(), RecordingResult::Known);
    });
    assert_eq!(announced.notices.lock().unwrap().len(), 1);
}

#[test]
fn waived_findings_and_missing_data_of_medium_severity_are_not_announced() {
    let (recorder, announced) = recorder();
    let applied =
        Some(AppliedWaiver { waiver: "w".to_owned(), reason: "r".to_owned(), ticket: None });
    run(async {
        let waived = Finding { waived: applied, ..finding() };
        assert_eq!(recorder.record_finding(&waived).await.unwrap(), RecordingResult::New);
        let unknown = Finding { severity: Severity::Medium, ..unknown() };
        assert_eq!(recorder.record_finding(&unknown).await.unwrap(), RecordingResult::Revised);
    });
    assert!(announced.notices.lock().unwrap().is_empty());
}

/// Returns the finding with the status `INSUFFICIENT_DATA`.
fn unknown() -> Finding {
    let message = "CloudTrail omitted the parameters because of their size".to_owned();
    Finding { status: ComplianceStatus::InsufficientData, message, ..finding() }
}

/// Returns the key of the finding in the text for queues.
fn finding_key_in(notice: &Notice) -> String {
    let message: serde_json::Value = serde_json::from_str(&notice.message).unwrap();
    let pointer: serde_json::Value =
        serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
    pointer["key"].as_str().unwrap().to_owned()
}

#[test]
fn missing_data_of_high_severity_is_announced_with_its_reason() {
    let (recorder, announced) = recorder();
    run(async {
        for severity in [Severity::Medium, Severity::High] {
            recorder.record_finding(&Finding { severity, ..unknown() }).await.unwrap();
        }
    });
    let notices = announced.notices.lock().unwrap();
    assert_eq!(notices.len(), 1);
    let message: serde_json::Value = serde_json::from_str(&notices[0].message).unwrap();
    let mail = message["email"].as_str().unwrap();
    let start = "Insufficient data for the evaluation: CloudTrail omitted the parameters because";
    assert!(mail.starts_with(start), "{mail}");
    assert!(mail.contains("Next      check the resource"), "{mail}");
    assert!(notices[0].subject.starts_with("INSUFFICIENT_DATA "), "{}", notices[0].subject);
    let names: Vec<_> = notices[0].attributes.iter().map(|(name, _)| *name).collect();
    assert!(!names.contains(&"remediator"), "no remediation is possible: {names:?}");
}

#[test]
fn a_violation_after_missing_data_is_announced_with_the_key_of_the_new_record() {
    let (recorder, announced) = recorder();
    run(async {
        recorder.record_finding(&unknown()).await.unwrap();
        // The first announcement fails. The second one must contain the same key.
        *announced.failures.lock().unwrap() = 1;
        assert!(recorder.record_finding(&finding()).await.is_err());
        assert_eq!(recorder.record_finding(&finding()).await.unwrap(), RecordingResult::Known);
        // A late finding with missing data is not announced.
        recorder.record_finding(&unknown()).await.unwrap();
        recorder.record_finding(&finding()).await.unwrap();
        let keys: Vec<String> =
            announced.notices.lock().unwrap().iter().map(finding_key_in).collect();
        assert_eq!(keys.len(), 2, "{keys:?}");
        assert!(keys[1].ends_with("3ab3a4fa-1702-5e4d-83ae-8c0f7b793ec3.r1.json"), "{keys:?}");
        let record = recorder.ledger.read_record(&keys[1]).await.unwrap();
        assert_eq!(record, ocsf::serialize_finding(&finding()).into_bytes());
    });
}

#[test]
fn a_forged_finding_does_not_affect_the_record_and_announcement_of_an_authentic_one() {
    let forged = |number: usize| {
        let mut forged = finding();
        forged.actor.principal = format!("arn:aws:iam::111122223333:user/{number}");
        forged.into_possibly_forged("the envelope's source does not begin with `aws.`")
    };
    assert_ne!(forged(0).uid, finding().uid);
    let real = ocsf::finding_key(&finding());
    for before in [0, 1, 17] {
        let (recorder, announced) = recorder();
        run(async {
            for number in 0..before {
                recorder.record_finding(&forged(number)).await.unwrap();
            }
            // Only a forged finding can reach the limit of revisions.
            assert_eq!(recorder.record_finding(&forged(before)).await.is_err(), before > 16);
            assert_eq!(
                recorder.record_finding(&finding()).await.unwrap(),
                RecordingResult::New,
                "{before}"
            );
            drop(recorder.record_finding(&forged(before)).await);
            assert_eq!(
                recorder.record_finding(&finding()).await.unwrap(),
                RecordingResult::Known,
                "{before}"
            );
            let record = recorder.ledger.read_record(&real).await.unwrap();
            assert_eq!(record, ocsf::serialize_finding(&finding()).into_bytes(), "{before}");
        });
        let keys: Vec<String> =
            announced.notices.lock().unwrap().iter().map(finding_key_in).collect();
        assert_eq!(keys.iter().filter(|key| **key == real).count(), 1, "{before}: {keys:?}");
    }
}

#[test]
fn a_notice_contains_text_for_people_and_a_pointer_for_queues() {
    let notice = Notice::for_finding(&finding(), &ocsf::finding_key(&finding()));
    let message: serde_json::Value = serde_json::from_str(&notice.message).unwrap();
    let mail = message["email"].as_str().unwrap();
    let start = "S3 bucket x\u{fffd} allows public\u{fffd}s3:GetObject\n\n";
    assert!(mail.starts_with(start), "{mail}");
    assert!(
        mail.contains("Next      remediator s3-x can fix the resource, mode approve"),
        "{mail}"
    );
    let pointer: serde_json::Value =
        serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
    assert!(
        pointer["key"].as_str().unwrap().ends_with("3ab3a4fa-1702-5e4d-83ae-8c0f7b793ec3.json")
    );
    assert!(notice.attributes.contains(&("remediator", "s3-x".to_owned())));
    assert!(notice.subject.chars().count() <= 100 && notice.subject.is_ascii());
    assert!(notice.byte_size() < 4096);
}

#[test]
fn findings_outcomes_and_canaries_have_different_attributes() {
    let names = |notice: Notice| {
        notice.attributes.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    };
    let report = crate::RemediationReport {
        finding: finding().uid,
        key: "findings/x.json",
        policy: "p",
        account: "111122223333",
        region: "eu-central-1",
        resource: "x",
        status: "RESTORED",
        code: None,
        detail: "d",
        rows: &[],
        waiting_plan: None,
        is_critical: false,
    };
    assert_eq!(
        names(Notice::for_finding(&finding(), &ocsf::finding_key(&finding()))),
        "severity status policy account region mode remediator"
    );
    assert_eq!(names(Notice::for_remediation(&report)), "outcome policy account region");
    let critical = crate::RemediationReport { is_critical: true, ..report };
    let critical = Notice::for_remediation(&critical);
    assert!(critical.subject.starts_with("CRITICAL RESTORED: p"), "{}", critical.subject);
    let canary = Notice::for_canary(CanaryId::new(finding().uid));
    assert_eq!(canary.attributes, [("kind", "canary".to_owned())]);
}

/// Texts of events in a plan must not imitate other rows, links or mentions.
#[test]
fn a_waiting_plan_is_described_for_e_mail_and_chat_without_hostile_text() {
    let hostile = "x\nApprove   evenkeel approve all <https://evil.example|here> @channel *b*";
    let rows = [("Who", hostile.to_owned()), ("Change", "+ a: true".to_owned())];
    let report = crate::RemediationReport {
        finding: finding().uid,
        key: "findings/x.json",
        policy: "p",
        account: "111122223333",
        region: "eu-central-1",
        resource: "x",
        status: "WAITING_FOR_APPROVAL",
        code: None,
        detail: "d",
        rows: &rows,
        waiting_plan: Some("abc"),
        is_critical: false,
    };
    let notice = Notice::for_remediation(&report);
    let message: serde_json::Value = serde_json::from_str(&notice.message).unwrap();
    let email = message["email"].as_str().unwrap();
    let approve: Vec<&str> = email.lines().filter(|line| line.starts_with("Approve")).collect();
    assert_eq!(approve, [format!("Approve   evenkeel approve {}", report.finding)]);
    assert!(email.contains("Change    + a: true"), "{email}");
    let chat: serde_json::Value = serde_json::from_str(message["https"].as_str().unwrap()).unwrap();
    assert_eq!((&chat["version"], &chat["source"]), (&"1.0".into(), &"custom".into()));
    let text = chat["content"]["description"].as_str().unwrap();
    assert!(!text.contains('<') && !text.contains(" @channel") && !text.contains(" *b*"), "{text}");
    let context = &chat["metadata"]["additionalContext"];
    assert_eq!((&context["plan"], &context["decision"]), (&"abc".into(), &"required".into()));
}
