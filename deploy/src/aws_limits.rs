//! What AWS takes at most: the one table of it, and what of a template is over it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// The most of something that AWS takes, before anybody asks for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsLimit {
    /// What is limited.
    pub subject: &'static str,
    /// How many there may be.
    pub maximum: usize,
    /// Of what.
    pub unit: LimitUnit,
}

/// How something is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitUnit {
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
type LimitRow = (&'static str, &'static str, AwsLimit);

const fn new_limit(of: &'static str, most: usize, unit: LimitUnit) -> AwsLimit {
    AwsLimit { subject: of, maximum: most, unit }
}

/// Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas". A request for more gets 4,096 at most: API
/// model of EventBridge, `EventPattern`.
pub const EVENT_PATTERN: AwsLimit = new_limit("an event pattern", 2048, LimitUnit::Characters);

/// Source: the same. Some Regions have fewer.
pub const EVENT_BUS_RULES: AwsLimit =
    new_limit("the rules of an event bus", 300, LimitUnit::Resources);

/// Source: the same: Africa (Cape Town) and Europe (Milan).
pub const RULES_IN_SMALL_REGIONS: usize = 100;

/// Source: AWS CloudFormation User Guide, "CloudFormation quotas": a template in a bucket, and in a request.
pub const TEMPLATE: AwsLimit = new_limit("a template in a bucket", 1_000_000, LimitUnit::Bytes);
/// Source: the same.
pub const TEMPLATE_IN_REQUEST: AwsLimit =
    new_limit("a template in a request", 51_200, LimitUnit::Bytes);

/// Source: AWS Security Token Service API Reference, `AssumeRole`, `Policy`. The remediators hold each session to it.
pub const SESSION_POLICY: AwsLimit = new_limit("a session policy", 2048, LimitUnit::Characters);

/// The limits of a template itself.
///
/// Source: AWS CloudFormation User Guide, "CloudFormation quotas".
const TEMPLATE_LIMITS: &[LimitRow] = &[
    ("", "/Description", new_limit("a template's description", 1024, LimitUnit::Bytes)),
    ("", "/Parameters", new_limit("the parameters of a template", 200, LimitUnit::Entries)),
    ("", "/Resources", new_limit("the resources of a template", 500, LimitUnit::Entries)),
    ("", "/Outputs", new_limit("the outputs of a template", 200, LimitUnit::Entries)),
];

/// Source: the same; of descriptions, "CloudFormation template Parameters syntax" and "Outputs syntax".
const PARAMETER_LIMITS: &[LimitRow] = &[
    ("", "/Default", new_limit("the value of a parameter", 4096, LimitUnit::Bytes)),
    ("", "/Description", new_limit("a parameter's description", 4000, LimitUnit::Characters)),
];

/// Source: the same.
const NAME_IN_TEMPLATE: AwsLimit = new_limit("a name in a template", 255, LimitUnit::Characters);

