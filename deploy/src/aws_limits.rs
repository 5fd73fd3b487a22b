//! Checks a template against a table of AWS limits.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// A default limit of AWS, without quota increases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsLimit {
    /// The name of the limited object in messages, such as `an event pattern`.
    pub subject: &'static str,
    /// The maximum.
    pub maximum: usize,
    /// The unit of the maximum.
    pub unit: LimitUnit,
}

/// The unit of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitUnit {
    /// Characters of a string, or of a document as JSON without white space.
    Characters,
    /// Bytes of a string, or of a document as JSON without white space.
    Bytes,
    /// Elements of a list, or members of an object.
    Entries,
    /// Characters of all documents of inline policies together, without white space.
    PolicyCharacters,
    /// Resources of the same type that have the same value of the limited property, such as the
    /// rules of one event bus.
    Resources,
}

/// A resource type, the JSON pointer of a property, and the limit of this property.
type LimitRow = (&'static str, &'static str, AwsLimit);

const fn new_limit(subject: &'static str, maximum: usize, unit: LimitUnit) -> AwsLimit {
    AwsLimit { subject, maximum, unit }
}

/// The maximum length of an event pattern. A quota increase is possible, up to 4,096 characters.
///
/// Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas", and the API model of
/// EventBridge, `EventPattern`.
pub const EVENT_PATTERN: AwsLimit = new_limit("an event pattern", 2048, LimitUnit::Characters);

/// The maximum number of rules of an event bus. Some Regions have a lower limit,
/// [`RULES_IN_SMALL_REGIONS`].
///
/// Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas".
pub const EVENT_BUS_RULES: AwsLimit =
    new_limit("the rules of an event bus", 300, LimitUnit::Resources);

/// The maximum number of rules of an event bus in Africa (Cape Town) and Europe (Milan).
///
/// Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas".
pub const RULES_IN_SMALL_REGIONS: usize = 100;

/// The maximum size of a template in a bucket.
///
/// Source: AWS CloudFormation User Guide, "CloudFormation quotas".
pub const TEMPLATE: AwsLimit = new_limit("a template in a bucket", 1_000_000, LimitUnit::Bytes);

/// The maximum size of a template in a request.
///
/// Source: AWS CloudFormation User Guide, "CloudFormation quotas".
pub const TEMPLATE_IN_REQUEST: AwsLimit =
    new_limit("a template in a request", 51_200, LimitUnit::Bytes);

/// The maximum length of the session policy that a remediator passes to `AssumeRole`.
///
/// Source: AWS Security Token Service API Reference, `AssumeRole`, `Policy`.
pub const SESSION_POLICY: AwsLimit = new_limit("a session policy", 2048, LimitUnit::Characters);

/// The limits of the sections of a template.
///
/// Source: AWS CloudFormation User Guide, "CloudFormation quotas".
const TEMPLATE_LIMITS: &[LimitRow] = &[
    ("", "/Description", new_limit("a template's description", 1024, LimitUnit::Bytes)),
    ("", "/Parameters", new_limit("the parameters of a template", 200, LimitUnit::Entries)),
    ("", "/Resources", new_limit("the resources of a template", 500, LimitUnit::Entries)),
    ("", "/Outputs", new_limit("the outputs of a template", 200, LimitUnit::Entries)),
];

/// The limits of a parameter.
///
/// Source: AWS CloudFormation User Guide, "CloudFormation quotas"; for descriptions,
/// "CloudFormation template Parameters syntax" and "Outputs syntax".
const PARAMETER_LIMITS: &[LimitRow] = &[
    ("", "/Default", new_limit("the value of a parameter", 4096, LimitUnit::Bytes)),
    ("", "/Description", new_limit("a parameter's description", 4000, LimitUnit::Characters)),
];

/// The maximum length of a logical name.
///
/// Source: AWS CloudFormation User Guide, "CloudFormation quotas".
const NAME_IN_TEMPLATE: AwsLimit = new_limit("a name in a template", 255, LimitUnit::Characters);

