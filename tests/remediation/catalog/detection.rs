//! Tests the remediators of stopped AWS Config recorders and weak IAM password policies.

use evenkeel_remediators::catalog::config::start_recorder::{RecorderState, StartRecorder};
use evenkeel_remediators::catalog::iam::password_policy::{PasswordPolicy, PasswordSettings};
use evenkeel_remediators::{RemediationResult, Remediator};
use serde_json::json;

use super::query::{ask, writes_nothing_unread};
use super::stage::{Stage, aws, refused_for_state};
use evenkeel_testing::proxy::Fault;
use evenkeel_testing::stand_in::stand_in;

/// Creates a configuration recorder, with or without a delivery channel, and returns its stage.
async fn recorder(name: &str, channel: bool) -> Stage {
    let client = aws_sdk_config::Client::new(&aws(stand_in()).config);
    let made = aws_sdk_config::types::ConfigurationRecorder::builder()
        .name(name)
        .role_arn("arn:aws:iam::123456789012:role/config");
    let put = client.put_configuration_recorder().configuration_recorder(made.build());
    put.send().await.unwrap();
    if channel {
        let made =
            aws_sdk_config::types::DeliveryChannel::builder().name("default").s3_bucket_name("b");
        client.put_delivery_channel().delivery_channel(made.build()).send().await.unwrap();
    }
    let kind = "AWS::Config::ConfigurationRecorder";
    Stage::new("config-recorder-tampering", StartRecorder::SPEC.id, kind, name).await
}

#[tokio::test]
async fn a_stopped_recorder_is_started_and_a_missing_or_unreadable_one_is_not() {
    const DENIED: &str = r#"{"__type": "AccessDeniedException"}"#;
    const SLOWER: &str = r#"{"__type": "ThrottlingException"}"#;
    let kind = "AWS::Config::ConfigurationRecorder";
    let stage = recorder("default", false).await;
    let without_channel = |ended: RemediationResult| {
        assert!(
            matches!(&ended, RemediationResult::Refused(why) if why.to_string().contains("no delivery channel")),
            "{ended:?}"
        );
    };
    without_channel(stage.run::<StartRecorder>().await.unwrap().result);
    // A finding about a deleted delivery channel has the name of the channel.
    let channel = Stage::new("p", StartRecorder::SPEC.id, kind, "the-channel").await;
    without_channel(channel.run::<StartRecorder>().await.unwrap().result);
    drop(recorder("default", true).await);
    let unread = "DescribeDeliveryChannels";
    stage.proxy.fault(unread, usize::MAX, Fault::Answer(200, "{}"));
    assert!(
        stage.run::<StartRecorder>().await.is_err(),
        "an answer without channels must be retried"
    );
    stage.proxy.clear_faults();
    for (status, text, is_retried) in
        [(400, SLOWER, true), (500, "", true), (200, "{}", true), (400, DENIED, false)]
    {
        let read = "DescribeConfigurationRecorderStatus";
        stage.proxy.fault(read, usize::MAX, Fault::Answer(status, text));
        let outcome = stage.run::<StartRecorder>().await;
        assert_eq!(outcome.is_err(), is_retried, "{status} {text}: {outcome:?}");
        stage.proxy.clear_faults();
    }
    let gone = Stage::new("p", StartRecorder::SPEC.id, kind, "no-such").await;
    let ended = gone.run::<StartRecorder>().await.unwrap().result;
    let why = "AWS Config has no configuration recorder `no-such`, and the settings of the former \
               recorder are unknown; create a recorder by hand";
    assert_eq!(ended, refused_for_state(why), "a missing recorder must not be a success");
    stage.proxy.fault("StartConfigurationRecorder", 1, Fault::LoseAnswer);
    assert_eq!(stage.run::<StartRecorder>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.run::<StartRecorder>().await.unwrap().result, RemediationResult::Compliant);
    let remediator = StartRecorder::from(stage.aws());
    remediator
        .apply_state(
            &stage.target(),
            &RecorderState { recording: false, delivers: true, missing: false },
        )
        .await
        .unwrap();
    recorder("default", true).await.there_and_back::<StartRecorder>().await;
}