/// The limits of resources.
const RESOURCE_LIMITS: &[LimitRow] = &[
    // Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas"; names: the API's model.
    ("AWS::Events::Rule", "/EventPattern", EVENT_PATTERN),
    ("AWS::Events::Rule", "/EventBusName", EVENT_BUS_RULES),
    ("AWS::Events::Rule", "/Targets", new_limit("the targets of a rule", 5, LimitUnit::Entries)),
    ("AWS::Events::Rule", "/Name", new_limit("a rule's name", 64, LimitUnit::Characters)),
    (
        "AWS::Events::Rule",
        "/Description",
        new_limit("a rule's description", 512, LimitUnit::Characters),
    ),
    ("AWS::Events::EventBus", "/Name", new_limit("a bus's name", 256, LimitUnit::Characters)),
    (
        "AWS::Events::EventBusPolicy",
        "/Statement",
        new_limit("a bus's policy", 10_240, LimitUnit::Characters),
    ),
    (
        "AWS::Scheduler::Schedule",
        "/Name",
        new_limit("a schedule's name", 64, LimitUnit::Characters),
    ),
    (
        "AWS::Scheduler::Schedule",
        "/Description",
        new_limit("a schedule's description", 512, LimitUnit::Characters),
    ),
    // Source: IAM User Guide, "IAM and AWS STS quotas".
    ("AWS::IAM::Role", "/RoleName", new_limit("a role's name", 64, LimitUnit::Characters)),
    (
        "AWS::IAM::Role",
        "/Description",
        new_limit("a role's description", 1000, LimitUnit::Characters),
    ),
    (
        "AWS::IAM::Role",
        "/AssumeRolePolicyDocument",
        new_limit("a trust policy", 2048, LimitUnit::Characters),
    ),
    (
        "AWS::IAM::Role",
        "/Policies",
        new_limit("the inline policies of a role", 10_240, LimitUnit::PolicyCharacters),
    ),
    (
        "AWS::IAM::Role",
        "/ManagedPolicyArns",
        new_limit("the managed policies of a role", 10, LimitUnit::Entries),
    ),
    (
        "AWS::IAM::ManagedPolicy",
        "/ManagedPolicyName",
        new_limit("a policy's name", 128, LimitUnit::Characters),
    ),
    (
        "AWS::IAM::ManagedPolicy",
        "/Description",
        new_limit("a policy's description", 1000, LimitUnit::Characters),
    ),
    (
        "AWS::IAM::ManagedPolicy",
        "/PolicyDocument",
        new_limit("a managed policy", 6144, LimitUnit::Characters),
    ),
    // Source: AWS Lambda Developer Guide, "Lambda quotas" and `CreateFunction`.
    (
        "AWS::Lambda::Function",
        "/FunctionName",
        new_limit("a function's name", 64, LimitUnit::Characters),
    ),
    (
        "AWS::Lambda::Function",
        "/Description",
        new_limit("a function's description", 256, LimitUnit::Characters),
    ),
    (
        "AWS::Lambda::Function",
        "/Environment/Variables",
        new_limit("a function's environment", 4096, LimitUnit::Bytes),
    ),
    // Source: Amazon SQS Developer Guide, "Amazon SQS queue quotas" and "Amazon SQS policy quotas".
    ("AWS::SQS::Queue", "/QueueName", new_limit("a queue's name", 80, LimitUnit::Characters)),
    (
        "AWS::SQS::QueuePolicy",
        "/PolicyDocument",
        new_limit("a queue's policy", 8192, LimitUnit::Bytes),
    ),
    (
        "AWS::SQS::QueuePolicy",
        "/PolicyDocument/Statement",
        new_limit("the statements of a queue's policy", 20, LimitUnit::Entries),
    ),
    // Source: Amazon SNS endpoints and quotas; `CreateTopic`; of policies, Amazon SNS Developer Guide, "Amazon SNS API
    // permissions: Actions and resources reference", "Policy quotas".
    ("AWS::SNS::Topic", "/TopicName", new_limit("a topic's name", 256, LimitUnit::Characters)),
    (
        "AWS::SNS::TopicPolicy",
        "/PolicyDocument",
        new_limit("a topic's policy", 30_720, LimitUnit::Bytes),
    ),
    (
        "AWS::SNS::Subscription",
        "/TopicArn",
        new_limit("the filter policies of a topic", 200, LimitUnit::Resources),
    ),
    // Source: Amazon S3 User Guide, "Bucket naming rules" and "Bucket policies".
    ("AWS::S3::Bucket", "/BucketName", new_limit("a bucket's name", 63, LimitUnit::Characters)),
    (
        "AWS::S3::BucketPolicy",
        "/PolicyDocument",
        new_limit("a bucket's policy", 20_480, LimitUnit::Bytes),
    ),
    // Source: AWS KMS API Reference, `PutKeyPolicy`; the API's model.
    ("AWS::KMS::Key", "/KeyPolicy", new_limit("a key's policy", 32_768, LimitUnit::Bytes)),
    (
        "AWS::KMS::Key",
        "/Description",
        new_limit("a key's description", 8192, LimitUnit::Characters),
    ),
    ("AWS::KMS::Alias", "/AliasName", new_limit("an alias", 256, LimitUnit::Characters)),
    // Source: the models of the APIs of CloudWatch, CloudWatch Logs, AWS Config, AWS Glue and Athena.
    (
        "AWS::CloudWatch::Alarm",
        "/AlarmName",
        new_limit("an alarm's name", 255, LimitUnit::Characters),
    ),
    (
        "AWS::CloudWatch::Alarm",
        "/AlarmDescription",
        new_limit("an alarm's description", 1024, LimitUnit::Characters),
    ),
    (
        "AWS::Logs::LogGroup",
        "/LogGroupName",
        new_limit("a log group's name", 512, LimitUnit::Characters),
    ),
    (
        "AWS::Logs::MetricFilter",
        "/FilterPattern",
        new_limit("a filter of logs", 1024, LimitUnit::Characters),
    ),
    (
        "AWS::Config::OrganizationConfigRule",
        "/OrganizationConfigRuleName",
        new_limit("a name of AWS Config's rules", 64, LimitUnit::Characters),
    ),
    (
        "AWS::Config::OrganizationConfigRule",
        "/OrganizationCustomRuleMetadata/Description",
        new_limit("a description of AWS Config's rules", 256, LimitUnit::Characters),
    ),
    (
        "AWS::Config::OrganizationConfigRule",
        "/OrganizationCustomRuleMetadata/ResourceTypesScope",
        new_limit("the types of a rule of AWS Config", 100, LimitUnit::Entries),
    ),
    (
        "AWS::Glue::Table",
        "/TableInput/Name",
        new_limit("a table's name", 255, LimitUnit::Characters),
    ),
    ("AWS::Athena::NamedQuery", "/Name", new_limit("a query's name", 128, LimitUnit::Characters)),
    ("AWS::Athena::NamedQuery", "/QueryString", new_limit("a query", 262_144, LimitUnit::Bytes)),
];

