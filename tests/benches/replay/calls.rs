//! The type of a call in a generated trail, and the read calls that the policies match.

/// A kind of call.
pub(crate) struct Call {
    pub(crate) source: &'static str,
    pub(crate) name: &'static str,
    /// The frequency relative to the other calls of its list.
    pub(crate) weight: u64,
    /// The template of `requestParameters`.
    pub(crate) request: &'static str,
    /// The template of `responseElements`.
    pub(crate) response: &'static str,
}

/// Read calls that the mixed policy sets match: about an eighth of all records.
pub(crate) const WATCHED_READS: [(&str, &str); 8] = [
    ("secretsmanager.amazonaws.com", "GetSecretValue"),
    ("ssm.amazonaws.com", "GetParameter"),
    ("s3.amazonaws.com", "GetBucketAcl"),
    ("iam.amazonaws.com", "GetRole"),
    ("rds.amazonaws.com", "DescribeDBInstances"),
    ("dynamodb.amazonaws.com", "DescribeTable"),
    ("ecr.amazonaws.com", "GetAuthorizationToken"),
    ("lambda.amazonaws.com", "GetFunction"),
];
