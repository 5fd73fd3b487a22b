//! Actions of services whose resources can have policies. They are the first choice for the action
//! of a witness, so that it names an action that exists.
//!
//! Source: AWS Service Authorization Reference.

use std::sync::LazyLock;

/// Some actions of services. The service is in lower case.
const ACTIONS: &[(&str, &[&str])] = &[
    (
        "backup",
        &[
            "CopyIntoBackupVault",
            "StartRestoreJob",
            "DeleteRecoveryPoint",
            "PutBackupVaultAccessPolicy",
        ],
    ),
    ("cloudsearch", &["search", "document", "suggest"]),
    (
        "codeartifact",
        &[
            "ReadFromRepository",
            "GetAuthorizationToken",
            "PublishPackageVersion",
            "DescribeRepository",
        ],
    ),
    ("codebuild", &["BatchGetProjects", "BatchGetBuilds", "ListBuildsForProject", "StartBuild"]),
    ("dynamodb", &["GetItem", "PutItem", "Query", "Scan", "DeleteItem", "DescribeTable"]),
    (
        "ec2",
        &[
            "RunInstances",
            "TerminateInstances",
            "DescribeInstances",
            "AuthorizeSecurityGroupIngress",
        ],
    ),
    (
        "ecr",
        &[
            "BatchGetImage",
            "GetDownloadUrlForLayer",
            "PutImage",
            "ReplicateImage",
            "DeleteRepository",
        ],
    ),
    (
        "elasticfilesystem",
        &["ClientMount", "ClientWrite", "ClientRootAccess", "DescribeMountTargets"],
    ),
    ("es", &["ESHttpGet", "ESHttpPost", "ESHttpPut", "ESHttpDelete", "DescribeDomain"]),
    ("events", &["PutEvents", "PutRule", "PutTargets", "DeleteRule"]),
    ("execute-api", &["Invoke", "ManageConnections"]),
    ("glacier", &["InitiateJob", "GetJobOutput", "UploadArchive", "DeleteArchive"]),
    ("glue", &["GetTable", "GetDatabase", "GetPartitions", "UpdateTable", "DeleteTable"]),
    (
        "iam",
        &[
            "CreateAccessKey",
            "AttachRolePolicy",
            "PassRole",
            "CreateUser",
            "PutRolePolicy",
            "GetUser",
        ],
    ),
    ("kinesis", &["GetRecords", "PutRecord", "GetShardIterator", "DescribeStream"]),
    (
        "kms",
        &[
            "Decrypt",
            "Encrypt",
            "GenerateDataKey",
            "ReEncryptFrom",
            "DescribeKey",
            "PutKeyPolicy",
            "CreateGrant",
        ],
    ),
    ("lambda", &["InvokeFunction", "InvokeFunctionUrl", "GetFunction", "UpdateFunctionCode"]),
    ("logs", &["PutLogEvents", "PutSubscriptionFilter", "CreateLogStream"]),
    (
        "s3",
        &[
            "GetObject",
            "PutObject",
            "DeleteObject",
            "ListBucket",
            "GetObjectVersion",
            "PutObjectAcl",
            "GetBucketLocation",
            "PutBucketPolicy",
            "GetBucketPolicy",
            "DeleteBucket",
            "PutBucketAcl",
            "ListBucketVersions",
        ],
    ),
    (
        "secretsmanager",
        &[
            "GetSecretValue",
            "DescribeSecret",
            "PutSecretValue",
            "DeleteSecret",
            "PutResourcePolicy",
        ],
    ),
    (
        "sns",
        &[
            "Publish",
            "Subscribe",
            "GetTopicAttributes",
            "AddPermission",
            "SetTopicAttributes",
            "DeleteTopic",
        ],
    ),
    (
        "sqs",
        &[
            "SendMessage",
            "ReceiveMessage",
            "DeleteMessage",
            "GetQueueAttributes",
            "SetQueueAttributes",
        ],
    ),
    ("sts", &["AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "TagSession"]),
];

/// All actions in lower case, such as `s3:getobject`.
static LOWER_CASE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let of_service = |(service, actions): &(&str, &[&str])| -> Vec<String> {
        actions.iter().map(|name| format!("{service}:{name}").to_ascii_lowercase()).collect()
    };
    ACTIONS.iter().flat_map(of_service).collect()
});

/// Returns actions in lower case, such as `s3:getobject`: those of the service, or, without a
/// service, those of all services.
pub(crate) fn known_actions(service: Option<&str>) -> &'static [String] {
    let Some(service) = service else { return &LOWER_CASE };
    let is_own = |action: &&String| action.split(':').next() == Some(service);
    // The actions of a service stand together.
    let start = LOWER_CASE.iter().position(|action| is_own(&action)).unwrap_or_default();
    let count = LOWER_CASE.iter().filter(is_own).count();
    LOWER_CASE.get(start..start.saturating_add(count)).unwrap_or_default()
}

/// Returns an action in its usual spelling. An action that is not in the table stays as it is.
pub(crate) fn spell_action(action: &str) -> String {
    let found = action.split_once(':').and_then(|(service, wanted)| {
        let (_, actions) = ACTIONS.iter().find(|(name, _)| *name == service)?;
        let name = actions.iter().find(|name| name.eq_ignore_ascii_case(wanted))?;
        Some(format!("{service}:{name}"))
    });
    found.unwrap_or_else(|| action.to_owned())
}

/// Patterns of the actions of Amazon S3 on objects. All other actions are on buckets or accounts.
///
/// Source: AWS Service Authorization Reference, "Actions defined by Amazon S3".
pub(crate) const S3_OBJECT_ACTIONS: &[&str] = &[
    "s3:*object*",
    "s3:abortmultipartupload",
    "s3:bypassgovernanceretention",
    "s3:initiatereplication",
    "s3:listmultipartuploadparts",
    "s3:replicatedelete",
    "s3:replicatetags",
];

/// Actions of Amazon S3 that contain the word `object` and are not on objects.
pub(crate) const S3_BUCKET_ACTIONS: &[&str] =
    &["s3:*bucketobjectlockconfiguration", "s3:*forobjectlambda"];
