//! Generates the policies and events of the benchmark.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::Outcome;

/// Writes `count` policies about S3 calls. The first policy reports the violations of [`event`].
pub(crate) fn policies(folder: &Path, count: usize) -> Outcome<PathBuf> {
    fs::create_dir_all(folder)?;
    for number in 0..count {
        let name = if number == 0 { "PutBucketAcl".to_owned() } else { format!("Call{number}") };
        let mut text =
            String::from("// METADATA\n// title: t\n// description: d\n// severity: LOW\n");
        writeln!(text, "// match: {{eventSource: s3.amazonaws.com, eventName: {name}}}")?;
        text.push_str("// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}\n");
        text.push_str("// message: \"Bucket {{request.bucketName}}\"\n");
        text.push_str("request.?acl.orValue('private').startsWith('public')\n");
        text.push_str("  && !request.bucketName.endsWith('-assets')\n");
        fs::write(folder.join(format!("p{number}.cel")), text)?;
    }
    Ok(folder.to_owned())
}

fn record(number: usize, public: bool, filler: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventType": "AwsApiCall", "eventSource": "s3.amazonaws.com",
        "eventName": "PutBucketAcl", "eventID": format!("6f0e1c8e-5d0b-4c55-9a37-{number:012}"),
        "eventTime": "2026-03-11T12:00:00Z", "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333", "sourceIPAddress": "198.51.100.7",
        "userAgent": filler, "requestID": format!("{number:016}"),
        "userIdentity": {
            "type": "AssumedRole", "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/deploy/session"
        },
        "requestParameters": {
            "bucketName": format!("bucket-{number}"), "acl": if public { "public-read" } else { "private" }
        },
        "responseElements": null, "readOnly": false, "managementEvent": true
    })
}

/// Returns an EventBridge event. The event is a violation if `public` is true.
pub(crate) fn event(number: usize, public: bool) -> String {
    json!({
        "version": "0", "id": "e", "source": "aws.s3", "account": "111122223333",
        "region": "eu-central-1", "detail-type": "AWS API Call via CloudTrail",
        "detail": record(number, public, "aws-cli/2.31")
    })
    .to_string()
}

/// Returns an SQS event with `size` EventBridge events that are no violations.
pub(crate) fn batch(size: usize) -> String {
    let message = |number: usize| {
        json!({
            "messageId": format!("m{number}"), "receiptHandle": "r", "body": event(number, false),
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:q",
            "awsRegion": "eu-central-1", "attributes": {}, "messageAttributes": {}
        })
    };
    json!({"Records": (0..size).map(message).collect::<Vec<_>>()}).to_string()
}

/// Returns an S3 event notification about the log object.
pub(crate) fn written() -> String {
    json!({"Records": [{
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": "eu-central-1",
        "s3": {"bucket": {"name": "logs"}, "object": {"key": "AWSLogs/log.json.gz", "size": 1}}
    }]})
    .to_string()
}

/// A log object: the compressed bytes, and counts of its content.
pub(crate) struct Object {
    pub(crate) packed: Vec<u8>,
    /// The length of the uncompressed text, in bytes.
    pub(crate) text: u64,
    pub(crate) records: usize,
}

/// Returns a log object of about `size` compressed bytes. No record is a violation.
pub(crate) fn object(size: usize) -> Outcome<Object> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    let (mut text, mut records, mut state) = (0, 0, 1_u64);
    packer.write_all(b"{\"Records\":[")?;
    while packer.get_ref().len() < size {
        // Real records contain many unique values: ids, keys, tokens.
        let mut filler = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            write!(filler, "{:08x}", state >> 32)?;
        }
        let separator = if records == 0 { "" } else { "," };
        let record = format!("{separator}{}", record(records, false, &filler));
        packer.write_all(record.as_bytes())?;
        text += u64::try_from(record.len())?;
        records += 1;
    }
    packer.write_all(b"]}")?;
    Ok(Object { packed: packer.finish()?, text, records })
}
