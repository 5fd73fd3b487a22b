//! Tests AWS calls that fail, hang or get lost: the function must retry the calls or report the
//! failure.

use serde_json::json;

use evenkeel_testing::aws::Aws;
use evenkeel_testing::events::{bus, queue, violation, written};
use evenkeel_testing::function::Function;
use evenkeel_testing::proxy::{Fault, Proxy};

/// The throttling errors of S3 and SNS.
const SLOW_DOWN: Fault = Fault::Answer(503, "<Error><Code>SlowDown</Code></Error>");
const THROTTLED: Fault = Fault::Answer(
    400,
    "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
);

#[tokio::test]
async fn a_single_fault_is_retried_within_the_invocation() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let faults = [
        ("PUT findings", SLOW_DOWN),
        ("PUT findings", Fault::Answer(500, "")),
        ("PUT findings", Fault::Lose),
        ("PUT findings", Fault::LoseAnswer),
        ("Publish", THROTTLED),
        ("Publish", Fault::Answer(500, "")),
        ("Publish", Fault::Lose),
        ("Publish", Fault::LoseAnswer),
        ("HEAD announced", Fault::Lose),
        ("PUT announced", Fault::LoseAnswer),
        ("PUT announced", SLOW_DOWN),
        ("Publish", Fault::Stall),
    ];
    for (number, (call, fault)) in (0_u64..).zip(faults) {
        let what = format!("{call} {fault:?}");
        proxy.fault(call, 1, fault);
        let answer = function.invoke(&bus(&violation(number))).await;
        assert_eq!(answer, Ok(json!({"findings": 1})), "{what}");
        let findings = aws.findings().await;
        assert_eq!(findings.len() as u64, number + 1, "{what}");
        assert!(!aws.notices().await.is_empty(), "{what}");
    }
    // A record is evidence, so a retry must never overwrite a record.
    let puts = proxy.calls().into_iter().flat_map(|call| call.asked);
    let mut puts = puts.filter(|asked| asked.action == "s3:PutObject");
    assert!(puts.all(|put| put.if_none_match), "a record was written without If-None-Match");
    aws.permits("evenkeel-evaluate", &proxy);
}

#[tokio::test]
async fn a_message_is_retried_if_its_finding_cannot_be_written_or_published() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let bodies = [bus(&violation(1)).to_string()];
    for call in ["PUT findings", "Publish"] {
        proxy.fault(
            call,
            usize::MAX,
            Fault::Answer(403, "<Error><Code>AccessDenied</Code></Error>"),
        );
        let answer = function.invoke(&queue(&bodies)).await;
        let failed = json!({"batchItemFailures": [{"itemIdentifier": "message-0"}]});
        assert_eq!(answer, Ok(failed), "{call}");
        proxy.clear_faults();
    }
    assert_eq!(
        proxy.count("PUT announced"),
        0,
        "the finding was marked as announced before it was published"
    );
    let answer = function.invoke(&queue(&bodies)).await;
    assert_eq!(answer, Ok(json!({"batchItemFailures": []})));
    assert_eq!((aws.findings().await.len(), aws.notices().await.len()), (1, 1));
}

#[tokio::test]
async fn a_throttled_config_read_gives_insufficient_data_with_the_reason() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function =
        Function::new(aws.environment_with(proxy.address, "rds/rds-instance-public")).await;
    let mut event = violation(1);
    event["eventSource"] = json!("rds.amazonaws.com");
    event["eventName"] = json!("ModifyDBInstance");
    event["requestParameters"] = json!({"omitted": true});
    event["responseElements"] = json!({"dBInstanceIdentifier": "d"});
    let throttled = "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}";
    proxy.fault("BatchGetResourceConfig", usize::MAX, Fault::Answer(400, throttled));
    assert_eq!(function.invoke(&bus(&event)).await, Ok(json!({"findings": 1})));
    let findings = aws.findings().await;
    let text = String::from_utf8_lossy(findings.values().next().unwrap()).into_owned();
    assert!(text.contains("INSUFFICIENT_DATA") && text.contains("ThrottlingException"), "{text}");
    assert!(proxy.count("BatchGetResourceConfig") > 1, "the throttled call must be retried");
    assert_eq!(function.metrics().await["InsufficientData"], 1);
    function.invoke(&bus(&event)).await.unwrap();
    assert_eq!(aws.findings().await, findings, "the same failure must not give another finding");
}

#[tokio::test]
async fn a_stalled_read_and_a_message_without_time_left_are_retried_alone() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let keys = ["trail/3.json", "trail/4.json"];
    for (number, key) in (3..).zip(keys) {
        aws.put(key, json!({"Records": [violation(number)]}).to_string()).await;
    }
    let [stalling, other] = keys.map(|key| written(&aws.bucket, key).to_string());
    proxy.fault("GET object", 1, Fault::Stall);
    function.allow(16_000);
    let bodies =
        [stalling.clone(), bus(&violation(1)).to_string(), other, bus(&violation(2)).to_string()];
    let answer = function.invoke(&queue(&bodies)).await;
    let alone = json!({"batchItemFailures": [{"itemIdentifier": "message-0"}]});
    assert_eq!(answer.as_ref(), Ok(&alone), "{:#?}", function.lines());
    assert_eq!(aws.findings().await.len(), 3, "the other messages must be processed");
    function.allow(1_500);
    assert_eq!(function.invoke(&queue(&[bus(&violation(5)).to_string()])).await, Ok(alone));
    let failed = function.invoke(&bus(&violation(5))).await.unwrap_err();
    assert!(failed.contains("less than one second was left"), "{failed}");
    assert_eq!(aws.findings().await.len(), 3, "the function must not begin without enough time");
    function.allow(60_000);
    let answer = function.invoke(&queue(&[stalling])).await;
    assert_eq!(answer, Ok(json!({"batchItemFailures": []})));
    assert_eq!(aws.findings().await.len(), 4);
}
