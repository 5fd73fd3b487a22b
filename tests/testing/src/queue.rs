//! A client of Amazon SQS for tests.

use aws_config::SdkConfig;
use evenkeel_client::ServiceClient;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// A client of Amazon SQS.
#[derive(Clone, Debug)]
pub struct Queues(ServiceClient);

/// A received message.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    /// The id of the message.
    pub message_id: String,
    /// The handle with which the message is deleted.
    pub receipt_handle: String,
    /// The body of the message.
    pub body: String,
    /// The MD5 checksum of the body.
    #[serde(rename = "MD5OfBody")]
    pub md5_of_body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrl {
    queue_url: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Received {
    messages: Vec<Message>,
}

impl Queues {
    /// Creates a client with this configuration.
    pub fn new(config: &SdkConfig) -> Queues {
        Queues(ServiceClient::sqs(config))
    }

    /// Creates a queue with attributes such as `{"VisibilityTimeout": "0"}`. Returns its URL.
    pub async fn create(&self, name: &str, attributes: Value) -> String {
        let input = json!({"QueueName": name, "Attributes": attributes});
        self.0.call_json::<QueueUrl>("CreateQueue", &input).await.unwrap().queue_url
    }

    /// Returns the URL of a queue.
    pub async fn url(&self, name: &str) -> String {
        let input = json!({"QueueName": name});
        self.0.call_json::<QueueUrl>("GetQueueUrl", &input).await.unwrap().queue_url
    }

    /// Sets attributes of a queue.
    pub async fn set(&self, url: &str, attributes: Value) {
        self.act("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": attributes})).await;
    }

    /// Deletes a queue.
    pub async fn remove(&self, url: &str) {
        self.act("DeleteQueue", json!({"QueueUrl": url})).await;
    }

    /// Sends a message.
    pub async fn send(&self, url: &str, body: &str) {
        self.act("SendMessage", json!({"QueueUrl": url, "MessageBody": body})).await;
    }

    /// Receives at most `most` messages.
    pub async fn receive(&self, url: &str, most: i32) -> Vec<Message> {
        let input = json!({"QueueUrl": url, "MaxNumberOfMessages": most});
        self.0.call_json::<Received>("ReceiveMessage", &input).await.unwrap().messages
    }

    /// Deletes a message.
    pub async fn delete(&self, url: &str, message: &Message) {
        let input = json!({"QueueUrl": url, "ReceiptHandle": message.receipt_handle});
        self.act("DeleteMessage", input).await;
    }

    async fn act(&self, operation: &str, input: Value) {
        let _: IgnoredAny = self.0.call_json(operation, &input).await.unwrap();
    }
}

/// Returns the SQS event with which AWS Lambda invokes a function for these messages.
pub fn as_event(messages: &[Message], queue_arn: &str, region: &str) -> Value {
    let record = |message: &Message| {
        json!({
            "messageId": message.message_id, "receiptHandle": message.receipt_handle,
            "body": message.body, "md5OfBody": message.md5_of_body, "attributes": {},
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": region,
            "eventSourceARN": queue_arn
        })
    };
    json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})
}
