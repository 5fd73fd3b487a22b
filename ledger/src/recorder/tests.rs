//! One finding, announced at least once, whatever fails in between.

use super::*;
use evenkeel_rules::policy::{RemediationHeader, Severity};
use evenkeel_rules::{AppliedWaiver, FindingAction, FindingActor, ResourceIdentity};
use object_store::memory::InMemory;
use std::sync::{Arc, Mutex};

/// Announces into a list, and fails as often as it is told to.
#[derive(Clone, Default)]
struct Heard {
    notices: Arc<Mutex<Vec<Notice>>>,
    failures: Arc<Mutex<usize>>,
}

impl NoticeAnnouncer for Heard {
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
        title: "Bucket policy lets everyone in".to_owned(),
        severity: Severity::Critical,
        status: ComplianceStatus::NonCompliant,
        message: "Bucket x\u{202e} lets everyone\nread".to_owned(),
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
            patch: None,
        }),
        suspect: None,
        suppressed: None,
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn recorder() -> (FindingRecorder<Heard>, Heard) {
    let heard = Heard::default();
    let ledger = Ledger::from_store(Arc::new(InMemory::new()));
    (FindingRecorder::new(ledger, heard.clone()), heard)
}

#[test]
fn a_finding_seen_again_is_not_announced_again() {
    let (recorder, heard) = recorder();
    run(async {
        assert_eq!(recorder.record_finding(&finding()).await.unwrap(), RecordingResult::New);
        assert_eq!(recorder.record_finding(&finding()).await.unwrap(), RecordingResult::Known);
        let other = Finding { message: "changed".to_owned(), ..finding() };
        assert_eq!(recorder.record_finding(&other).await.unwrap(), RecordingResult::Revised);
    });
    assert_eq!(heard.notices.lock().unwrap().len(), 1);
}

#[test]
fn one_whose_announcement_failed_is_announced_the_next_time() {
    let (recorder, heard) = recorder();
    *heard.failures.lock().unwrap() = 2;
    run(async {
        assert!(matches!(recorder.record_finding(&finding()).await, Err(RecordError::Announce(_))));
        assert!(recorder.record_finding(&finding()).await.is_err());
        assert_eq!(recorder.record_finding(&finding()).await.unwrap(), RecordingResult::Known);
    });
    assert_eq!(heard.notices.lock().unwrap().len(), 1);
}

#[test]
fn what_is_accepted_or_lacks_data_is_written_and_not_announced() {
    let (recorder, heard) = recorder();
    let suppressed =
        Some(AppliedWaiver { waiver: "w".to_owned(), reason: "r".to_owned(), ticket: None });
    run(async {
        let accepted = Finding { suppressed, ..finding() };
        assert_eq!(recorder.record_finding(&accepted).await.unwrap(), RecordingResult::New);
        let unknown = Finding { severity: Severity::Medium, ..unknown() };
        assert_eq!(recorder.record_finding(&unknown).await.unwrap(), RecordingResult::Revised);
    });
    assert!(heard.notices.lock().unwrap().is_empty());
}

/// The same, before anybody knows enough to tell.
fn unknown() -> Finding {
    let message = "CloudTrail omitted the parameters for their size".to_owned();
    Finding { status: ComplianceStatus::InsufficientData, message, ..finding() }
}

/// Where queues are told that the finding is.
fn pointed(notice: &Notice) -> String {
    let message: serde_json::Value = serde_json::from_str(&notice.message).unwrap();
    let pointer: serde_json::Value =
        serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
    pointer["key"].as_str().unwrap().to_owned()
}

