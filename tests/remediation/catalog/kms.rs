//! Tests the remediators of KMS keys that are scheduled for deletion, are disabled, or do not
//! rotate.

use evenkeel_client::ServiceClient;
use evenkeel_remediators::catalog::kms::cancel_key_deletion::CancelKeyDeletion;
use evenkeel_remediators::catalog::kms::enable_key::EnableKey;
use evenkeel_remediators::catalog::kms::enable_rotation::{EnableRotation, KeyRotation};
use evenkeel_remediators::{AwsFailure, RemediationResult, Remediator};
use serde_json::{Value, json};

use super::stage::{Stage, aws, refused_for_state};
use evenkeel_testing::proxy::Fault;
use evenkeel_testing::stand_in::stand_in;

async fn stage(id: &str) -> Stage {
    let (policy, kind) = ("kms-key-deletion-scheduled", "AWS::KMS::Key");
    Stage::new(policy, CancelKeyDeletion::SPEC.id, kind, id).await
}

/// Creates a key and returns its stage. The key is scheduled for deletion if `deleted` is true.
async fn key(deleted: bool) -> Stage {
    let id = create(json!({})).await;
    if deleted {
        kms("ScheduleKeyDeletion", json!({"KeyId": id})).await;
    }
    stage(&id).await
}

async fn state(stage: &Stage) -> String {
    stage.state::<CancelKeyDeletion>().await.state
}

/// Calls KMS of the AWS stand-in directly, without the proxy.
async fn kms(call: &str, input: Value) -> Value {
    ServiceClient::kms(&aws(stand_in()).config).call_json(call, &input).await.unwrap()
}

