//! What AWS takes at most: the one table of it, and what of a template is over it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// The most of something that AWS takes, before anybody asks for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is limited.
    pub of: &'static str,
    /// How many there may be.
    pub most: usize,
    /// Of what.
    pub unit: Unit,
}

/// How something is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Characters of a text, or of a document as JSON without white space.
    Characters,
    /// Bytes of the same.
    Bytes,
    /// Members of a list or of an object.
    Entries,
    /// Characters of all documents of inline policies together, without white space.
    PolicyCharacters,
    /// Resources of the kind that have the same value.
    Resources,
}

/// A limit of a resource's property, by the resource's type.
type Row = (&'static str, &'static str, Limit);

const fn limit(of: &'static str, most: usize, unit: Unit) -> Limit {
    Limit { of, most, unit }
}

/// Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas". A request for more gets 4,096 at most: API
/// model of EventBridge, `EventPattern`.
pub const EVENT_PATTERN: Limit = limit("an event pattern", 2048, Unit::Characters);

/// Source: the same. Some Regions have fewer.
pub const RULES: Limit = limit("the rules of an event bus", 300, Unit::Resources);

/// Source: the same: Africa (Cape Town) and Europe (Milan).
pub const RULES_IN_SMALL_REGIONS: usize = 100;

/// Source: AWS CloudFormation User Guide, "CloudFormation quotas": a template in a bucket, and in a request.
pub const TEMPLATE: Limit = limit("a template in a bucket", 1_000_000, Unit::Bytes);
/// Source: the same.
pub const TEMPLATE_IN_REQUEST: Limit = limit("a template in a request", 51_200, Unit::Bytes);

/// Source: AWS Security Token Service API Reference, `AssumeRole`, `Policy`. The remediators hold each session to it.
pub const SESSION_POLICY: Limit = limit("a session policy", 2048, Unit::Characters);

/// The limits of a template itself.
///
/// Source: AWS CloudFormation User Guide, "CloudFormation quotas".
const OF_TEMPLATES: &[Row] = &[
    ("", "/Description", limit("a template's description", 1024, Unit::Bytes)),
    ("", "/Parameters", limit("the parameters of a template", 200, Unit::Entries)),
    ("", "/Resources", limit("the resources of a template", 500, Unit::Entries)),
    ("", "/Outputs", limit("the outputs of a template", 200, Unit::Entries)),
];

/// Source: the same; of descriptions, "CloudFormation template Parameters syntax" and "Outputs syntax".
const OF_PARAMETERS: &[Row] = &[
    ("", "/Default", limit("the value of a parameter", 4096, Unit::Bytes)),
    ("", "/Description", limit("a parameter's description", 4000, Unit::Characters)),
];

/// Source: the same.
const NAME_IN_TEMPLATE: Limit = limit("a name in a template", 255, Unit::Characters);