/// The limits of the properties of resources.
const RESOURCE_LIMITS: &[LimitRow] = &[
    // Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas"; for names, the API model.
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
    // Source: Amazon SNS endpoints and quotas; `CreateTopic`; for policies, Amazon SNS Developer
    // Guide, "Amazon SNS API permissions: Actions and resources reference", "Policy quotas".
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
    // Source: AWS KMS API Reference, `PutKeyPolicy`; the API model.
    ("AWS::KMS::Key", "/KeyPolicy", new_limit("a key's policy", 32_768, LimitUnit::Bytes)),
    (
        "AWS::KMS::Key",
        "/Description",
        new_limit("a key's description", 8192, LimitUnit::Characters),
    ),
    ("AWS::KMS::Alias", "/AliasName", new_limit("an alias", 256, LimitUnit::Characters)),
    // Source: the API models of CloudWatch, CloudWatch Logs, AWS Config, AWS Glue and Athena.
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
        new_limit("a log filter pattern", 1024, LimitUnit::Characters),
    ),
    (
        "AWS::Config::OrganizationConfigRule",
        "/OrganizationConfigRuleName",
        new_limit("the name of an AWS Config rule", 64, LimitUnit::Characters),
    ),
    (
        "AWS::Config::OrganizationConfigRule",
        "/OrganizationCustomRuleMetadata/Description",
        new_limit("the description of an AWS Config rule", 256, LimitUnit::Characters),
    ),
    (
        "AWS::Config::OrganizationConfigRule",
        "/OrganizationCustomRuleMetadata/ResourceTypesScope",
        new_limit("the resource types of an AWS Config rule", 100, LimitUnit::Entries),
    ),
    (
        "AWS::Glue::Table",
        "/TableInput/Name",
        new_limit("a table's name", 255, LimitUnit::Characters),
    ),
    ("AWS::Athena::NamedQuery", "/Name", new_limit("a query's name", 128, LimitUnit::Characters)),
    ("AWS::Athena::NamedQuery", "/QueryString", new_limit("a query", 262_144, LimitUnit::Bytes)),
];

/// A part of a template that exceeds a limit of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverLimit {
    /// The path of the part in the template.
    pub place: String,
    /// The limit that the part exceeds.
    pub limit: AwsLimit,
    /// The actual number, in the unit of the limit.
    pub count: usize,
}

impl fmt::Display for OverLimit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OverLimit { place, limit: AwsLimit { subject, maximum, unit }, count } = self;
        let unit = match unit {
            LimitUnit::Characters | LimitUnit::PolicyCharacters => " characters",
            LimitUnit::Bytes => " bytes",
            LimitUnit::Entries | LimitUnit::Resources => "",
        };
        write!(out, "{place}: {count}{unit}; AWS allows {maximum} for {subject}")
    }
}

/// Returns the parts of a template that exceed a limit of AWS.
///
/// The function measures intrinsic functions such as `Fn::GetAtt` as they are written. Resolve the
/// template first to measure the values that AWS uses.
pub fn find_over_limits(template: &Value) -> Vec<OverLimit> {
    let mut over = Vec::new();
    check_properties(template, "", "the template", TEMPLATE_LIMITS, &mut over);
    for section in ["Parameters", "Resources", "Outputs", "Conditions"] {
        for (name, member) in section_members(template.get(section)) {
            check_count(name.clone(), NAME_IN_TEMPLATE, name.chars().count(), &mut over);
            if section == "Parameters" {
                check_properties(member, "", name, PARAMETER_LIMITS, &mut over);
            }
        }
    }
    let mut shared: BTreeMap<(&str, String), (AwsLimit, usize)> = BTreeMap::new();
    for (name, resource) in section_members(template.get("Resources")) {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        // AWS SAM converts this type to a Lambda function. Therefore the limits of a Lambda
        // function apply.
        let kind = if kind == "AWS::Serverless::Function" { "AWS::Lambda::Function" } else { kind };
        let Some(properties) = resource.get("Properties") else { continue };
        check_properties(properties, kind, name, RESOURCE_LIMITS, &mut over);
        let rows = RESOURCE_LIMITS.iter().filter(|(row_kind, _, limit)| {
            *row_kind == kind
                && limit.unit == LimitUnit::Resources
                && counts_toward_limit(kind, properties)
        });
        for (_, pointer, limit) in rows {
            // A rule without an event bus belongs to the default bus. Such rules are counted
            // together, under an empty value.
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

/// Returns whether a resource counts toward a limit on the number of resources. A subscription
/// without a filter policy does not count.
fn counts_toward_limit(kind: &str, properties: &Value) -> bool {
    kind != "AWS::SNS::Subscription" || properties.get("FilterPolicy").is_some()
}

fn section_members(section: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    section.and_then(Value::as_object).into_iter().flatten()
}

/// Checks the properties of one object against the limits of its type.
fn check_properties(
    properties: &Value,
    kind: &str,
    place: &str,
    rows: &[LimitRow],
    over: &mut Vec<OverLimit>,
) {
    for (_, pointer, limit) in rows.iter().filter(|(row, _, _)| *row == kind) {
        if let Some(value) = properties.pointer(pointer) {
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
        // `find_over_limits` counts the resources of the whole template.
        LimitUnit::Resources => 0,
    }
}
