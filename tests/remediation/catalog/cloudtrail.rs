//! Tests the remediator of trails: logging and log file validation are turned on again.

use aws_sdk_cloudtrail::Client;
use evenkeel_remediators::catalog::cloudtrail::restore_trail::{RestoreTrail, TrailSettings};
use evenkeel_remediators::{AwsFailure, RemediationPlan, RemediationResult, Remediator};
use serde_json::json;

use super::stage::{Stage, aws, refused_for_setting, refused_for_state};
use evenkeel_testing::http::call;
use evenkeel_testing::proxy::Fault;
use evenkeel_testing::stand_in::stand_in;

/// Returns a client that calls the AWS stand-in directly, without the proxy.
fn direct() -> Client {
    Client::new(&aws(stand_in()).config)
}

/// Creates a multi-Region trail with these settings and returns its stage.
async fn trail(name: &str, logging: bool, validation: bool) -> Stage {
    let stage =
        Stage::new("cloudtrail-tampering", RestoreTrail::SPEC.id, "AWS::CloudTrail::Trail", name)
            .await;
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
    call(stand_in(), "PUT", &format!("/{name}-logs"), place).await;
    let client = direct();
    let create = client.create_trail().name(name).s3_bucket_name(format!("{name}-logs"));
    let create = create.is_multi_region_trail(true).enable_log_file_validation(validation);
    create.send().await.unwrap();
    if logging {
        client.start_logging().name(name).send().await.unwrap();
    }
    stage
}

async fn state(stage: &Stage) -> TrailSettings {
    stage.state::<RestoreTrail>().await
}

const WHOLE: TrailSettings = TrailSettings {
    logging: true,
    validation: true,
    every_region: true,
    global_services: true,
    organization: false,
    management_events: true,
    missing: false,
};

#[tokio::test]
async fn every_state_is_restored_once_and_can_be_undone() {
    for (number, (logging, validation)) in
        [(false, false), (false, true), (true, false)].iter().enumerate()
    {
        let stage = trail(&format!("restored-{number}"), *logging, *validation).await;
        let before = state(&stage).await;
        assert_eq!((before.logging, before.validation), (*logging, *validation));
        let outcome = stage.run::<RestoreTrail>().await.unwrap();
        assert_eq!((outcome.result, state(&stage).await), (RemediationResult::Restored, WHOLE));
        let again = stage.run::<RestoreTrail>().await.unwrap();
        assert_eq!(again.result, RemediationResult::Compliant);
        let undone = stage.undo::<RestoreTrail>().await;
        assert_eq!((undone.result, state(&stage).await), (RemediationResult::Restored, before));
    }
}

#[tokio::test]
async fn only_the_necessary_call_is_made() {
    let stage = trail("stopped", false, true).await;
    stage.run::<RestoreTrail>().await.unwrap();
    let counts = ["StartLogging", "UpdateTrail", "StopLogging"].map(|what| stage.proxy.count(what));
    assert_eq!(counts, [1, 0, 0]);
}

#[tokio::test]
async fn a_missing_denied_or_throttled_trail_is_not_written() {
    let gone = Stage::new(
        "cloudtrail-tampering",
        RestoreTrail::SPEC.id,
        "AWS::CloudTrail::Trail",
        "no-trail",
    )
    .await;
    assert_eq!(gone.run::<RestoreTrail>().await.unwrap().result, RemediationResult::ResourceGone);
    let why = "trail `no-trail` was deleted, and its former settings are unknown; create the trail \
               again by hand";
    let deleted = gone.of_found(&json!(["was deleted"]));
    assert_eq!(deleted.run::<RestoreTrail>().await.unwrap().result, refused_for_state(why));
    let stage = trail("denied", false, false).await;
    let denied = "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}";
    for read in ["GetTrail", "GetTrailStatus", "GetEventSelectors"] {
        stage.proxy.fault(read, usize::MAX, Fault::Answer(400, denied));
        let refused =
            RestoreTrail::from(stage.aws()).observe_state(&stage.target()).await.unwrap_err();
        assert_eq!(refused, AwsFailure::Denied("AccessDeniedException".to_owned()), "{read}");
        stage.proxy.clear_faults();
        stage.proxy.fault(read, usize::MAX, Fault::Answer(200, "{}"));
        let refused =
            RestoreTrail::from(stage.aws()).observe_state(&stage.target()).await.unwrap_err();
        assert!(
            matches!(refused, AwsFailure::Retryable(_)),
            "{read}: an empty answer must be retried"
        );
        stage.proxy.clear_faults();
    }
    let throttled = "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}";
    stage.proxy.fault("GetTrail", usize::MAX, Fault::Answer(400, throttled));
    assert!(stage.run::<RestoreTrail>().await.is_err(), "a throttled call must be retried");
    stage.proxy.clear_faults();
    let counts = ["StartLogging", "UpdateTrail"].map(|what| stage.proxy.count(what));
    assert_eq!(counts, [0, 0]);
    assert_eq!(stage.run::<RestoreTrail>().await.unwrap().result, RemediationResult::Restored);
}

