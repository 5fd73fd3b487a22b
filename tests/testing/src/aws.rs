//! A ledger's bucket, a topic and a queue behind it, all of one test's own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use serde_json::{Value, json};
use uuid::Uuid;

use super::function::Function;
use super::http::call;
use super::stand::stand;
use super::{project, scratch};

/// The account of the stand-in's default credentials.
pub const ACCOUNT: &str = "123456789012";

/// What one test has in AWS.
#[derive(Debug)]
pub struct Aws {
    /// The bucket, whose ledger is below `ledger/`.
    pub bucket: String,
    /// The ARN of the topic.
    pub topic: String,
    queue: String,
    sqs: aws_sdk_sqs::Client,
}

/// The settings of SDK clients that go to the stand-in.
fn config() -> SdkConfig {
    let keys = aws_sdk_sqs::config::Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(keys))
        .endpoint_url(format!("http://{}", stand()))
        .build()
}

impl Aws {
    /// A bucket, a topic, and a queue that is subscribed to it.
    pub async fn new() -> Aws {
        let name = format!("t{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, test_name().as_bytes()));
        let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
        let (status, body) = call(stand(), "PUT", &format!("/{name}"), place).await;
        assert!(status.is_success(), "{status} {body:?}");
        let (sns, sqs) = (aws_sdk_sns::Client::new(&config()), aws_sdk_sqs::Client::new(&config()));
        let topic = sns.create_topic().name(&name).send().await.unwrap().topic_arn.unwrap();
        let queue = sqs.create_queue().queue_name(&name).send().await.unwrap().queue_url.unwrap();
        let arn = format!("arn:aws:sqs:eu-central-1:{ACCOUNT}:{name}");
        sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn).send().await.unwrap();
        Aws { bucket: name, topic, queue, sqs }
    }

    /// The environment of a function that works with these, and reaches AWS at `endpoint`.
    pub fn environment(&self, endpoint: SocketAddr) -> Vec<(String, String)> {
        let policies = project("policies").display().to_string();
        [
            ("EVENKEEL_LEDGER", format!("s3://{}/ledger", self.bucket)),
            ("EVENKEEL_TOPIC", self.topic.clone()),
            ("EVENKEEL_POLICIES", policies),
            ("EVENKEEL_REFRESH_SECONDS", "0".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://{endpoint}")),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// The same, with one of the shipped policies only.
    pub fn environment_with(&self, endpoint: SocketAddr, policy: &str) -> Vec<(String, String)> {
        let shipped = project("policies");
        let folder = scratch("policies").join(&self.bucket);
        std::fs::create_dir_all(&folder).unwrap();
        let (_, name) = policy.split_once('/').unwrap();
        for (from, to) in [
            (format!("{policy}.cel"), format!("{name}.cel")),
            ("functions.yaml".to_owned(), "functions.yaml".to_owned()),
        ] {
            std::fs::copy(shipped.join(from), folder.join(to)).unwrap();
        }
        let mut environment = self.environment(endpoint);
        environment.push(("EVENKEEL_POLICIES".to_owned(), folder.display().to_string()));
        environment
    }

    /// Puts an object.
    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) {
        let path = format!("/{}/{key}", self.bucket);
        let (status, body) = call(stand(), "PUT", &path, body.into()).await;
        assert!(status.is_success(), "{status} {body:?}");
    }

    /// The ledger's records, by key.
    pub async fn ledger(&self) -> BTreeMap<String, Vec<u8>> {
        let path = format!("/{}?list-type=2&prefix=ledger/", self.bucket);
        let (_, listing) = call(stand(), "GET", &path, "").await;
        let listing = String::from_utf8_lossy(&listing).into_owned();
        assert!(listing.contains("<IsTruncated>false<"), "{listing}");
        let mut records = BTreeMap::new();
        for key in listing.split("<Key>").skip(1).filter_map(|rest| rest.split('<').next()) {
            let path = format!("/{}/{}", self.bucket, key.replace('=', "%3D"));
            let (status, body) = call(stand(), "GET", &path, "").await;
            assert!(status.is_success(), "{key}: {status}");
            records.insert(key.trim_start_matches("ledger/").to_owned(), body.to_vec());
        }
        records
    }

    /// The findings in the ledger, by key.
    pub async fn findings(&self) -> BTreeMap<String, Vec<u8>> {
        let mut records = self.ledger().await;
        records.retain(|key, _| key.starts_with("findings/"));
        records
    }

    /// The notices that came through the topic: the pointer that queues are sent, as SNS wraps it.
    pub async fn notices(&self) -> Vec<Value> {
        let mut notices = Vec::new();
        loop {
            let received = self.sqs.receive_message().queue_url(&self.queue);
            let received = received.max_number_of_messages(10).send().await.unwrap();
            let messages = received.messages.unwrap_or_default();
            if messages.is_empty() {
                return notices;
            }
            for message in messages {
                notices.push(serde_json::from_str(&message.body.unwrap()).unwrap());
                let delete = self.sqs.delete_message().queue_url(&self.queue);
                delete.receipt_handle(message.receipt_handle.unwrap()).send().await.unwrap();
            }
        }
    }
}

/// A queue that a function is fed from, and the queue of what failed twice.
#[derive(Debug)]
pub struct Changes {
    sqs: aws_sdk_sqs::Client,
    url: String,
    dead: String,
}

impl Changes {
    /// Both queues, named after a test's bucket.
    pub async fn new(aws: &Aws) -> Changes {
        let (sqs, name) = (aws.sqs.clone(), format!("{}-changes", aws.bucket));
        let create = |name: String| sqs.create_queue().queue_name(name);
        let dead = create(format!("{name}-dead")).send().await.unwrap().queue_url.unwrap();
        let arn = format!("arn:aws:sqs:eu-central-1:{ACCOUNT}:{name}-dead");
        let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 2}).to_string();
        let created = create(name)
            .attributes(QueueAttributeName::VisibilityTimeout, "0")
            .attributes(QueueAttributeName::RedrivePolicy, redrive);
        let url = created.send().await.unwrap().queue_url.unwrap();
        Changes { sqs, url, dead }
    }

