//! The known operations with their IAM actions and resources.
//!
//! Source: Service Authorization Reference, the page of each service: its actions, and the ARNs of
//! its resources.

/// An operation, its IAM actions (empty if the only action has the same name), and the ARN patterns
/// of its resources. `{..}` is a field of the request.
type Operation = (&'static str, &'static [&'static str], &'static [&'static str]);

const SAME: &[&str] = &[];
/// The resource of an action without a resource type.
const ALL: &[&str] = &["*"];
const PATH: &[&str] = &["arn:aws:apigateway:{region}::{path}"];
const BUCKET: &[&str] = &["arn:aws:s3:::{bucket}"];
const OBJECT: &[&str] = &["arn:aws:s3:::{bucket}/{key}"];
const FUNCTION: &[&str] = &["arn:aws:lambda:{region}:{account}:function:{function}"];
const KEY: &[&str] = &["arn:aws:kms:{region}:{account}:key/{KeyId}"];
const TRAIL: &[&str] = &["arn:aws:cloudtrail:{region}:{account}:trail/{Name}"];
const SELECTORS: &[&str] = &["arn:aws:cloudtrail:{region}:{account}:trail/{TrailName}"];
const QUEUE: &[&str] = &["arn:aws:sqs:{region}:{account}:{queue}"];
const QUEUE_NAME: &[&str] = &["arn:aws:sqs:{region}:{account}:{QueueName}"];
const TOPIC: &[&str] = &["{TopicArn}"];
const ROLE: &[&str] = &["{RoleArn}"];
const IMAGE: &[&str] = &["arn:aws:ec2:{region}::image/{ImageId}"];
const SNAPSHOT: &[&str] = &["arn:aws:ec2:{region}::snapshot/{SnapshotId}"];
const CLUSTER: &[&str] = &["arn:aws:rds:{region}:{account}:cluster:{DBClusterIdentifier}"];
const STREAM: &[&str] = &["{ResourceARN}"];
const INSTANCE: &[&str] = &["arn:aws:rds:{region}:{account}:db:{DBInstanceIdentifier}"];
const DB_SNAPSHOT: &[&str] = &["arn:aws:rds:{region}:{account}:snapshot:{DBSnapshotIdentifier}"];
const CLUSTER_SNAPSHOT: &[&str] =
    &["arn:aws:rds:{region}:{account}:cluster-snapshot:{DBClusterSnapshotIdentifier}"];
const GROUP_AND_RULES: &[&str] = &[
    "arn:aws:ec2:{region}:{account}:security-group/{GroupId}",
    "arn:aws:ec2:{region}:{account}:security-group-rule/{SecurityGroupRuleId.1}",
];
const NEW_RULES: &[&str] = &["arn:aws:ec2:{region}:{account}:security-group-rule/*"];
/// New rules have no ids yet.
const GROUP_AND_NEW_RULES: &[&str] = &[
    "arn:aws:ec2:{region}:{account}:security-group/{GroupId}",
    "arn:aws:ec2:{region}:{account}:security-group-rule/*",
];

/// The action that a call of EC2 with a tag specification needs, beside its own.
///
/// Source: Amazon EC2 User Guide, "Grant permission to tag Amazon EC2 resources during creation".
pub(super) const TAG_ON_CREATION: &str = "ec2:CreateTags";

const OPERATIONS: &[Operation] = &[
    // Amazon API Gateway Management, and Management V2: the actions have the names of HTTP methods.
    ("apigateway:GET", SAME, PATH),
    ("apigateway:PATCH", SAME, PATH),
    // Amazon API Gateway Developer Guide, "Create and attach an API Gateway resource policy to an
    // API".
    ("apigateway:PATCH policy", &["apigateway:PATCH", "apigateway:UpdateRestApiPolicy"], PATH),
    ("apigateway:POST", SAME, PATH),
    // The signature names the service `cloudcontrolapi`; the actions have the prefix of
    // CloudFormation.
    ("cloudcontrolapi:GetResource", &["cloudformation:GetResource"], ALL),
    ("cloudcontrolapi:GetResourceRequestStatus", &["cloudformation:GetResourceRequestStatus"], ALL),
    ("cloudcontrolapi:UpdateResource", &["cloudformation:UpdateResource"], ALL),
    ("cloudformation:DescribeStackResources", SAME, ALL),
    ("cloudtrail:GetEventSelectors", SAME, SELECTORS),
    ("cloudtrail:GetTrail", SAME, TRAIL),
    ("cloudtrail:GetTrailStatus", SAME, TRAIL),
    ("cloudtrail:StartLogging", SAME, TRAIL),
    ("cloudtrail:StopLogging", SAME, TRAIL),
    ("cloudtrail:UpdateTrail", SAME, TRAIL),
    ("config:BatchGetResourceConfig", SAME, ALL),
    ("config:DescribeConfigurationRecorderStatus", SAME, ALL),
    ("config:DescribeDeliveryChannels", SAME, ALL),
    ("config:GetResourceConfigHistory", SAME, ALL),
    ("config:ListDiscoveredResources", SAME, ALL),
    ("config:PutEvaluations", SAME, ALL),
    ("config:StartConfigurationRecorder", SAME, ALL),
    ("config:StopConfigurationRecorder", SAME, ALL),
    ("ec2:AuthorizeSecurityGroupIngress", SAME, GROUP_AND_NEW_RULES),
    // The only resources that the calls create are rules.
    (TAG_ON_CREATION, SAME, NEW_RULES),
    ("ec2:DescribeImageAttribute", SAME, IMAGE),
    ("ec2:DescribeSecurityGroupRules", SAME, ALL),
    ("ec2:DescribeSecurityGroups", SAME, ALL),
    ("ec2:DescribeSnapshotAttribute", SAME, SNAPSHOT),
    ("ec2:DisableEbsEncryptionByDefault", SAME, ALL),
    ("ec2:EnableEbsEncryptionByDefault", SAME, ALL),
    ("ec2:GetEbsEncryptionByDefault", SAME, ALL),
    ("ec2:ModifyImageAttribute", SAME, IMAGE),
    ("ec2:ModifySnapshotAttribute", SAME, SNAPSHOT),
    ("ec2:RevokeSecurityGroupIngress", SAME, GROUP_AND_RULES),
    ("elasticloadbalancing:DescribeListeners", SAME, ALL),
    ("iam:DeleteAccountPasswordPolicy", SAME, ALL),
    ("iam:GetAccountPasswordPolicy", SAME, ALL),
    ("iam:UpdateAccountPasswordPolicy", SAME, ALL),
    ("kinesis:GetResourcePolicy", SAME, STREAM),
    ("kms:CancelKeyDeletion", SAME, KEY),
    ("kms:DescribeKey", SAME, KEY),
    ("kms:DisableKey", SAME, KEY),
    ("kms:DisableKeyRotation", SAME, KEY),
    ("kms:EnableKey", SAME, KEY),
    ("kms:EnableKeyRotation", SAME, KEY),
    ("kms:GetKeyRotationStatus", SAME, KEY),
    ("kms:ScheduleKeyDeletion", SAME, KEY),
    ("lambda:DELETE policy", &["lambda:RemovePermission"], FUNCTION),
    ("lambda:GET aliases", &["lambda:ListAliases"], FUNCTION),
    ("lambda:GET policy", &["lambda:GetPolicy"], FUNCTION),
    ("lambda:GET versions", &["lambda:ListVersionsByFunction"], FUNCTION),
    ("lambda:POST policy", &["lambda:AddPermission"], FUNCTION),
    ("organizations:ListParents", SAME, ALL),
    ("rds:DescribeDBClusterSnapshotAttributes", SAME, CLUSTER_SNAPSHOT),
    ("rds:DescribeDBClusters", SAME, CLUSTER),
    ("rds:DescribeDBInstances", SAME, INSTANCE),
    ("rds:DescribeDBSnapshotAttributes", SAME, DB_SNAPSHOT),
    ("rds:ModifyDBClusterSnapshotAttribute", SAME, CLUSTER_SNAPSHOT),
    ("rds:ModifyDBInstance", SAME, INSTANCE),
    ("rds:ModifyDBSnapshotAttribute", SAME, DB_SNAPSHOT),
    ("s3:DELETE ?encryption", &["s3:PutEncryptionConfiguration"], BUCKET),
    ("s3:DELETE ?policy", &["s3:DeleteBucketPolicy"], BUCKET),
    ("s3:DELETE ?publicAccessBlock", &["s3:PutBucketPublicAccessBlock"], BUCKET),
    ("s3:GET ?encryption", &["s3:GetEncryptionConfiguration"], BUCKET),
    ("s3:GET ?list-type", &["s3:ListBucket"], BUCKET),
    ("s3:GET ?policy", &["s3:GetBucketPolicy"], BUCKET),
    ("s3:GET ?publicAccessBlock", &["s3:GetBucketPublicAccessBlock"], BUCKET),
    ("s3:GET ?website", &["s3:GetBucketWebsite"], BUCKET),
    ("s3:GET key", &["s3:GetObject"], OBJECT),
    ("s3:HEAD key", &["s3:GetObject"], OBJECT),
    ("s3:PUT ?encryption", &["s3:PutEncryptionConfiguration"], BUCKET),
    ("s3:PUT ?policy", &["s3:PutBucketPolicy"], BUCKET),
    ("s3:PUT ?publicAccessBlock", &["s3:PutBucketPublicAccessBlock"], BUCKET),
    ("s3:PUT key", &["s3:PutObject"], OBJECT),
    ("sns:GetTopicAttributes", SAME, TOPIC),
    ("sns:Publish", SAME, TOPIC),
    ("sns:SetTopicAttributes", SAME, TOPIC),
    ("sqs:GetQueueAttributes", SAME, QUEUE),
    ("sqs:ChangeMessageVisibility", SAME, QUEUE),
    ("sqs:GetQueueUrl", SAME, QUEUE_NAME),
    ("sqs:SendMessage", SAME, QUEUE),
    ("sqs:SetQueueAttributes", SAME, QUEUE),
    ("sts:AssumeRole", SAME, ROLE),
    ("sts:AssumeRole SourceIdentity", &["sts:AssumeRole", "sts:SetSourceIdentity"], ROLE),
    // The signature names the service `tagging`; the actions have the prefix `tag`.
    ("tagging:GetResources", &["tag:GetResources"], ALL),
];

/// Returns the actions of an operation, each with the ARN of its resource. Returns `None` for an
/// unknown operation or if a field of the ARN is missing.
pub(super) fn actions(name: &str, fields: &[(String, String)]) -> Option<Vec<(String, String)>> {
    let (_, actions, on) = OPERATIONS.iter().find(|(known, ..)| *known == name)?;
    let actions = if actions.is_empty() { &[name] } else { *actions };
    let mut pairs = Vec::new();
    for pattern in *on {
        let arn = filled(pattern, fields)?;
        pairs.extend(actions.iter().map(|action| ((*action).to_owned(), arn.clone())));
    }
    Some(pairs)
}

/// Replaces the fields of an ARN pattern. A field that is an ARN replaces the complete pattern.
fn filled(pattern: &str, fields: &[(String, String)]) -> Option<String> {
    let mut parts = pattern.split('{');
    let mut arn = parts.next()?.to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        let (_, value) = fields.iter().find(|(field, value)| field == name && !value.is_empty())?;
        if value.starts_with("arn:") {
            return Some(value.clone());
        }
        arn = arn + value + rest;
    }
    Some(arn)
}
