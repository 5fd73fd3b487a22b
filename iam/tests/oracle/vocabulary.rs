//! The words of the random documents and requests. They are few, so that statements meet.

/// The account of the resources.
pub(crate) const OWN: &str = "111122223333";
/// An account that documents name.
pub(crate) const OTHER: &str = "444455556666";
/// Accounts that documents rarely name.
pub(crate) const STRANGERS: &[&str] = &["999988887777", "123412341234"];

/// What the documents and requests of one service contain.
#[derive(Debug)]
pub(crate) struct Service {
    /// Patterns of actions.
    pub(crate) actions: &'static [&'static str],
    /// Patterns of resources.
    pub(crate) resources: &'static [&'static str],
    /// Actions of requests, with the resources on which they are possible.
    pub(crate) requests: &'static [(&'static [&'static str], &'static [&'static str])],
}

/// The services whose resources can have policies, and IAM.
pub(crate) const SERVICES: &[Service] = &[
    Service {
        actions: &[
            "s3:*",
            "s3:Get*",
            "s3:GetObject",
            "s3:PutObject",
            "s3:*Object",
            "s3:ListBucket",
            "*",
            "S3:get?bject*",
            "s3:?etObject",
            "s3:Put*",
        ],
        resources: &[
            "arn:aws:s3:::b",
            "arn:aws:s3:::b/*",
            "arn:aws:s3:::b*",
            "*",
            "arn:aws:s3:::*/public/*",
            "arn:aws:s3:::b/home/${aws:username}/*",
            "arn:aws:s3:::?/x",
            "arn:*:s3:::b/*",
            "arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}/*",
            "arn:aws:s3:::b/${aws:userid}/*",
        ],
        requests: &[
            (
                &["s3:GetObject", "s3:PutObject", "s3:GetObjectAcl", "s3:DeleteObject"],
                &[
                    "arn:aws:s3:::b/x",
                    "arn:aws:s3:::b/public/y",
                    "arn:aws:s3:::b/home/jo/z",
                    "arn:aws:s3:::c/x",
                    "arn:aws:s3:::b/red/k",
                    "arn:aws:s3:::b/none/k",
                    "arn:aws:s3:::c/public/y",
                ],
            ),
            (
                &["s3:ListBucket", "s3:GetBucketPolicy", "s3:PutBucketPolicy"],
                &["arn:aws:s3:::b", "arn:aws:s3:::c", "arn:aws:s3:::bb"],
            ),
        ],
    },
    Service {
        actions: &[
            "sqs:*",
            "sqs:SendMessage",
            "sqs:Receive*",
            "sqs:*Message",
            "sqs:????Message",
            "*",
            "SQS:getqueueurl",
        ],
        resources: &[
            "arn:aws:sqs:us-east-1:111122223333:q",
            "arn:aws:sqs:*:111122223333:*",
            "*",
            "arn:aws:sqs:us-east-1:111122223333:q-${aws:username}",
            "arn:aws:sqs:us-east-1:111122223333:q?*",
        ],
        requests: &[(
            &["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:GetQueueUrl", "sqs:PurgeQueue"],
            &[
                "arn:aws:sqs:us-east-1:111122223333:q",
                "arn:aws:sqs:eu-west-1:111122223333:q2",
                "arn:aws:sqs:us-east-1:111122223333:q-jo",
            ],
        )],
    },
    Service {
        actions: &["kms:*", "kms:Decrypt", "kms:De*", "kms:?*crypt", "*"],
        resources: &["*", "arn:aws:kms:us-east-1:111122223333:key/k", "arn:aws:kms:*:*:key/*"],
        requests: &[(
            &["kms:Decrypt", "kms:Encrypt", "kms:DescribeKey"],
            &[
                "arn:aws:kms:us-east-1:111122223333:key/k",
                "arn:aws:kms:us-east-1:111122223333:key/l",
            ],
        )],
    },
    Service {
        actions: &["iam:*", "iam:Create*", "iam:PassRole", "*", "iam:?*"],
        resources: &[
            "*",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::*:user/${aws:username}",
        ],
        requests: &[
            (
                &["iam:CreateUser", "iam:CreateAccessKey"],
                &["arn:aws:iam::111122223333:user/jo", "arn:aws:iam::111122223333:user/ann"],
            ),
            (&["iam:PassRole"], &["arn:aws:iam::111122223333:role/app"]),
        ],
    },
];

/// The service of trust policies. The resource is the role itself, which the policy does not name.
pub(crate) const TRUST: Service = Service {
    actions: &["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:*", "sts:Assume*"],
    resources: &[],
    requests: &[(
        &["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        &["arn:aws:iam::111122223333:role/t"],
    )],
};

/// Principals of the type `AWS`.
pub(crate) const NAMES: &[&str] = &[
    OWN,
    "arn:aws:iam::444455556666:root",
    OTHER,
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:role/app",
    "arn:aws:iam::444455556666:user/x",
    "arn:aws:iam::111122223333:role/x",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:iam::111122223333:user/jo",
    "arn:aws:iam::444455556666:user/ann",
];

/// Services that call.
pub(crate) const SERVICE_NAMES: &[&str] =
    &["s3.amazonaws.com", "sns.amazonaws.com", "cloudtrail.amazonaws.com"];

/// An identity provider that many organizations share.
pub(crate) const PROVIDER: &str =
    "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";

/// A canonical user ID.
pub(crate) const CANONICAL: &str =
    "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

/// The kind of the values of a condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Text,
    Arn,
    Address,
    Boolean,
    Number,
    Date,
    /// Texts of which a request can have several.
    Several,
}

/// A condition key, with values for policies and for requests.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: KeyKind,
    pub(crate) written: &'static [&'static str],
    /// Values of requests. Those of keys that follow from the caller are not here.
    pub(crate) given: &'static [&'static str],
}

