//! The content of a payload as plain data, independent of the service that sent the payload.

use std::borrow::Cow;

use evenkeel_ledger::CanaryId;
use evenkeel_rules::ConfigurationItem;
use evenkeel_rules::event::BusOrigin;

use super::error::PayloadError;

/// A parsed payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedPayload {
    /// The invoker, which determines the response.
    pub invoker: PayloadInvoker,
    /// The messages in their order. The list is never empty.
    pub messages: Vec<PayloadMessage>,
}

/// The service that invokes a function with a payload of this format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadInvoker {
    /// An SQS queue. The response names the messages that failed.
    Sqs,
    /// A Kinesis stream. The response names the records that failed.
    Kinesis,
    /// An SNS topic.
    Sns,
    /// An S3 bucket.
    S3,
    /// A CloudWatch Logs log group.
    CloudWatchLogs,
    /// An EventBridge bus, rule or schedule.
    EventBridge,
    /// A rule of AWS Config. AWS Config waits for the evaluations of the rule.
    ConfigRule,
    /// No service. Files contain this format, or the payloads of other services wrap it.
    Document,
}

/// The part of a payload that fails or succeeds as a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadMessage {
    /// The SQS message id or the Kinesis sequence number. If a message of SQS or Kinesis has no id,
    /// its failure fails the complete invocation.
    pub id: Option<String>,
    /// The X-Ray trace header of the message.
    pub trace: Option<String>,
    /// The time at which the queue received the message, in milliseconds since 1970.
    pub sent: Option<i64>,
    /// The parts of the message in their order. The list is never empty. A part that cannot be
    /// parsed does not affect the other parts.
    pub parts: Vec<Result<PayloadContent, PayloadError>>,
}

impl PayloadMessage {
    /// Returns the error of the first part that cannot be parsed. A message with an error must not
    /// be treated as successful.
    pub fn first_error(&self) -> Option<&PayloadError> {
        self.parts.iter().find_map(|part| part.as_ref().err())
    }
}

/// One part of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadContent {
    /// A CloudTrail record.
    Record {
        /// The JSON text of the record, unchanged.
        text: String,
        /// The EventBridge envelope, if the event has one.
        envelope: Option<Box<EventEnvelope>>,
    },
    /// A configuration item of AWS Config.
    Item {
        /// The item and its change.
        change: Box<ItemChange>,
        /// The EventBridge envelope, if the event has one.
        envelope: Option<Box<EventEnvelope>>,
    },
    /// A configuration item of which AWS Config sent only a summary, because of its size.
    Oversized {
        /// The summary.
        item: Box<OversizedItem>,
        /// The EventBridge envelope, if the event has one.
        envelope: Option<Box<EventEnvelope>>,
    },
    /// An S3 object that contains records or configuration items.
    LogObject(LogObject),
    /// An invocation of a rule of AWS Config. AWS Config waits for the evaluations of the rule.
    ConfigRule(Box<ConfigRuleInvocation>),
    /// An event of a schedule.
    Schedule(Box<EventEnvelope>),
    /// A canary, which tests the event path. The evaluator records the canary, and evaluates no
    /// policies for it.
    Canary {
        /// The id of the canary.
        canary: CanaryId,
        /// The time in the envelope of the event at which the canary was created, in milliseconds
        /// since 1970.
        made: Option<i64>,
    },
    /// Known content that is not evaluated.
    Skipped {
        /// The kind of the content.
        kind: String,
    },
}

