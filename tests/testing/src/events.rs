//! CloudTrail records for tests, and the envelopes of the event sources.

use serde_json::{Value, json};

/// Returns a `DeleteBucketEncryption` record. `number` is part of the `eventID` and the bucket
/// name.
pub fn violation(number: u64) -> Value {
    json!({
        "eventVersion": "1.11", "eventType": "AwsApiCall", "eventCategory": "Management",
        "eventSource": "s3.amazonaws.com", "eventName": "DeleteBucketEncryption",
        "eventID": format!("6f0e1c8e-5d0b-4c55-9a37-{number:012}"),
        "eventTime": "2026-03-11T12:00:00Z", "awsRegion": "eu-central-1",
        "recipientAccountId": "123456789012", "readOnly": false, "managementEvent": true,
        "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.31",
        "userIdentity": {
            "type": "IAMUser", "accountId": "123456789012", "userName": "mara",
            "arn": "arn:aws:iam::123456789012:user/mara", "principalId": "AIDAEXAMPLE"
        },
        "requestParameters": {"bucketName": format!("bucket-{number}"), "encryption": ""},
        "responseElements": null
    })
}

/// Returns a record as an `EventBridge` event.
pub fn bus(record: &Value) -> Value {
    json!({
        "version": "0", "id": "11112222-3333-4444-5555-666677778888", "source": "aws.s3",
        "account": "123456789012", "region": "eu-central-1", "time": "2026-03-11T12:00:05Z",
        "detail-type": "AWS API Call via CloudTrail", "resources": [], "detail": record
    })
}

/// Returns a canary as an `EventBridge` event.
pub fn canary(id: &str) -> Value {
    let mut event = bus(&json!({"canary": id, "note": "no text of the event goes further"}));
    event["source"] = json!("evenkeel.doctor");
    event["detail-type"] = json!("Evenkeel Canary");
    event
}

/// Returns an SQS event with these message bodies. The message ids are `message-0`, `message-1`,
/// ...
pub fn queue(bodies: &[String]) -> Value {
    let record = |(number, body): (usize, &String)| {
        json!({
            "messageId": format!("message-{number}"), "receiptHandle": "r", "body": body,
            "eventSource": "aws:sqs", "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:changes",
            "attributes": {
                "AWSTraceHeader": "Root=1-00000000-000000000000000000000001",
                "SentTimestamp": "1773230401000"
            },
            "messageAttributes": {}, "md5OfBody": ""
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

/// Returns an S3 event notification about a new object.
pub fn written(bucket: &str, key: &str) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "awsRegion": "eu-central-1", "eventTime": "2026-03-11T12:05:00.000Z",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1024}}
    }]})
}