const fn key(
    name: &'static str,
    kind: KeyKind,
    written: &'static [&'static str],
    given: &'static [&'static str],
) -> Key {
    Key { name, kind, written, given }
}

const ACCOUNTS: &[&str] = &[OWN, OTHER, "4444*", "*", "anonymous", "1234*", "9999????7777"];
const BOOLEANS: &[&str] = &["true", "false"];
const ARNS: &[&str] = &[
    "arn:aws:iam::111122223333:role/*",
    "arn:aws:iam::*:role/app",
    "arn:aws:iam::444455556666:*",
    "arn:aws:iam::111122223333:user/${aws:username}",
    "*",
    "arn:*:444455556666:role/app",
    "arn:aws:iam::111122223333:role/x",
    "arn:aws:iam::1234*:user/*",
];
const SOURCES: &[&str] = &[
    "arn:aws:s3:::b",
    "arn:aws:sns:*:111122223333:*",
    "arn:aws:s3:::*",
    "arn:aws:sns:us-east-1:444455556666:t",
    "arn:aws:cloudtrail:us-east-1:${aws:SourceAccount}:trail/x",
];
const ORGANIZATIONS: &[&str] = &["o-a1b2c3d4e5", "o-zzzzzzzzzz", "o-*", "${aws:PrincipalTag/team}"];
const PATHS: &[&str] = &["o-a1b2c3d4e5/*", "o-a1b2c3d4e5/r-ab12/ou-ab12-1/*", "o-*/r-*/ou-x/*"];
const RANGES: &[&str] = &[
    "203.0.113.0/24",
    "203.0.113.7",
    "0.0.0.0/0",
    "8.0.0.0/7",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "2001:db8::/32",
    "10.0.0.0/8",
];
const ADDRESSES: &[&str] = &[
    "203.0.113.7",
    "203.0.113.200",
    "8.8.8.8",
    "9.9.9.9",
    "198.51.100.1",
    "2001:db8::1",
    "2600::1",
];
const LIMITS: &[&str] = &["0", "10", "10.5", "1.2", "3600", "-1", "1e3"];
const NUMBERS: &[&str] = &["0", "1.2", "10", "10.25", "11", "3600", "5000", "-7", "1000"];
const DAYS: &[&str] = &["2026-01-01", "2026-06-30T12:00:00Z", "1767225600", "2030-01-01T00:00:00Z"];
const TIMES: &[&str] = &[
    "2025-12-31T23:59:59Z",
    "2026-01-01T00:00:00Z",
    "2026-06-30T12:00:00Z",
    "2028-02-29T00:00:01Z",
    "2031-01-01T00:00:00Z",
];