#[test]
fn missing_data_is_announced_from_high_on_and_says_what_is_missing() {
    let (recorder, heard) = recorder();
    run(async {
        for severity in [Severity::Medium, Severity::High] {
            recorder.record_finding(&Finding { severity, ..unknown() }).await.unwrap();
        }
    });
    let notices = heard.notices.lock().unwrap();
    assert_eq!(notices.len(), 1);
    let message: serde_json::Value = serde_json::from_str(&notices[0].message).unwrap();
    let mail = message["email"].as_str().unwrap();
    let what = "Not enough data to evaluate it: CloudTrail omitted the parameters for their size";
    assert!(mail.starts_with(what), "{mail}");
    assert!(mail.contains("Next      somebody must look at it"), "{mail}");
    assert!(notices[0].subject.starts_with("INSUFFICIENT_DATA "), "{}", notices[0].subject);
    let names: Vec<_> = notices[0].attributes.iter().map(|(name, _)| *name).collect();
    assert!(!names.contains(&"remediator"), "nothing could be repaired: {names:?}");
}

#[test]
fn a_violation_is_announced_after_missing_data_was_and_points_to_its_own_record() {
    let (recorder, heard) = recorder();
    run(async {
        recorder.record_finding(&unknown()).await.unwrap();
        // The first time, the topic cannot be reached: the pointer must hold the second time too.
        *heard.failures.lock().unwrap() = 1;
        assert!(recorder.record_finding(&finding()).await.is_err());
        assert_eq!(recorder.record_finding(&finding()).await.unwrap(), RecordingResult::Known);
        // What comes late and knows less is no news.
        recorder.record_finding(&unknown()).await.unwrap();
        recorder.record_finding(&finding()).await.unwrap();
        let keys: Vec<String> = heard.notices.lock().unwrap().iter().map(pointed).collect();
        assert_eq!(keys.len(), 2, "{keys:?}");
        assert!(keys[1].ends_with("3ab3a4fa-1702-5e4d-83ae-8c0f7b793ec3.r1.json"), "{keys:?}");
        let record = recorder.ledger.read_record(&keys[1]).await.unwrap();
        assert_eq!(record, ocsf::serialize_finding(&finding()).into_bytes());
    });
}

#[test]
fn a_forged_finding_silences_nothing_and_takes_no_key_of_the_real_one() {
    let forged = |number: usize| {
        let mut forged = finding();
        forged.actor.principal = format!("arn:aws:iam::111122223333:user/{number}");
        forged.into_possibly_forged("the envelope's source does not begin with `aws.`")
    };
    assert_ne!(forged(0).uid, finding().uid);
    let real = ocsf::finding_key(&finding());
    for before in [0, 1, 17] {
        let (recorder, heard) = recorder();
        run(async {
            for number in 0..before {
                recorder.record_finding(&forged(number)).await.unwrap();
            }
            // However many are forged, only forged ones go without a record.
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
        let keys: Vec<String> = heard.notices.lock().unwrap().iter().map(pointed).collect();
        assert_eq!(keys.iter().filter(|key| **key == real).count(), 1, "{before}: {keys:?}");
    }
}

#[test]
fn a_notice_is_readable_and_a_queue_gets_a_pointer() {
    let notice = Notice::for_finding(&finding(), &ocsf::finding_key(&finding()));
    let message: serde_json::Value = serde_json::from_str(&notice.message).unwrap();
    let mail = message["email"].as_str().unwrap();
    assert!(mail.starts_with("Bucket x\u{fffd} lets everyone\u{fffd}read\n\n"), "{mail}");
    assert!(mail.contains("Next      remediator s3-x may be used, mode approve"), "{mail}");
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
fn filters_tell_findings_outcomes_and_canaries_apart() {
    let names = |notice: Notice| {
        notice.attributes.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    };
    let told = crate::RemediationReport {
        finding: finding().uid,
        key: "findings/x.json",
        policy: "p",
        account: "111122223333",
        region: "eu-central-1",
        resource: "x",
        status: "RESTORED",
        code: None,
        detail: "d",
    };
    assert_eq!(
        names(Notice::for_finding(&finding(), &ocsf::finding_key(&finding()))),
        "severity status policy account region mode remediator"
    );
    assert_eq!(names(Notice::for_remediation(&told)), "outcome policy account region");
    let canary = Notice::for_canary(CanaryId::new(finding().uid));
    assert_eq!(canary.attributes, [("kind", "canary".to_owned())]);
}