/// An account has only one password policy, so one test runs all cases in sequence.
#[tokio::test]
async fn weak_settings_of_a_password_policy_are_corrected_and_stricter_ones_stay() {
    let account = || {
        Stage::new(
            "iam-password-policy-weak",
            PasswordPolicy::SPEC.id,
            "AWS::::Account",
            "123456789012",
        )
    };
    let lasting = || async { account().await.with(&json!({"maximumAge": 0})) };
    let set = |settings: &str| {
        let body = format!("Action=UpdateAccountPasswordPolicy{settings}");
        async move { ask("iam", "2010-05-08", &body).await }
    };
    let ended = |stage: Stage| async move { stage.run::<PasswordPolicy>().await.unwrap().result };
    set("&MinimumPasswordLength=20&RequireSymbols=true&AllowUsersToChangePassword=true").await;
    let weak = lasting().await;
    weak.there_and_back::<PasswordPolicy>().await;
    assert_eq!(weak.run::<PasswordPolicy>().await.unwrap().result, RemediationResult::Restored);
    let settings = weak.state::<PasswordPolicy>().await.settings.unwrap();
    let setting = |name: &str| settings.get(name).map(String::as_str);
    assert_eq!(setting("MinimumPasswordLength"), Some("20"), "a stricter setting must stay");
    assert_eq!(setting("AllowUsersToChangePassword"), Some("true"));
    assert_eq!((setting("PasswordReusePrevention"), setting("MaxPasswordAge")), (Some("24"), None));
    ask("iam", "2010-05-08", "Action=DeleteAccountPasswordPolicy").await;
    let none = lasting().await;
    assert_eq!(none.state::<PasswordPolicy>().await, PasswordSettings { settings: None });
    none.there_and_back::<PasswordPolicy>().await;
    // The remediation does not set a setting that the policy's parameters turn off.
    let little = json!({"minimumLength": 16, "maximumAge": 0, "remembered": 0, "demands": ["requireNumbers"]});
    let little = account().await.with(&little);
    assert_eq!(little.run::<PasswordPolicy>().await.unwrap().result, RemediationResult::Restored);
    let settings = little.state::<PasswordPolicy>().await.settings.unwrap();
    let written: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(written, [("MinimumPasswordLength", "16"), ("RequireNumbers", "true")]);
    for (wrong, why) in [
        (
            json!({"minimumLength": "long"}),
            "`minimumLength` in the policy header is \"long\"; use a whole number",
        ),
        (json!({"demands": ["numbers"]}), "`demands` in the policy header is not valid"),
    ] {
        let said = ended(account().await.with(&wrong)).await.refusal_reason().unwrap().to_string();
        assert!(said.starts_with(why), "{said}");
    }
    // A new maximum age immediately expires older passwords, so the change needs approval.
    for (before, asks) in [
        ("&MinimumPasswordLength=20", Some("older than 90 days would expire immediately")),
        ("&MinimumPasswordLength=20&MaxPasswordAge=180", Some("ChangePassword is off")),
        ("&MinimumPasswordLength=20&MaxPasswordAge=60&HardExpiry=true", Some("HardExpiry")),
        ("&MinimumPasswordLength=20&MaxPasswordAge=60", None),
    ] {
        set(before).await;
        let said = account().await.preview::<PasswordPolicy>().await.asks;
        assert_eq!(said.is_empty(), asks.is_none(), "{before}: {said:?}");
        assert!(asks.is_none_or(|asks| said.iter().any(|one| one.contains(asks))), "{before}");
    }
    set("&MinimumPasswordLength=8").await;
    let waiting = ended(account().await).await;
    assert!(matches!(waiting, RemediationResult::AwaitingApproval(_)), "{waiting:?}");
    let (read, write) = ("GetAccountPasswordPolicy", "UpdateAccountPasswordPolicy");
    writes_nothing_unread::<PasswordPolicy>(&lasting().await, read, write).await;
}
