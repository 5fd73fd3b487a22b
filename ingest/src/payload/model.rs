//! What is in a payload, as plain data: the same whichever service brought it.

use std::borrow::Cow;

use evenkeel_ledger::CanaryId;
use evenkeel_rules::ConfigurationItem;
use evenkeel_rules::event::BusOrigin;

use super::error::PayloadError;

/// A payload that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedPayload {
    /// Who invoked, which decides what is to be answered.
    pub invoker: PayloadInvoker,
    /// What came, in order; never none.
    pub messages: Vec<PayloadMessage>,
}

/// Who invokes with a payload of this shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadInvoker {
    /// A queue: the messages that failed are named in the answer.
    Sqs,
    /// A stream: the records that failed are named in the answer.
    Kinesis,
    /// A topic.
    Sns,
    /// A bucket.
    S3,
    /// A log group.
    CloudWatchLogs,
    /// A bus, a rule or a schedule.
    EventBridge,
    /// A rule of AWS Config: it waits for evaluations.
    ConfigRule,
    /// Nobody: it is what files hold, or what other carriers carry.
    Document,
}

/// The unit that fails or succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadMessage {
    /// SQS's message id or Kinesis's sequence number. Where one that should be there is missing, only the
    /// whole invocation can fail.
    pub id: Option<String>,
    /// The X-Ray header that came with it.
    pub trace: Option<String>,
    /// When the queue got it, in milliseconds since 1970.
    pub sent: Option<i64>,
    /// What it holds, in order; never nothing. A part that cannot be opened leaves the others be.
    pub parts: Vec<Result<PayloadContent, PayloadError>>,
}

impl PayloadMessage {
    /// The first part that could not be opened: such a message must not be taken for done.
    pub fn first_error(&self) -> Option<&PayloadError> {
        self.parts.iter().find_map(|part| part.as_ref().err())
    }
}

/// One thing that a payload holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadContent {
    /// A `CloudTrail` record.
    Record {
        /// Its JSON text, as it came.
        text: String,
        /// What `EventBridge` said about it.
        envelope: Option<Box<EventEnvelope>>,
    },
    /// A configuration item of AWS Config.
    Item {
        /// The item and how it changed.
        change: Box<ItemChange>,
        /// What `EventBridge` said about it.
        envelope: Option<Box<EventEnvelope>>,
    },
    /// A configuration item that was too large to be sent.
    Oversized {
        /// What was sent of it.
        item: Box<OversizedItem>,
        /// What `EventBridge` said about it.
        envelope: Option<Box<EventEnvelope>>,
    },
    /// An object that holds records or configuration items.
    LogObject(LogObject),
    /// A rule of AWS Config asks for evaluations.
    ConfigRule(Box<ConfigRuleInvocation>),
    /// A schedule came round.
    Schedule(Box<EventEnvelope>),
    /// A canary, which means nothing and leaves a record.
    Canary {
        /// Its id.
        canary: CanaryId,
        /// When its event says that it was made, in milliseconds since 1970.
        made: Option<i64>,
    },
    /// Something that is known, and is none of these.
    Skipped {
        /// What it is.
        kind: String,
    },
}

impl PayloadContent {
    /// What it is, in the words for things that are not judged.
    pub fn kind_label(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            PayloadContent::Record { .. } => "CloudTrail records",
            PayloadContent::Item { .. } => "AWS Config configuration items",
            PayloadContent::Oversized { .. } => {
                "AWS Config oversized items: only a summary was sent"
            }
            PayloadContent::LogObject(_) => {
                "S3 notification: the log object itself is what to replay"
            }
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

/// What `EventBridge` says about an event. The account and the region are those of the bus it came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventEnvelope {
    /// Its own id, not the record's.
    pub id: Option<String>,
    /// Such as `aws.s3`; what a service sends begins with `aws.`.
    pub source: String,
    /// Such as `AWS API Call via CloudTrail`.
    pub detail_type: String,
    /// The account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The time, ISO 8601.
    pub time: Option<String>,
    /// The replay of an archive that sent it again.
    pub replay_name: Option<String>,
    /// ARNs, such as a schedule's rule.
    pub resources: Vec<String>,
}

impl EventEnvelope {
    /// Where the event came from.
    pub fn event_origin(&self) -> BusOrigin {
        let told = |text: &Option<String>| text.clone().unwrap_or_default();
        BusOrigin { account: told(&self.account), region: told(&self.region) }
    }
}

/// A configuration item, and what came with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemChange {
    /// The item.
    pub item: ConfigurationItem,
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub change_type: Option<String>,
    /// The item's JSON text, as it came.
    pub text: String,
}

/// A configuration item that was too large to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OversizedItem {
    /// The item without its configuration.
    pub item: ConfigurationItem,
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub change_type: Option<String>,
    /// Where all of it is; none if that failed.
    pub object: Option<LogObject>,
}

/// An object in S3.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogObject {
    /// The bucket.
    pub bucket: String,
    /// The key, as it is: not URL-encoded.
    pub key: String,
    /// The bucket's region.
    pub region: Option<String>,
    /// Its length in bytes.
    pub size: Option<u64>,
    /// Its version.
    pub version: Option<String>,
    /// Its entity tag.
    pub etag: Option<String>,
}

/// A rule of AWS Config asks for evaluations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigRuleInvocation {
    /// What the evaluations are sent with.
    pub result_token: String,
    /// The rule's name.
    pub rule_name: String,
    /// The rule's ARN.
    pub rule_arn: String,
    /// The account that has the rule.
    pub account: String,
    /// Nothing is to be recorded.
    pub test_mode: bool,
    /// The resource is no longer one that the rule is for.
    pub left_scope: bool,
    /// The rule's parameters: the JSON text of an object, or empty.
    pub parameters: String,
    /// When it was asked, or the item was captured: orders evaluations.
    pub time: String,
    /// What it is asked about.
    pub subject: RuleSubject,
}

/// What a rule of AWS Config is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSubject {
    /// A resource that changed.
    Item(Box<ItemChange>),
    /// A resource that changed, and is too large to be sent.
    Oversized(Box<OversizedItem>),
    /// Everything, as its schedule came round.
    Scheduled,
    /// A snapshot or a history was delivered.
    Delivery(LogObject),
    /// Something else, by its message type.
    Other(String),
}