async fn create(input: Value) -> String {
    kms("CreateKey", input).await["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_deletion_is_canceled_once_and_can_be_undone() {
    let stage = key(true).await;
    assert_eq!(state(&stage).await, "PendingDeletion");
    assert_eq!(stage.run::<CancelKeyDeletion>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(state(&stage).await, "Disabled");
    assert_eq!(
        stage.run::<CancelKeyDeletion>().await.unwrap().result,
        RemediationResult::Compliant
    );
    assert_eq!(stage.undo::<CancelKeyDeletion>().await.result, RemediationResult::Restored);
    assert_eq!(state(&stage).await, "PendingDeletion");
}

#[tokio::test]
async fn a_key_without_scheduled_deletion_is_not_changed() {
    let stage = key(false).await;
    assert_eq!(
        stage.run::<CancelKeyDeletion>().await.unwrap().result,
        RemediationResult::Compliant
    );
    assert_eq!(
        (state(&stage).await, stage.proxy.count("CancelKeyDeletion")),
        ("Enabled".to_owned(), 0)
    );
}

#[tokio::test]
async fn a_missing_denied_or_throttled_key_is_not_written() {
    let gone = stage("00000000-0000-4000-8000-000000000000").await;
    assert_eq!(
        gone.run::<CancelKeyDeletion>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
    let stage = key(true).await;
    let answers = [
        (400, "{\"__type\":\"ThrottlingException\"}", true),
        (200, "{}", true),
        (500, "", true),
        (400, "{\"__type\":\"AccessDeniedException\"}", false),
    ];
    for (status, text, is_retried) in answers {
        stage.proxy.fault("DescribeKey", usize::MAX, Fault::Answer(status, text));
        assert_eq!(stage.run::<CancelKeyDeletion>().await.is_err(), is_retried, "{status} {text}");
        stage.proxy.clear_faults();
    }
    assert_eq!(stage.proxy.count("CancelKeyDeletion"), 0);
    assert_eq!(state(&stage).await, "PendingDeletion");
}

#[tokio::test]
async fn a_denied_write_is_reported_and_a_lost_one_is_continued() {
    let stage = key(true).await;
    let denied = Fault::Answer(400, "{\"__type\":\"AccessDeniedException\"}");
    stage.proxy.fault("CancelKeyDeletion", 1, denied);
    let outcome = stage.run::<CancelKeyDeletion>().await.unwrap();
    assert_eq!(
        outcome.result,
        RemediationResult::Failed(
            AwsFailure::Denied("AccessDeniedException".to_owned()).to_string()
        )
    );
    assert_eq!(state(&stage).await, "PendingDeletion");
    stage.proxy.fault("CancelKeyDeletion", usize::MAX, Fault::Lose);
    assert!(stage.run::<CancelKeyDeletion>().await.is_err(), "a lost write must be retried");
    stage.proxy.clear_faults();
    let outcome = stage.run::<CancelKeyDeletion>().await.unwrap();
    assert_eq!(
        (outcome.result, outcome.attempt),
        (RemediationResult::Restored, Some(2)),
        "the retry must continue the same attempt"
    );
}

#[tokio::test]
async fn a_disabled_key_is_enabled_and_a_key_pending_deletion_is_not() {
    let made = key(false).await;
    let id = made.target().id;
    let stage = Stage::new("kms-key-disabled", EnableKey::SPEC.id, "AWS::KMS::Key", &id).await;
    kms("DisableKey", json!({"KeyId": id})).await;
    assert_eq!(stage.run::<EnableKey>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(state(&made).await, "Enabled");
    assert_eq!(stage.run::<EnableKey>().await.unwrap().result, RemediationResult::Compliant);
    assert_eq!(stage.undo::<EnableKey>().await.result, RemediationResult::Restored);
    assert_eq!(state(&made).await, "Disabled");
    kms("ScheduleKeyDeletion", json!({"KeyId": id})).await;
    let outcome = stage.run::<EnableKey>().await.unwrap();
    let why = "the KMS key has state `PendingDeletion` and cannot be enabled; check the key";
    assert_eq!(outcome.result, refused_for_state(why));
    stage.proxy.fault("DescribeKey", usize::MAX, Fault::Answer(200, "{}"));
    assert!(stage.run::<EnableKey>().await.is_err(), "an empty answer must be retried");
}

/// Creates a key of this type and returns the stage of a finding about its rotation.
async fn rotating(spec: &str, usage: &str) -> Stage {
    let id = create(json!({"KeySpec": spec, "KeyUsage": usage})).await;
    Stage::new("kms-rotation-disabled", EnableRotation::SPEC.id, "AWS::KMS::Key", &id).await
}

#[tokio::test]
async fn rotation_is_turned_on_once_and_can_be_undone() {
    let stage = rotating("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let off = KeyRotation { on: false, never: None };
    assert_eq!(stage.state::<EnableRotation>().await, off);
    let id = stage.target().id;
    stage.there_and_back::<EnableRotation>().await;
    let stage =
        Stage::new("kms-rotation-disabled", EnableRotation::SPEC.id, "AWS::KMS::Key", &id).await;
    assert_eq!(stage.run::<EnableRotation>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.state::<EnableRotation>().await, KeyRotation { on: true, never: None });
    assert_eq!(stage.run::<EnableRotation>().await.unwrap().result, RemediationResult::Compliant);
    let remediator = EnableRotation::from(stage.aws());
    remediator.apply_state(&stage.target(), &KeyRotation { on: true, never: None }).await.unwrap();
    assert_eq!(stage.proxy.count("EnableKeyRotation"), 1);
    assert_eq!(stage.undo::<EnableRotation>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<EnableRotation>().await, off);
    remediator.apply_state(&stage.target(), &off).await.unwrap();
    assert_eq!(stage.proxy.count("DisableKeyRotation"), 1);
}

#[tokio::test]
async fn the_rotation_period_is_kept() {
    let stage = rotating("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let id = stage.target().id;
    kms("EnableKeyRotation", json!({"KeyId": id, "RotationPeriodInDays": 100})).await;
    kms("DisableKeyRotation", json!({"KeyId": id})).await;
    assert_eq!(stage.run::<EnableRotation>().await.unwrap().result, RemediationResult::Restored);
    let status = kms("GetKeyRotationStatus", json!({"KeyId": id})).await;
    assert_eq!(status["RotationPeriodInDays"], 100);
}

#[tokio::test]
async fn a_key_that_cannot_rotate_is_left_to_a_person() {
    let kinds = [
        ("RSA_2048", "SIGN_VERIFY", "only symmetric encryption keys rotate"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "only symmetric encryption keys rotate"),
    ];
    for (spec, usage, why) in kinds {
        let stage = rotating(spec, usage).await;
        let outcome = stage.run::<EnableRotation>().await.unwrap();
        assert!(
            matches!(&outcome.result, RemediationResult::Refused(said) if said.to_string().contains(why)),
            "{outcome:?}"
        );
    }
    let stage = rotating("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    for (answer, why) in [
        (IMPORTED, "the key material of the KMS key has origin `EXTERNAL`, not `AWS_KMS`"),
        (CUSTOM, "the key material of the KMS key has origin `AWS_CLOUDHSM`, not `AWS_KMS`"),
        (REPLICA, "the KMS key is a replica key, which rotates with its primary key"),
        (AWS_OWN, "the KMS key is an AWS managed key, which AWS rotates"),
        (DISABLED, "the KMS key has state `Disabled`, not `Enabled`"),
    ] {
        stage.proxy.fault("DescribeKey", usize::MAX, Fault::Answer(200, answer));
        let outcome = stage.run::<EnableRotation>().await.unwrap();
        let why = format!("automatic rotation cannot be turned on: {why}");
        assert_eq!(outcome.result, refused_for_state(&why));
        stage.proxy.clear_faults();
    }
    assert_eq!(stage.proxy.count("EnableKeyRotation"), 0);
}

const IMPORTED: &str = r#"{"KeyMetadata": {"KeyId": "a", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "EXTERNAL", "KeyState": "Enabled"}}"#;
const CUSTOM: &str = r#"{"KeyMetadata": {"KeyId": "a", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1", "KeyState": "Enabled"}}"#;
const REPLICA: &str = r#"{"KeyMetadata": {"KeyId": "a", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS", "KeyState": "Enabled", "MultiRegionConfiguration": {"MultiRegionKeyType": "REPLICA"}}}"#;
const AWS_OWN: &str = r#"{"KeyMetadata": {"KeyId": "a", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS", "KeyManager": "AWS", "KeyState": "Enabled"}}"#;
const DISABLED: &str = r#"{"KeyMetadata": {"KeyId": "a", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS", "KeyState": "Disabled"}}"#;

#[tokio::test]
async fn a_key_whose_rotation_cannot_be_read_is_not_changed() {
    let id = "00000000-0000-4000-8000-000000000000";
    let gone =
        Stage::new("kms-rotation-disabled", EnableRotation::SPEC.id, "AWS::KMS::Key", id).await;
    assert_eq!(gone.run::<EnableRotation>().await.unwrap().result, RemediationResult::ResourceGone);
    let stage = rotating("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let answers = [
        (400, "{\"__type\":\"ThrottlingException\"}", true),
        (200, "{}", true),
        (500, "", true),
        (400, "{\"__type\":\"AccessDeniedException\"}", false),
    ];
    for read in ["DescribeKey", "GetKeyRotationStatus"] {
        for (status, text, is_retried) in answers {
            stage.proxy.fault(read, usize::MAX, Fault::Answer(status, text));
            let outcome = stage.run::<EnableRotation>().await;
            assert_eq!(outcome.is_err(), is_retried, "{read}: {status} {text}");
            stage.proxy.clear_faults();
        }
    }
    assert_eq!(stage.proxy.count("EnableKeyRotation"), 0);
    stage.proxy.fault("EnableKeyRotation", usize::MAX, Fault::LoseAnswer);
    assert_eq!(stage.run::<EnableRotation>().await.unwrap().result, RemediationResult::Restored);
}