/// The limits of resources.
const OF_RESOURCES: &[Row] = &[
    // Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas"; names: the API's model.
    ("AWS::Events::Rule", "/EventPattern", EVENT_PATTERN),
    ("AWS::Events::Rule", "/EventBusName", RULES),
    ("AWS::Events::Rule", "/Targets", limit("the targets of a rule", 5, Unit::Entries)),
    ("AWS::Events::Rule", "/Name", limit("a rule's name", 64, Unit::Characters)),
    ("AWS::Events::Rule", "/Description", limit("a rule's description", 512, Unit::Characters)),
    ("AWS::Events::EventBus", "/Name", limit("a bus's name", 256, Unit::Characters)),
    (
        "AWS::Events::EventBusPolicy",
        "/Statement",
        limit("a bus's policy", 10_240, Unit::Characters),
    ),
    ("AWS::Scheduler::Schedule", "/Name", limit("a schedule's name", 64, Unit::Characters)),
    (
        "AWS::Scheduler::Schedule",
        "/Description",
        limit("a schedule's description", 512, Unit::Characters),
    ),
    // Source: IAM User Guide, "IAM and AWS STS quotas".
    ("AWS::IAM::Role", "/RoleName", limit("a role's name", 64, Unit::Characters)),
    ("AWS::IAM::Role", "/Description", limit("a role's description", 1000, Unit::Characters)),
    (
        "AWS::IAM::Role",
        "/AssumeRolePolicyDocument",
        limit("a trust policy", 2048, Unit::Characters),
    ),
    (
        "AWS::IAM::Role",
        "/Policies",
        limit("the inline policies of a role", 10_240, Unit::PolicyCharacters),
    ),
    (
        "AWS::IAM::Role",
        "/ManagedPolicyArns",
        limit("the managed policies of a role", 10, Unit::Entries),
    ),
    (
        "AWS::IAM::ManagedPolicy",
        "/ManagedPolicyName",
        limit("a policy's name", 128, Unit::Characters),
    ),
    (
        "AWS::IAM::ManagedPolicy",
        "/Description",
        limit("a policy's description", 1000, Unit::Characters),
    ),
    (
        "AWS::IAM::ManagedPolicy",
        "/PolicyDocument",
        limit("a managed policy", 6144, Unit::Characters),
    ),
    // Source: AWS Lambda Developer Guide, "Lambda quotas" and `CreateFunction`.
    ("AWS::Lambda::Function", "/FunctionName", limit("a function's name", 64, Unit::Characters)),
    (
        "AWS::Lambda::Function",
        "/Description",
        limit("a function's description", 256, Unit::Characters),
    ),
    (
        "AWS::Lambda::Function",
        "/Environment/Variables",
        limit("a function's environment", 4096, Unit::Bytes),
    ),
    // Source: Amazon SQS Developer Guide, "Amazon SQS queue quotas" and "Amazon SQS policy quotas".
    ("AWS::SQS::Queue", "/QueueName", limit("a queue's name", 80, Unit::Characters)),
    ("AWS::SQS::QueuePolicy", "/PolicyDocument", limit("a queue's policy", 8192, Unit::Bytes)),
    (
        "AWS::SQS::QueuePolicy",
        "/PolicyDocument/Statement",
        limit("the statements of a queue's policy", 20, Unit::Entries),
    ),
    // Source: Amazon SNS endpoints and quotas; `CreateTopic`; of policies, Amazon SNS Developer Guide, "Amazon SNS API
    // permissions: Actions and resources reference", "Policy quotas".
    ("AWS::SNS::Topic", "/TopicName", limit("a topic's name", 256, Unit::Characters)),
    ("AWS::SNS::TopicPolicy", "/PolicyDocument", limit("a topic's policy", 30_720, Unit::Bytes)),
    (
        "AWS::SNS::Subscription",
        "/TopicArn",
        limit("the filter policies of a topic", 200, Unit::Resources),
    ),
    // Source: Amazon S3 User Guide, "Bucket naming rules" and "Bucket policies".
    ("AWS::S3::Bucket", "/BucketName", limit("a bucket's name", 63, Unit::Characters)),
    ("AWS::S3::BucketPolicy", "/PolicyDocument", limit("a bucket's policy", 20_480, Unit::Bytes)),
    // Source: AWS KMS API Reference, `PutKeyPolicy`; the API's model.
    ("AWS::KMS::Key", "/KeyPolicy", limit("a key's policy", 32_768, Unit::Bytes)),
    ("AWS::KMS::Key", "/Description", limit("a key's description", 8192, Unit::Characters)),
    ("AWS::KMS::Alias", "/AliasName", limit("an alias", 256, Unit::Characters)),
    // Source: the models of the APIs of CloudWatch, CloudWatch Logs, AWS Config, AWS Glue and Athena.
    ("AWS::CloudWatch::Alarm", "/AlarmName", limit("an alarm's name", 255, Unit::Characters)),
    (
        "AWS::CloudWatch::Alarm",
        "/AlarmDescription",
        limit("an alarm's description", 1024, Unit::Characters),
    ),
    ("AWS::Logs::LogGroup", "/LogGroupName", limit("a log group's name", 512, Unit::Characters)),
    (
        "AWS::Logs::MetricFilter",
        "/FilterPattern",
        limit("a filter of logs", 1024, Unit::Characters),
    ),
    (
        "AWS::Config::OrganizationConfigRule",
        "/OrganizationConfigRuleName",
        limit("a name of AWS Config's rules", 64, Unit::Characters),
    ),
    (
        "AWS::Config::OrganizationConfigRule",
        "/OrganizationCustomRuleMetadata/Description",
        limit("a description of AWS Config's rules", 256, Unit::Characters),
    ),
    (
        "AWS::Config::OrganizationConfigRule",
        "/OrganizationCustomRuleMetadata/ResourceTypesScope",
        limit("the types of a rule of AWS Config", 100, Unit::Entries),
    ),
    ("AWS::Glue::Table", "/TableInput/Name", limit("a table's name", 255, Unit::Characters)),
    ("AWS::Athena::NamedQuery", "/Name", limit("a query's name", 128, Unit::Characters)),
    ("AWS::Athena::NamedQuery", "/QueryString", limit("a query", 262_144, Unit::Bytes)),
];

