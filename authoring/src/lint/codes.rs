//! The codes of what is found, and what each means: `evenkeel explain CODE`.

/// A code, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code, which stays what it is.
    pub id: &'static str,
    /// What is wrong, in a line.
    pub title: &'static str,
    /// Why that matters, and what to do.
    pub text: &'static str,
    /// A policy's lines that are wrong so.
    pub wrong: &'static str,
    /// The same, put right.
    pub right: &'static str,
}

/// All codes, in alphabetical order.
pub const CODES: &[Code] = &[
    Code {
        id: "lint-comment",
        title: "a comment that lets a finding pass is of no use",
        text: "`// lint: allow CODE reason` needs a code that there is and a reason, and something to let pass: else \
               it would hide the next finding of that code. Write the reason, or delete the comment.",
        wrong: "// lint: allow unknown-event",
        right: "// lint: allow unknown-event  the console's own call, seen in our trail on 3 March",
    },
    Code {
        id: "unknown-event",
        title: "AWS has no such event, or not of this service",
        text: "The policy would never judge anything by that name. CloudTrail's `eventName` is the API operation, which \
               need not be the IAM action: bucket encryption is changed by PutBucketEncryption, and the action is \
               s3:PutEncryptionConfiguration. Names are those of AWS's service models and of a short list of events \
               that are no API calls. Where you have seen the event in a trail, let it pass by a comment.",
        wrong: "match: {eventSource: s3.amazonaws.com, eventName: PutEncryptionConfiguration}",
        right: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketEncryption}",
    },
    Code {
        id: "unknown-source",
        title: "no service of AWS is called so in CloudTrail",
        text: "`eventSource` is the service's endpoint without the Region: `monitoring.amazonaws.com` for CloudWatch, \
               `elasticloadbalancing.amazonaws.com` for load balancers of all kinds.",
        wrong: "match: {eventSource: cloudwatch.amazonaws.com, eventName: PutMetricAlarm}",
        right: "match: {eventSource: monitoring.amazonaws.com, eventName: PutMetricAlarm}",
    },
    Code {
        id: "unused-source",
        title: "none of the names is an event of one of the services",
        text: "`match` means each name of each service. A service that has none of the names watches nothing: the name \
               that was meant for it is missing, or the service is one too many.",
        wrong: "match: {eventSource: [s3.amazonaws.com, kms.amazonaws.com], eventName: PutBucketPolicy}",
        right: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}",
    },
];

impl Code {
    /// The code of that id.
    pub fn find(id: &str) -> Option<&'static Code> {
        CODES.iter().find(|code| code.id == id)
    }
}
