//! Recorders of AWS Config that were stopped, and password policies that are weak.

use std::collections::BTreeMap;

use evenkeel_remediators::catalog::config_start_recorder::{Recorder, StartRecorder};
use evenkeel_remediators::catalog::iam_password_policy::{PasswordPolicy, Passwords};
use evenkeel_remediators::{Ended, Remediator};
use serde_json::json;

use crate::proxy::Fault;
use crate::query::{ask, writes_nothing_unread};
use crate::stage::{Stage, aws};
use crate::stand::stand;

/// A recorder, with a channel or without one.
async fn recorder(name: &str, channel: bool) -> Stage {
    let client = aws_sdk_config::Client::new(&aws(stand()).config);
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
    Stage::new("config-recorder-tampering", StartRecorder::ID, kind, name).await
}

#[tokio::test]
async fn a_recorder_that_was_stopped_records_again_and_one_that_is_gone_or_unread_is_left_alone() {
    const DENIED: &str = r#"{"__type": "AccessDeniedException"}"#;
    const SLOWER: &str = r#"{"__type": "ThrottlingException"}"#;
    let kind = "AWS::Config::ConfigurationRecorder";
    let gone = Stage::new("p", StartRecorder::ID, kind, "no-such").await;
    assert_eq!(gone.run::<StartRecorder>().await.unwrap().result, Ended::Gone);
    let stage = recorder("default", false).await;
    let refused = stage.run::<StartRecorder>().await.unwrap().result;
    let why = "not allowed: NoAvailableDeliveryChannelException".to_owned();
    assert_eq!(refused, Ended::Failed(why), "without a channel nothing could be recorded");
    drop(recorder("default", true).await);
    for (status, text, comes_again) in
        [(400, SLOWER, true), (500, "", true), (200, "{}", true), (400, DENIED, false)]
    {
        let read = "DescribeConfigurationRecorderStatus";
        stage.proxy.fault(read, usize::MAX, Fault::Answer(status, text));
        let outcome = stage.run::<StartRecorder>().await;
        assert_eq!(outcome.is_err(), comes_again, "{status} {text}: {outcome:?}");
        stage.proxy.mend();
    }
    stage.proxy.fault("StartConfigurationRecorder", 1, Fault::LoseAnswer);
    assert_eq!(stage.run::<StartRecorder>().await.unwrap().result, Ended::Done);
    assert_eq!(stage.run::<StartRecorder>().await.unwrap().result, Ended::Compliant);
    let remediator = StartRecorder::from(stage.aws());
    remediator.apply(&stage.target(), &Recorder { recording: false }).await.unwrap();
    recorder("default", true).await.there_and_back::<StartRecorder>().await;
}

/// An account has one policy: what looks at it goes one after the other.
#[tokio::test]
async fn a_password_policy_is_raised_where_it_is_weak_and_stays_where_it_is_strong() {
    let stage = || {
        Stage::new("iam-password-policy-weak", PasswordPolicy::ID, "AWS::::Account", "123456789012")
    };
    let set = |settings: &str| {
        let body = format!("Action=UpdateAccountPasswordPolicy{settings}");
        async move { ask("iam", "2010-05-08", &body).await }
    };
    set("&MinimumPasswordLength=20&RequireSymbols=true&AllowUsersToChangePassword=true").await;
    let weak = stage().await;
    weak.there_and_back::<PasswordPolicy>().await;
    assert_eq!(weak.run::<PasswordPolicy>().await.unwrap().result, Ended::Done);
    let settings = weak.state::<PasswordPolicy>().await.settings.unwrap();
    let told = |name: &str| settings.get(name).map(String::as_str);
    assert_eq!(told("MinimumPasswordLength"), Some("20"), "what is stricter stays");
    assert_eq!(told("AllowUsersToChangePassword"), Some("true"));
    assert_eq!((told("PasswordReusePrevention"), told("MaxPasswordAge")), (Some("24"), Some("90")));
    ask("iam", "2010-05-08", "Action=DeleteAccountPasswordPolicy").await;
    let none = stage().await;
    assert_eq!(none.state::<PasswordPolicy>().await, Passwords { settings: None });
    none.there_and_back::<PasswordPolicy>().await;
    let lasting = stage().await.with(&json!({"minimumLength": 16, "maximumAge": 0}));
    assert_eq!(lasting.run::<PasswordPolicy>().await.unwrap().result, Ended::Done);
    let settings: BTreeMap<String, String> =
        lasting.state::<PasswordPolicy>().await.settings.unwrap();
    assert_eq!(settings.get("MinimumPasswordLength").map(String::as_str), Some("16"));
    assert_eq!(settings.get("MaxPasswordAge"), None);
    let wrong = stage().await.with(&json!({"minimumLength": "long"}));
    let why = "`minimumLength` is \"long\", and must be a whole number".to_owned();
    assert_eq!(wrong.run::<PasswordPolicy>().await.unwrap().result, Ended::Refused(why));
    set("&MinimumPasswordLength=8").await;
    let (read, write) = ("GetAccountPasswordPolicy", "UpdateAccountPasswordPolicy");
    writes_nothing_unread::<PasswordPolicy>(&stage().await, read, write).await;
}