    /// Sends a message to the function's queue.
    pub async fn send(&self, body: String) {
        self.sqs.send_message().queue_url(&self.url).message_body(body).send().await.unwrap();
    }

    /// One poll of an event source mapping with `ReportBatchItemFailures`: how many messages came, and how
    /// many were let go.
    pub async fn poll(&self, function: &Function) -> (usize, usize) {
        let receive = self.sqs.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let messages = receive.send().await.unwrap().messages.unwrap_or_default();
        let record = |message: &Message| {
            json!({
                "messageId": message.message_id, "receiptHandle": message.receipt_handle,
                "body": message.body, "md5OfBody": message.md5_of_body, "attributes": {},
                "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-central-1",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:changes"
            })
        };
        if messages.is_empty() {
            return (0, 0);
        }
        let records: Vec<Value> = messages.iter().map(record).collect();
        let answer = function.invoke(&json!({"Records": records})).await.unwrap();
        let failed = answer["batchItemFailures"].as_array().unwrap();
        let failed: Vec<&str> =
            failed.iter().map(|one| one["itemIdentifier"].as_str().unwrap_or_default()).collect();
        let ids: Vec<&str> = messages.iter().filter_map(Message::message_id).collect();
        // An id that Lambda does not know fails the whole batch.
        let all_known = failed.iter().all(|id| ids.contains(id));
        let done = |message: &&Message| {
            all_known && message.message_id().is_some_and(|id| !failed.contains(&id))
        };
        let done: Vec<&Message> = messages.iter().filter(done).collect();
        for message in &done {
            let delete = self.sqs.delete_message().queue_url(&self.url);
            delete.receipt_handle(message.receipt_handle().unwrap()).send().await.unwrap();
        }
        (messages.len(), done.len())
    }

    /// What failed twice.
    pub async fn dead(&self) -> Vec<String> {
        let receive = self.sqs.receive_message().queue_url(&self.dead).max_number_of_messages(10);
        let messages = receive.send().await.unwrap().messages.unwrap_or_default();
        messages.into_iter().filter_map(|message| message.body).collect()
    }
}

/// Tests run on threads that have their names, and each name is one test's own.
fn test_name() -> String {
    std::thread::current().name().unwrap().to_owned()
}

/// Records configuration items, as AWS Config's API shows them.
pub async fn record(items: Value) {
    let (status, _) = call(stand(), "POST", "/stand/items", items.to_string()).await;
    assert!(status.is_success());
}

/// What AWS Config was told of a resource.
pub async fn evaluations(resource: &str) -> Vec<Value> {
    let (_, body) = call(stand(), "GET", "/stand/evaluations", "").await;
    let all: Vec<Value> = serde_json::from_slice(&body).unwrap();
    all.into_iter().filter(|one| one["ComplianceResourceId"] == json!(resource)).collect()
}
