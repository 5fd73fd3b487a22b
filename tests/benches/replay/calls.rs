//! A kind of call that a generated trail records.

/// One kind of call.
pub(crate) struct Call {
    pub(crate) source: &'static str,
    pub(crate) name: &'static str,
    /// How often it is seen, against the other calls of its list.
    pub(crate) weight: u64,
    /// `requestParameters`, with blanks.
    pub(crate) request: &'static str,
    /// `responseElements`, with blanks.
    pub(crate) response: &'static str,
}

/// Read calls that the mixed policy sets watch: about an eighth of all records.
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
