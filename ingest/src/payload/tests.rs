//! Tests the smallest payload of every format, and damaged payloads.

mod damage;
mod shapes;

use std::io::Write;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use super::*;

const RECORD: &str = r#"{ "eventVersion" : "1.11","eventID":"e","n": 1.50 }"#;
const ITEM: &str = r#"{"resourceType":"AWS::S3::Bucket","resourceId":"r","configuration":{"a":1}}"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::new(6));
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn base64_text(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn sqs(id: &str, body: &str) -> Value {
    let attributes = json!({"AWSTraceHeader": format!("Root={id}"), "SentTimestamp": "1"});
    json!({"messageId": id, "body": body, "attributes": attributes, "eventSource": "aws:sqs"})
}

fn sns(message: &str) -> Value {
    json!({"Type": "Notification", "TopicArn": "arn:aws:sns:r:1:t", "Message": message})
}

fn kinesis(id: &str, data: &[u8]) -> Value {
    json!({"kinesis": {"sequenceNumber": id, "data": base64_text(data)}, "eventSource": "aws:kinesis"})
}

fn s3(event: &str, key: &str) -> Value {
    let s3 = json!({"bucket": {"name": "b"}, "object": {"key": key, "size": 7, "eTag": "t"}});
    json!({"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "r", "eventName": event, "s3": s3})
}

fn batch(elements: &[Value]) -> String {
    json!({ "Records": elements }).to_string()
}

/// Returns an EventBridge event. The text of `detail` stays unchanged.
fn event(detail_type: &str, source: &str, detail: &str) -> String {
    format!(
        r#"{{"version":"0","id":"i","detail-type":"{detail_type}","source":"{source}","account":"1","time":"t","region":"r","resources":["arn"],"detail":{detail}}}"#
    )
}

fn api_call(detail: &str) -> String {
    event("AWS API Call via CloudTrail", "aws.s3", detail)
}

fn logs(messages: &[&str]) -> String {
    let events: Vec<_> =
        messages.iter().map(|text| json!({"id": "1", "timestamp": 1, "message": text})).collect();
    json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": events}).to_string()
}

fn subscription(text: &str) -> String {
    json!({"awslogs": {"data": base64_text(&gzip(text))}}).to_string()
}

fn rule(invoking: &Value, token: &str) -> String {
    json!({
        "invokingEvent": invoking.to_string(),
        "ruleParameters": "{\"k\":\"v\"}",
        "resultToken": token,
        "eventLeftScope": false,
        "configRuleArn": "arn:aws:config:r:1:config-rule/c",
        "configRuleName": "n",
        "accountId": "1",
    })
    .to_string()
}

/// Returns the invoker of a payload, and a short form of each message: its id and its parts.
fn parse_short(payload: &str) -> (PayloadInvoker, Vec<String>) {
    let parsed =
        parse_payload(payload.as_bytes()).unwrap_or_else(|error| panic!("{error}: {payload}"));
    let message = |message: &PayloadMessage| {
        assert!(!message.parts.is_empty(), "a message without parts: {payload}");
        let parts: Vec<_> = message.parts.iter().map(describe_part).collect();
        format!("{}:{}", message.id.as_deref().unwrap_or_default(), parts.join("+"))
    };
    (parsed.invoker, parsed.messages.iter().map(message).collect())
}

fn describe_part(part: &Result<PayloadContent, PayloadError>) -> String {
    match part {
        Ok(PayloadContent::Record { text, envelope }) => {
            assert_eq!(text, RECORD, "the text of a record must not change");
            let envelope = envelope.as_ref().map(|envelope| format!("<{}", envelope.source));
            format!("record{}", envelope.unwrap_or_default())
        }
        Ok(PayloadContent::Item { change, .. }) => format!("item {}", change.item.id),
        Ok(PayloadContent::LogObject(object)) => format!("{}/{}", object.bucket, object.key),
        Ok(PayloadContent::Oversized { item, .. }) => format!("oversized {}", item.item.id),
        Ok(content) => format!("({})", content.kind_label()),
        Err(error) => format!("!{error}"),
    }
}