/// The condition keys.
pub(crate) const KEYS: &[Key] = &[
    key("aws:PrincipalArn", KeyKind::Arn, ARNS, &[]),
    key("aws:PrincipalAccount", KeyKind::Text, ACCOUNTS, &[]),
    key("kms:CallerAccount", KeyKind::Text, ACCOUNTS, &[]),
    key("aws:PrincipalOrgID", KeyKind::Text, ORGANIZATIONS, &[]),
    key("aws:PrincipalOrgPaths", KeyKind::Several, PATHS, &[]),
    key("aws:PrincipalType", KeyKind::Text, &["User", "AssumedRole", "Anonymous", "*Role"], &[]),
    key("aws:PrincipalIsAWSService", KeyKind::Boolean, BOOLEANS, &[]),
    key(
        "aws:PrincipalServiceName",
        KeyKind::Text,
        &["s3.amazonaws.com", "sns.amazonaws.com", "*.amazonaws.com"],
        &[],
    ),
    key("aws:userid", KeyKind::Text, &["AROA1:*", "AIDA1", "*:jo", "anonymous", "AROA?:sess"], &[]),
    key("aws:username", KeyKind::Text, &["jo", "j?", "ann", "*"], &[]),
    key("aws:SourceIp", KeyKind::Address, RANGES, ADDRESSES),
    key("aws:VpcSourceIp", KeyKind::Address, RANGES, &["10.0.0.5", "192.168.1.1"]),
    key(
        "aws:SourceVpc",
        KeyKind::Text,
        &["vpc-1a", "vpc-1*", "vpc-*"],
        &["vpc-1a", "vpc-1b", "vpc-2"],
    ),
    key(
        "aws:SourceVpce",
        KeyKind::Text,
        &["vpce-1", "vpce-?", "vpce-12*"],
        &["vpce-1", "vpce-7", "vpce-123"],
    ),
    key("aws:SourceAccount", KeyKind::Text, ACCOUNTS, &[]),
    key("aws:SourceArn", KeyKind::Arn, SOURCES, &[]),
    key("aws:SecureTransport", KeyKind::Boolean, BOOLEANS, BOOLEANS),
    key("aws:ViaAWSService", KeyKind::Boolean, BOOLEANS, BOOLEANS),
    key("aws:MultiFactorAuthPresent", KeyKind::Boolean, BOOLEANS, BOOLEANS),
    key("aws:MultiFactorAuthAge", KeyKind::Number, LIMITS, NUMBERS),
    key("s3:max-keys", KeyKind::Number, LIMITS, NUMBERS),
    key("s3:TlsVersion", KeyKind::Number, &["1.2", "1.3", "1"], &["1.2", "1.3"]),
    key("aws:CurrentTime", KeyKind::Date, DAYS, TIMES),
    key("aws:EpochTime", KeyKind::Date, DAYS, &["1767225600", "1767225601", "2000000000", "0"]),
    key(
        "aws:PrincipalTag/team",
        KeyKind::Text,
        &["red", "blue", "r*"],
        &["red", "blue", "green", "home"],
    ),
    key(
        "aws:RequestTag/team",
        KeyKind::Text,
        &["${aws:PrincipalTag/team}", "red", "re?"],
        &["red", "blue"],
    ),
    key(
        "s3:prefix",
        KeyKind::Text,
        &["home/${aws:username}/*", "", "home/*", "HOME/JO/"],
        &["home/jo/", "home/x", "Home/jo/", ""],
    ),
    key(
        "sts:ExternalId",
        KeyKind::Text,
        &["secret", "sec*", "${aws:userid}"],
        &["secret", "sector", "x"],
    ),
    key(
        "aws:RequestedRegion",
        KeyKind::Text,
        &["us-*", "eu-west-1", "us-east-1"],
        &["us-east-1", "eu-west-1"],
    ),
    key(
        "aws:TagKeys",
        KeyKind::Several,
        &["team", "cost*", "owner"],
        &["team", "cost-a", "owner", "x"],
    ),
    key(
        "aws:CalledVia",
        KeyKind::Several,
        &["athena.amazonaws.com", "*"],
        &["athena.amazonaws.com", "x.amazonaws.com"],
    ),
    key("custom:labels", KeyKind::Several, &["a", "b", "a?"], &["a", "b", "ab"]),
    key(
        "kms:ViaService",
        KeyKind::Text,
        &["s3.*.amazonaws.com", "s3.us-east-1.amazonaws.com"],
        &["s3.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com"],
    ),
    key(
        "token.actions.githubusercontent.com:sub",
        KeyKind::Text,
        &[
            "repo:example/*",
            "repo:example*",
            "repo:example/app:ref:refs/heads/main",
            "*",
            "repo:*/app:*",
        ],
        &[],
    ),
    key("token.actions.githubusercontent.com:aud", KeyKind::Text, &["sts.amazonaws.com"], &[]),
];
