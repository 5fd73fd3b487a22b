//! A ledger's bucket, a topic and a queue behind it, all of one test's own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use evenkeel_client::ServiceClient;
use evenkeel_client::config::new_http_client;
use serde_json::{Value, json};
use uuid::Uuid;

use super::function::Function;
use super::http::call;
use super::queue::{Message, Queues, as_event};
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
    queues: Queues,
}

/// The settings of clients that go to the stand-in.
pub fn config() -> SdkConfig {
    let keys = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .http_client(new_http_client())
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
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
        let (sns, queues) = (ServiceClient::sns(&config()), Queues::new(&config()));
        let created =
            sns.query_call("CreateTopic").with_parameter("Name", &name).send_query().await.unwrap();
        let created =
            created.require_child("CreateTopicResult").unwrap().require_child("TopicArn").unwrap();
        let topic = created.text_content().to_owned();
        let queue = queues.create(&name, json!({})).await;
        let arn = format!("arn:aws:sqs:eu-central-1:{ACCOUNT}:{name}");
        let subscribe = sns
            .query_call("Subscribe")
            .with_parameter("TopicArn", &topic)
            .with_parameter("Protocol", "sqs");
        subscribe.with_parameter("Endpoint", &arn).send_query().await.unwrap();
        Aws { bucket: name, topic, queue, queues }
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
            let messages = self.queues.receive(&self.queue, 10).await;
            if messages.is_empty() {
                return notices;
            }
            for message in messages {
                notices.push(serde_json::from_str(&message.body).unwrap());
                self.queues.delete(&self.queue, &message).await;
            }
        }
    }
}

/// A queue that a function is fed from, and the queue of what failed twice.
#[derive(Debug)]
pub struct Changes {
    queues: Queues,
    url: String,
    dead: String,
}

impl Changes {
    /// Both queues, named after a test's bucket.
    pub async fn new(aws: &Aws) -> Changes {
        let (queues, name) = (aws.queues.clone(), format!("{}-changes", aws.bucket));
        let dead = queues.create(&format!("{name}-dead"), json!({})).await;
        let arn = format!("arn:aws:sqs:eu-central-1:{ACCOUNT}:{name}-dead");
        let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 2}).to_string();
        let attributes = json!({"VisibilityTimeout": "0", "RedrivePolicy": redrive});
        let url = queues.create(&name, attributes).await;
        Changes { queues, url, dead }
    }

    /// Sends a message to the function's queue.
    pub async fn send(&self, body: String) {
        self.queues.send(&self.url, &body).await;
    }

    /// One poll of an event source mapping with `ReportBatchItemFailures`: how many messages came, and how
    /// many were let go.
    pub async fn poll(&self, function: &Function) -> (usize, usize) {
        let messages = self.queues.receive(&self.url, 10).await;
        if messages.is_empty() {
            return (0, 0);
        }
        let arn = "arn:aws:sqs:eu-central-1:123456789012:changes";
        let answer = function.invoke(&as_event(&messages, arn, "eu-central-1")).await.unwrap();
        let failed = answer["batchItemFailures"].as_array().unwrap();
        let failed: Vec<&str> =
            failed.iter().map(|one| one["itemIdentifier"].as_str().unwrap_or_default()).collect();
        // An id that Lambda does not know fails the whole batch.
        let is_known = |id: &&str| messages.iter().any(|message| message.message_id == **id);
        let all_known = failed.iter().all(is_known);
        let is_done =
            |message: &&Message| all_known && !failed.contains(&message.message_id.as_str());
        let done: Vec<&Message> = messages.iter().filter(is_done).collect();
        for message in &done {
            self.queues.delete(&self.url, message).await;
        }
        (messages.len(), done.len())
    }

    /// What failed twice.
    pub async fn dead(&self) -> Vec<String> {
        let messages = self.queues.receive(&self.dead, 10).await;
        messages.into_iter().map(|message| message.body).collect()
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