/// What AWS would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverLimit {
    /// Where in the template it is.
    pub place: String,
    /// What it is over.
    pub limit: Limit,
    /// How many there are.
    pub count: usize,
}

impl fmt::Display for OverLimit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OverLimit { place, limit: Limit { of, most, unit }, count } = self;
        let unit = match unit {
            Unit::Characters | Unit::PolicyCharacters => " characters",
            Unit::Bytes => " bytes",
            Unit::Entries | Unit::Resources => "",
        };
        write!(out, "{place}: {count}{unit}, and AWS takes {most} for {of}")
    }
}

/// What of a template is over a limit of AWS.
///
/// Functions such as `Fn::GetAtt` count as they are written: for all that AWS would count, resolve the template first.
pub fn over_limits(template: &Value) -> Vec<OverLimit> {
    let mut over = Vec::new();
    measure(template, "", "the template", OF_TEMPLATES, &mut over);
    for section in ["Parameters", "Resources", "Outputs", "Conditions"] {
        for (name, one) in members(template.get(section)) {
            exceed(name.clone(), NAME_IN_TEMPLATE, name.chars().count(), &mut over);
            if section == "Parameters" {
                measure(one, "", name, OF_PARAMETERS, &mut over);
            }
        }
    }
    let mut shared: BTreeMap<(&str, String), (Limit, usize)> = BTreeMap::new();
    for (name, resource) in members(template.get("Resources")) {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        // A function of AWS SAM is one of AWS Lambda.
        let kind = if kind == "AWS::Serverless::Function" { "AWS::Lambda::Function" } else { kind };
        let Some(properties) = resource.get("Properties") else { continue };
        measure(properties, kind, name, OF_RESOURCES, &mut over);
        let rows = OF_RESOURCES.iter().filter(|(of, _, limit)| {
            *of == kind && limit.unit == Unit::Resources && counts(kind, properties)
        });
        for (_, pointer, limit) in rows {
            // A rule without a bus is on the default one.
            let value = properties.pointer(pointer).map(Value::to_string).unwrap_or_default();
            let entry = shared.entry((limit.of, value)).or_insert((*limit, 0));
            entry.1 = entry.1.saturating_add(1);
        }
    }
    for (limit, count) in shared.into_values() {
        exceed("the template".to_owned(), limit, count, &mut over);
    }
    over
}

/// Whether a resource is one of those that share a limit: a subscription without a filter is not.
fn counts(kind: &str, properties: &Value) -> bool {
    kind != "AWS::SNS::Subscription" || properties.get("FilterPolicy").is_some()
}

fn members(section: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    section.and_then(Value::as_object).into_iter().flatten()
}

/// Holds the properties of one thing against the rows of its type.
fn measure(of: &Value, kind: &str, place: &str, rows: &[Row], over: &mut Vec<OverLimit>) {
    for (_, pointer, limit) in rows.iter().filter(|(row, _, _)| *row == kind) {
        if let Some(value) = of.pointer(pointer) {
            exceed(format!("{place}{pointer}"), *limit, size(value, limit.unit), over);
        }
    }
}

fn exceed(place: String, limit: Limit, count: usize, over: &mut Vec<OverLimit>) {
    if count > limit.most {
        over.push(OverLimit { place, limit, count });
    }
}

fn size(value: &Value, unit: Unit) -> usize {
    let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match unit {
        Unit::Characters => text().chars().count(),
        Unit::Bytes => text().len(),
        Unit::Entries => value
            .as_array()
            .map(Vec::len)
            .or(value.as_object().map(serde_json::Map::len))
            .unwrap_or(0),
        Unit::PolicyCharacters => {
            let policies = value.as_array().into_iter().flatten();
            let documents = policies.filter_map(|policy| policy.get("PolicyDocument"));
            documents.map(|document| size(document, Unit::Characters)).sum()
        }
        // They are counted together.
        Unit::Resources => 0,
    }
}