/// What AWS would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverLimit {
    /// Where in the template it is.
    pub place: String,
    /// What it is over.
    pub limit: AwsLimit,
    /// How many there are.
    pub count: usize,
}

impl fmt::Display for OverLimit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OverLimit { place, limit: AwsLimit { subject: of, maximum: most, unit }, count } = self;
        let unit = match unit {
            LimitUnit::Characters | LimitUnit::PolicyCharacters => " characters",
            LimitUnit::Bytes => " bytes",
            LimitUnit::Entries | LimitUnit::Resources => "",
        };
        write!(out, "{place}: {count}{unit}, and AWS takes {most} for {of}")
    }
}

/// What of a template is over a limit of AWS.
///
/// Functions such as `Fn::GetAtt` count as they are written: for all that AWS would count, resolve the template first.
pub fn find_over_limits(template: &Value) -> Vec<OverLimit> {
    let mut over = Vec::new();
    check_properties(template, "", "the template", TEMPLATE_LIMITS, &mut over);
    for section in ["Parameters", "Resources", "Outputs", "Conditions"] {
        for (name, one) in section_members(template.get(section)) {
            check_count(name.clone(), NAME_IN_TEMPLATE, name.chars().count(), &mut over);
            if section == "Parameters" {
                check_properties(one, "", name, PARAMETER_LIMITS, &mut over);
            }
        }
    }
    let mut shared: BTreeMap<(&str, String), (AwsLimit, usize)> = BTreeMap::new();
    for (name, resource) in section_members(template.get("Resources")) {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        // A function of AWS SAM is one of AWS Lambda.
        let kind = if kind == "AWS::Serverless::Function" { "AWS::Lambda::Function" } else { kind };
        let Some(properties) = resource.get("Properties") else { continue };
        check_properties(properties, kind, name, RESOURCE_LIMITS, &mut over);
        let rows = RESOURCE_LIMITS.iter().filter(|(of, _, limit)| {
            *of == kind
                && limit.unit == LimitUnit::Resources
                && counts_toward_limit(kind, properties)
        });
        for (_, pointer, limit) in rows {
            // A rule without a bus is on the default one.
            let value = properties.pointer(pointer).map(Value::to_string).unwrap_or_default();
            let entry = shared.entry((limit.subject, value)).or_insert((*limit, 0));
            entry.1 = entry.1.saturating_add(1);
        }
    }
    for (limit, count) in shared.into_values() {
        check_count("the template".to_owned(), limit, count, &mut over);
    }
    over
}

/// Whether a resource is one of those that share a limit: a subscription without a filter is not.
fn counts_toward_limit(kind: &str, properties: &Value) -> bool {
    kind != "AWS::SNS::Subscription" || properties.get("FilterPolicy").is_some()
}

fn section_members(section: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    section.and_then(Value::as_object).into_iter().flatten()
}

/// Holds the properties of one thing against the rows of its type.
fn check_properties(
    of: &Value,
    kind: &str,
    place: &str,
    rows: &[LimitRow],
    over: &mut Vec<OverLimit>,
) {
    for (_, pointer, limit) in rows.iter().filter(|(row, _, _)| *row == kind) {
        if let Some(value) = of.pointer(pointer) {
            check_count(
                format!("{place}{pointer}"),
                *limit,
                measure_value(value, limit.unit),
                over,
            );
        }
    }
}

fn check_count(place: String, limit: AwsLimit, count: usize, over: &mut Vec<OverLimit>) {
    if count > limit.maximum {
        over.push(OverLimit { place, limit, count });
    }
}

fn measure_value(value: &Value, unit: LimitUnit) -> usize {
    let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match unit {
        LimitUnit::Characters => text().chars().count(),
        LimitUnit::Bytes => text().len(),
        LimitUnit::Entries => value
            .as_array()
            .map(Vec::len)
            .or(value.as_object().map(serde_json::Map::len))
            .unwrap_or(0),
        LimitUnit::PolicyCharacters => {
            let policies = value.as_array().into_iter().flatten();
            let documents = policies.filter_map(|policy| policy.get("PolicyDocument"));
            documents.map(|document| measure_value(document, LimitUnit::Characters)).sum()
        }
        // They are counted together.
        LimitUnit::Resources => 0,
    }
}