impl PayloadContent {
    /// Returns the kind of the content, for messages about skipped content.
    pub fn kind_label(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            PayloadContent::Record { .. } => "CloudTrail records",
            PayloadContent::Item { .. } => "AWS Config configuration items",
            PayloadContent::Oversized { .. } => {
                "AWS Config oversized items: only a summary was sent"
            }
            PayloadContent::LogObject(_) => "S3 notification: replay the log object instead",
            PayloadContent::ConfigRule(rule) => match rule.subject {
                RuleSubject::Item(_) => "AWS Config rule invocation",
                RuleSubject::Oversized(_) => "AWS Config rule invocation: oversized item",
                RuleSubject::Scheduled => "AWS Config rule invocation: scheduled",
                RuleSubject::Delivery(_) => "AWS Config rule invocation: delivery to S3",
                RuleSubject::Other(_) => "AWS Config rule invocation: other",
            },
            PayloadContent::Schedule(_) => "EventBridge: Scheduled Event",
            PayloadContent::Canary { .. } => "EventBridge: canaries of evenkeel doctor",
            PayloadContent::Skipped { kind } => kind,
        })
    }
}

/// The EventBridge envelope of an event. The account and the Region are those of the bus that
/// received the event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventEnvelope {
    /// The id of the event, which differs from the event id of the record.
    pub id: Option<String>,
    /// The source, such as `aws.s3`. The sources of AWS services begin with `aws.`.
    pub source: String,
    /// The detail type, such as `AWS API Call via CloudTrail`.
    pub detail_type: String,
    /// The account id.
    pub account: Option<String>,
    /// The Region.
    pub region: Option<String>,
    /// The time of the event, in ISO 8601.
    pub time: Option<String>,
    /// The name of the archive replay that sent the event again, if there is one.
    pub replay_name: Option<String>,
    /// The ARNs of the resources, such as the rule of a schedule.
    pub resources: Vec<String>,
}

impl EventEnvelope {
    /// Returns the account and the Region of the event.
    pub fn event_origin(&self) -> BusOrigin {
        let text_or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        BusOrigin { account: text_or_empty(&self.account), region: text_or_empty(&self.region) }
    }
}

/// A configuration item with its change type and its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemChange {
    /// The item.
    pub item: ConfigurationItem,
    /// The change type: `CREATE`, `UPDATE` or `DELETE`.
    pub change_type: Option<String>,
    /// The JSON text of the item, unchanged.
    pub text: String,
}

/// A configuration item of which AWS Config sent only a summary, because of its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OversizedItem {
    /// The item without its configuration.
    pub item: ConfigurationItem,
    /// The change type: `CREATE`, `UPDATE` or `DELETE`.
    pub change_type: Option<String>,
    /// The S3 object with the complete item, or `None` if its delivery failed.
    pub object: Option<LogObject>,
}

/// An object in S3.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogObject {
    /// The name of the bucket.
    pub bucket: String,
    /// The key, without URL encoding.
    pub key: String,
    /// The Region of the bucket.
    pub region: Option<String>,
    /// The size of the object in bytes.
    pub size: Option<u64>,
    /// The version id of the object.
    pub version: Option<String>,
    /// The entity tag of the object.
    pub etag: Option<String>,
}

/// An invocation of a rule of AWS Config. AWS Config waits for the evaluations of the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigRuleInvocation {
    /// The token with which the evaluations are submitted.
    pub result_token: String,
    /// The name of the rule.
    pub rule_name: String,
    /// The ARN of the rule.
    pub rule_arn: String,
    /// The id of the account that contains the rule.
    pub account: String,
    /// True if the invocation is a test, in which nothing is recorded.
    pub test_mode: bool,
    /// True if the resource left the scope of the rule.
    pub left_scope: bool,
    /// The parameters of the rule: the JSON text of an object, or empty.
    pub parameters: String,
    /// The time at which the item was captured, or at which a scheduled rule was invoked, as text.
    /// AWS Config orders evaluations by this time.
    pub time: String,
    /// The subject of the invocation.
    pub subject: RuleSubject,
}

/// The subject of an invocation of an AWS Config rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSubject {
    /// A resource that changed.
    Item(Box<ItemChange>),
    /// A resource that changed, and of whose item AWS Config sent only a summary.
    Oversized(Box<OversizedItem>),
    /// All resources, because the schedule of the rule is due.
    Scheduled,
    /// A snapshot or a history file that was delivered to S3.
    Delivery(LogObject),
    /// Another subject, with its message type.
    Other(String),
}