#[tokio::test]
async fn a_partial_write_is_rolled_back() {
    let stage = trail("half", false, false).await;
    stage.proxy.fault(
        "StartLogging",
        1,
        Fault::Answer(400, "{\"__type\":\"AccessDeniedException\"}"),
    );
    let before = state(&stage).await;
    let outcome = stage.run::<RestoreTrail>().await.unwrap();
    assert!(matches!(outcome.result, RemediationResult::RolledBack(_)), "{outcome:?}");
    assert_eq!(state(&stage).await, before);
}

#[tokio::test]
async fn a_lost_answer_is_handled_as_success() {
    let stage = trail("lost", false, true).await;
    stage.proxy.fault("StartLogging", usize::MAX, Fault::LoseAnswer);
    assert_eq!(stage.run::<RestoreTrail>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(state(&stage).await, WHOLE);
}

#[tokio::test]
async fn a_trail_with_a_reduced_scope_is_left_to_a_person() {
    let stage = trail("narrow", true, true).await;
    let narrow = direct().update_trail().name("narrow").is_multi_region_trail(false);
    narrow.send().await.unwrap();
    let outcome = stage.run::<RestoreTrail>().await.unwrap();
    let why = "the trail does not record all Regions, and the former settings are unknown; \
               correct the trail by hand";
    assert_eq!(outcome.result, refused_for_state(why));
}

#[tokio::test]
async fn a_trail_that_records_less_than_before_is_not_reported_as_restored() {
    let stage = trail("global", true, true).await;
    let remediator = RestoreTrail::from(stage.aws());
    let plan = |state: &TrailSettings| remediator.plan_change(&stage.target(), state);
    let narrowed = TrailSettings { global_services: false, ..WHOLE };
    assert!(
        matches!(plan(&narrowed), RemediationPlan::Refuse(why) if why.to_string().contains("global services"))
    );
    assert_eq!(plan(&WHOLE), RemediationPlan::Nothing);
    let left = json!(["is no longer an organization trail"]);
    let stage = trail("left", true, true).await.of_found(&left);
    let outcome = stage.run::<RestoreTrail>().await.unwrap();
    let why = "the trail does not record the organization, and the former settings are unknown; \
               correct the trail by hand";
    assert_eq!(outcome.result, refused_for_state(why));
}

#[tokio::test]
async fn only_validation_is_turned_on_if_the_header_says_so() {
    let stage = trail("validated", false, false).await.with(&json!({"logging": false}));
    assert_eq!(stage.run::<RestoreTrail>().await.unwrap().result, RemediationResult::Restored);
    let validated = TrailSettings { logging: false, ..WHOLE };
    assert_eq!(
        state(&stage).await,
        validated,
        "a stopped trail must not be started if `logging` is false"
    );
    assert_eq!(stage.run::<RestoreTrail>().await.unwrap().result, RemediationResult::Compliant);
    let odd = trail("validated-odd", false, false).await.with(&json!({"logging": "no"}));
    let outcome = odd.run::<RestoreTrail>().await.unwrap();
    let why = "`logging` in the policy header is not a boolean; use true or false";
    assert_eq!(outcome.result, refused_for_setting(why));
}
