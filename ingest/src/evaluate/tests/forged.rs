//! Tests that the envelope of an event is compared with its record for every source.

use evenkeel_ledger::{AnnounceError, Notice, NoticeAnnouncer};
use evenkeel_rules::ocsf;

use super::test_cloud::TestCloud;
use super::*;

const S3_NOTIFICATION: &str = r#"{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","awsRegion":"eu-central-1","s3":{"bucket":{"name":"logs"},"object":{"key":"x.json","size":1}}}]}"#;

/// Returns the findings of one event from each source: alone, in a batch, and in a log object as a
/// line, in a list and in a batch.
fn from_each_source(event: &str) -> Vec<Finding> {
    let cloud_with = |text: String| TestCloud { object: text.into_bytes(), ..TestCloud::default() };
    let line = cloud_with(event.to_owned());
    let list = cloud_with(format!("[{event}]"));
    let batches = cloud_with(batch(&[event]));
    let mut results = vec![
        run(event, &ledger(), SilentAnnouncer),
        run(&batch(&[event]), &ledger(), SilentAnnouncer),
    ];
    results.extend(
        [&line, &list, &batches]
            .map(|cloud| run_in(cloud, S3_NOTIFICATION, &ledger(), SilentAnnouncer)),
    );
    let only_finding = |mut result: HandlingResult| {
        assert_eq!(result.findings.len(), 1, "{:?}", result.answer);
        result.findings.remove(0)
    };
    results.into_iter().map(only_finding).collect()
}

/// Returns an event without a recipient account. Only the actor and the envelope contain an
/// account.
fn without_recipient(actor: &str) -> String {
    let mut event: Value = serde_json::from_str(&event(1)).unwrap();
    let detail = event["detail"].as_object_mut().unwrap();
    detail.remove("recipientAccountId");
    detail.insert("userIdentity".to_owned(), json!({"accountId": actor}));
    event.to_string()
}

#[test]
fn a_forged_envelope_is_detected_from_each_source() {
    let real = run(&event(1), &ledger(), SilentAnnouncer).findings.remove(0);
    for source in ["my.app", "aws.", "aws.partner/x.com/y/z", "aws.s3/x", "awsx.s3"] {
        for finding in from_each_source(&event(1).replace("aws.s3", source)) {
            assert!(finding.possibly_forged.is_some(), "{source}");
            assert_ne!(finding.uid, real.uid, "{source}");
        }
    }
    for finding in from_each_source(&event(1)) {
        assert_eq!(finding, real);
    }
}

#[test]
fn the_account_and_the_region_come_from_the_envelope() {
    let other = "999999999999";
    let cases = [
        (without_recipient(other), true),
        (without_recipient("111122223333"), false),
        (
            event(1).replace(
                r#""recipientAccountId":"111122223333""#,
                &format!(r#""recipientAccountId":"{other}""#),
            ),
            true,
        ),
        (event(1).replace(r#""awsRegion":"eu-central-1""#, r#""awsRegion":"us-east-1""#), true),
    ];
    for (event, forged) in cases {
        for finding in from_each_source(&event) {
            let location = (finding.resource.account.as_str(), finding.resource.region.as_str());
            assert_eq!(location, ("111122223333", "eu-central-1"), "{event}");
            assert_eq!(finding.possibly_forged.is_some(), forged, "{event}");
        }
    }
}

/// A topic that stores the ledger keys of the notices for the queues.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<Vec<String>>>);

impl NoticeAnnouncer for Keys {
    async fn announce_notice(&self, notice: &Notice) -> Result<(), AnnounceError> {
        let message: Value = serde_json::from_str(&notice.message).unwrap();
        let pointer: Value = serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
        self.0.lock().unwrap().push(pointer["key"].as_str().unwrap().to_owned());
        Ok(())
    }
}

#[test]
fn a_forged_event_with_the_same_id_does_not_affect_the_authentic_one() {
    let forged = |number: usize| {
        let actor =
            format!(r#""eventID":"00000000-0000-4000-8000-000000000001","userAgent":"{number}""#);
        let event = event(1).replace("aws.s3", "my.app");
        event
            .replace(r#""eventID":"00000000-0000-4000-8000-000000000001""#, &actor)
            .replace("2026-03-11T12:00:00Z", &format!("2026-03-11T12:00:{number:02}Z"))
    };
    for (before, after) in [(1, 0), (0, 1), (18, 0)] {
        let (ledger, keys) = (ledger(), Keys::default());
        for number in 0..before {
            // The ledger rejects the last ones because of the limit on revisions, and their
            // messages would be retried.
            drop(run(&forged(number), &ledger, keys.clone()));
        }
        let real = run(&event(1), &ledger, keys.clone());
        assert_eq!(real.answer.unwrap(), json!({"findings": 1}));
        for number in 0..after {
            run(&forged(number), &ledger, keys.clone()).answer.unwrap();
        }
        let key = ocsf::finding_key(&real.findings[0]);
        assert!(real.findings[0].possibly_forged.is_none());
        let keys = keys.0.lock().unwrap();
        assert_eq!(keys.iter().filter(|other| **other == key).count(), 1, "{keys:?}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let record = runtime.block_on(ledger.read_record(&key)).unwrap();
        assert_eq!(record, ocsf::serialize_finding(&real.findings[0]).into_bytes());
    }
}
