//! The AWS resources of one test: the bucket of the ledger, a topic and a subscribed queue.

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
use super::stand_in::stand_in;
use super::{project, scratch};

/// The account id of the stand-in's default credentials.
pub const ACCOUNT: &str = "123456789012";

/// The AWS resources of one test.
#[derive(Debug)]
pub struct Aws {
    /// The name of the bucket. The ledger has the prefix `ledger/`.
    pub bucket: String,
    /// The ARN of the topic.
    pub topic: String,
    queue: String,
    queues: Queues,
}

/// Returns the SDK configuration for clients of the AWS stand-in.
pub fn config() -> SdkConfig {
    let keys = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .http_client(new_http_client())
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(format!("http://{}", stand_in()))
        .build()
}

impl Aws {
    /// Creates a bucket, a topic, and a queue that is subscribed to it.
    pub async fn new() -> Aws {
        let name = format!("t{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, test_name().as_bytes()));
        let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
        let (status, body) = call(stand_in(), "PUT", &format!("/{name}"), place).await;
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

    /// Returns the environment variables of a function that uses these resources, with AWS at
    /// `endpoint`.
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

    /// Returns the environment variables of a function with only one shipped policy, such as
    /// `rds/rds-instance-public`.
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

    /// Writes an object to the bucket.
    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) {
        let path = format!("/{}/{key}", self.bucket);
        let (status, body) = call(stand_in(), "PUT", &path, body.into()).await;
        assert!(status.is_success(), "{status} {body:?}");
    }

    /// Returns the records of the ledger, by key without the prefix `ledger/`.
    pub async fn ledger(&self) -> BTreeMap<String, Vec<u8>> {
        let path = format!("/{}?list-type=2&prefix=ledger/", self.bucket);
        let (_, listing) = call(stand_in(), "GET", &path, "").await;
        let listing = String::from_utf8_lossy(&listing).into_owned();
        assert!(listing.contains("<IsTruncated>false<"), "{listing}");
        let mut records = BTreeMap::new();
        for key in listing.split("<Key>").skip(1).filter_map(|rest| rest.split('<').next()) {
            let path = format!("/{}/{}", self.bucket, key.replace('=', "%3D"));
            let (status, body) = call(stand_in(), "GET", &path, "").await;
            assert!(status.is_success(), "{key}: {status}");
            records.insert(key.trim_start_matches("ledger/").to_owned(), body.to_vec());
        }
        records
    }

    /// Returns the findings in the ledger, by key.
    pub async fn findings(&self) -> BTreeMap<String, Vec<u8>> {
        let mut records = self.ledger().await;
        records.retain(|key, _| key.starts_with("findings/"));
        records
    }

    /// Receives and deletes the notices of the topic, in the JSON envelope of SNS.
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

/// The queue of a function, and its dead-letter queue, which receives messages that failed twice.
#[derive(Debug)]
pub struct Changes {
    queues: Queues,
    url: String,
    dead: String,
}

impl Changes {
    /// Creates both queues. Their names begin with the name of the bucket.
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

    /// Polls once, like an event source mapping with `ReportBatchItemFailures`. Returns the number
    /// of received messages and the number of deleted messages.
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
        // An unknown message id fails the whole batch in AWS Lambda.
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

    /// Returns the bodies of the messages in the dead-letter queue.
    pub async fn dead(&self) -> Vec<String> {
        let messages = self.queues.receive(&self.dead, 10).await;
        messages.into_iter().map(|message| message.body).collect()
    }
}

/// Returns the name of the test, which is the name of its thread and unique.
fn test_name() -> String {
    std::thread::current().name().unwrap().to_owned()
}

/// Records configuration items in the format of the AWS Config API.
pub async fn record(items: Value) {
    let (status, _) = call(stand_in(), "POST", "/stand/items", items.to_string()).await;
    assert!(status.is_success());
}

/// Returns the evaluations of a resource that AWS Config received.
pub async fn evaluations(resource: &str) -> Vec<Value> {
    let (_, body) = call(stand_in(), "GET", "/stand/evaluations", "").await;
    let all: Vec<Value> = serde_json::from_slice(&body).unwrap();
    all.into_iter().filter(|one| one["ComplianceResourceId"] == json!(resource)).collect()
}
