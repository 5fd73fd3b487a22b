//! What is known of each service: its protocol, its version, how its hosts are called.

/// What is known of a service.
///
/// Source: the AWS SDKs' models of each service (`metadata`).
#[derive(Debug)]
pub(super) struct Facts {
    /// What the SDK calls it, in settings and in the user agent.
    pub(super) id: &'static str,
    /// The version of its API.
    pub(super) version: &'static str,
    /// What its hosts are called.
    pub(super) endpoint_prefix: &'static str,
    /// What requests are signed for.
    pub(super) signing_name: &'static str,
    /// The protocol that its operations speak.
    pub(super) protocol: Protocol,
}

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// AWS JSON: the operation stands in a header, after what the service is called there.
    Json { version: &'static str, target: &'static str },
    /// AWS Query, and its kin of EC2: the operation stands in the body.
    Query,
    /// REST: the operation is a method and a path.
    Rest,
}

const fn facts(
    id: &'static str,
    endpoint_prefix: &'static str,
    version: &'static str,
    protocol: Protocol,
) -> Facts {
    Facts { id, version, endpoint_prefix, signing_name: endpoint_prefix, protocol }
}

const fn json(version: &'static str, target: &'static str) -> Protocol {
    Protocol::Json { version, target }
}

pub(super) static API_GATEWAY_V2: Facts = Facts {
    id: "ApiGatewayV2",
    version: "2018-11-29",
    endpoint_prefix: "apigateway",
    signing_name: "apigateway",
    protocol: Protocol::Rest,
};
pub(super) static CLOUD_CONTROL: Facts =
    facts("CloudControl", "cloudcontrolapi", "2021-09-30", json("1.0", "CloudApiService"));
pub(super) static EC2: Facts = facts("EC2", "ec2", "2016-11-15", Protocol::Query);
pub(super) static EVENTS: Facts =
    facts("EventBridge", "events", "2015-10-07", json("1.1", "AWSEvents"));
pub(super) static IAM: Facts = facts("IAM", "iam", "2010-05-08", Protocol::Query);
pub(super) static KMS: Facts = facts("KMS", "kms", "2014-11-01", json("1.1", "TrentService"));
pub(super) static LAMBDA: Facts = facts("Lambda", "lambda", "2015-03-31", Protocol::Rest);
pub(super) static RDS: Facts = facts("RDS", "rds", "2014-10-31", Protocol::Query);
pub(super) static S3: Facts = facts("S3", "s3", "2006-03-01", Protocol::Rest);
pub(super) static SNS: Facts = facts("SNS", "sns", "2010-03-31", Protocol::Query);
pub(super) static SQS: Facts = facts("SQS", "sqs", "2012-11-05", json("1.0", "AmazonSQS"));
pub(super) static STS: Facts = facts("STS", "sts", "2011-06-15", Protocol::Query);
