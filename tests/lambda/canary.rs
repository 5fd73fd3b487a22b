//! Tests canaries: the function records a canary, publishes it, and does nothing else.

use serde_json::{Value, json};

use evenkeel_testing::aws::Aws;
use evenkeel_testing::events::{bus, canary, queue, violation};
use evenkeel_testing::function::Function;
use evenkeel_testing::proxy::{Fault, Proxy};
use evenkeel_testing::stand_in::stand_in;

const ID: &str = "3ab3a4fa-1702-5e4d-83ae-8c0f7b793ec3";
const KEY: &str = "canary/3ab3a4fa-1702-5e4d-83ae-8c0f7b793ec3/evaluate.json";

#[tokio::test]
async fn a_canary_is_recorded_and_published_with_its_own_kind() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let bodies = [canary(ID).to_string(), bus(&violation(1)).to_string()];
    let answer = function.invoke(&queue(&bodies)).await;
    assert_eq!(answer, Ok(json!({"batchItemFailures": []})), "{:#?}", function.lines());
    let ledger = aws.ledger().await;
    let record: Value = serde_json::from_slice(&ledger[KEY]).unwrap();
    let taken = record["taken"].as_i64().unwrap();
    assert!(taken > 1_773_230_401_000, "{record}");
    let whole = json!({"made": 1_773_230_405_000_i64, "sent": 1_773_230_401_000_i64, "taken": taken, "bundle": "artifact"});
    assert_eq!(
        record, whole,
        "the record must contain only the times and the bundle, and no text of the event"
    );
    let notices = aws.notices().await;
    let [canaries, findings] = [true, false].map(|wanted| {
        let is = |notice: &&Value| notice["MessageAttributes"].get("kind").is_some() == wanted;
        notices.iter().filter(is).collect::<Vec<_>>()
    });
    assert_eq!(
        (canaries.len(), findings.len()),
        (1, 1),
        "there must be one canary notice, and one finding notice without a `kind`"
    );
    assert_eq!(canaries[0]["MessageAttributes"]["kind"]["Value"], "canary");
    let pointer: Value = serde_json::from_str(canaries[0]["Message"].as_str().unwrap()).unwrap();
    assert_eq!(pointer, json!({"canary": ID, "key": KEY}));
    assert_eq!(function.metrics().await["Canaries"], 1);
    aws.permits("evenkeel-evaluate", &proxy);
}

#[tokio::test]
async fn a_redelivered_canary_keeps_its_first_record_and_is_published_again() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    proxy.fault("Publish", usize::MAX, Fault::Answer(403, "<ErrorResponse/>"));
    assert!(function.invoke(&canary(ID)).await.is_err());
    let first = aws.ledger().await;
    proxy.clear_faults();
    assert_eq!(function.invoke(&canary(ID)).await, Ok(json!({"findings": 0})));
    assert_eq!(aws.ledger().await, first);
    assert_eq!(aws.notices().await.len(), 1);
}

#[tokio::test]
async fn a_canary_with_an_invalid_id_is_rejected() {
    let aws = Aws::new().await;
    let function = Function::new(aws.environment(stand_in())).await;
    let bodies = ["../control/kill-switch", ""].map(|id| canary(id).to_string());
    let answer = function.invoke(&queue(&bodies)).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 2);
    assert!(aws.ledger().await.is_empty() && aws.notices().await.is_empty());
    let log = function.log().await.join("\n");
    assert!(log.contains("has no usable `canary`") && !log.contains("kill-switch"), "{log}");
}
