//! Facts about each service: its protocol, its API version, and the names of its hosts.

/// Facts about a service.
///
/// Source: the AWS SDKs' models of each service (`metadata`).
#[derive(Debug)]
pub(super) struct ServiceMetadata {
    /// The ID of the service in settings and in the user agent of the SDK.
    pub(super) id: &'static str,
    /// The version of the API.
    pub(super) version: &'static str,
    /// The prefix of the host names.
    pub(super) endpoint_prefix: &'static str,
    /// The service name for which requests are signed.
    pub(super) signing_name: &'static str,
    /// The protocol of the service.
    pub(super) protocol: ServiceProtocol,
}

/// The protocol of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceProtocol {
    /// AWS JSON. The operation is in a header, after the target prefix of the service.
    Json { version: &'static str, target: &'static str },
    /// AWS Query, and its variant for EC2. The operation is in the body.
    Query,
    /// REST. The operation is an HTTP method and a path.
    Rest,
}

const fn new_metadata(
    id: &'static str,
    endpoint_prefix: &'static str,
    version: &'static str,
    protocol: ServiceProtocol,
) -> ServiceMetadata {
    ServiceMetadata { id, version, endpoint_prefix, signing_name: endpoint_prefix, protocol }
}

const fn json_protocol(version: &'static str, target: &'static str) -> ServiceProtocol {
    ServiceProtocol::Json { version, target }
}

pub(super) static CLOUDFORMATION: ServiceMetadata =
    new_metadata("CloudFormation", "cloudformation", "2010-05-15", ServiceProtocol::Query);
pub(super) static API_GATEWAY_V2: ServiceMetadata = ServiceMetadata {
    id: "ApiGatewayV2",
    version: "2018-11-29",
    endpoint_prefix: "apigateway",
    signing_name: "apigateway",
    protocol: ServiceProtocol::Rest,
};
pub(super) static CLOUD_CONTROL: ServiceMetadata = new_metadata(
    "CloudControl",
    "cloudcontrolapi",
    "2021-09-30",
    json_protocol("1.0", "CloudApiService"),
);
pub(super) static EC2: ServiceMetadata =
    new_metadata("EC2", "ec2", "2016-11-15", ServiceProtocol::Query);
pub(super) static ELASTIC_LOAD_BALANCING_V2: ServiceMetadata = new_metadata(
    "Elastic Load Balancing v2",
    "elasticloadbalancing",
    "2015-12-01",
    ServiceProtocol::Query,
);
pub(super) static EVENTS: ServiceMetadata =
    new_metadata("EventBridge", "events", "2015-10-07", json_protocol("1.1", "AWSEvents"));
pub(super) static IAM: ServiceMetadata =
    new_metadata("IAM", "iam", "2010-05-08", ServiceProtocol::Query);
pub(super) static KINESIS: ServiceMetadata =
    new_metadata("Kinesis", "kinesis", "2013-12-02", json_protocol("1.1", "Kinesis_20131202"));
pub(super) static KMS: ServiceMetadata =
    new_metadata("KMS", "kms", "2014-11-01", json_protocol("1.1", "TrentService"));
pub(super) static LAMBDA: ServiceMetadata =
    new_metadata("Lambda", "lambda", "2015-03-31", ServiceProtocol::Rest);
pub(super) static ORGANIZATIONS: ServiceMetadata = new_metadata(
    "Organizations",
    "organizations",
    "2016-11-28",
    json_protocol("1.1", "AWSOrganizationsV20161128"),
);
pub(super) static RDS: ServiceMetadata =
    new_metadata("RDS", "rds", "2014-10-31", ServiceProtocol::Query);
pub(super) static S3: ServiceMetadata =
    new_metadata("S3", "s3", "2006-03-01", ServiceProtocol::Rest);
pub(super) static SNS: ServiceMetadata =
    new_metadata("SNS", "sns", "2010-03-31", ServiceProtocol::Query);
pub(super) static SQS: ServiceMetadata =
    new_metadata("SQS", "sqs", "2012-11-05", json_protocol("1.0", "AmazonSQS"));
pub(super) static TAGGING: ServiceMetadata = new_metadata(
    "Resource Groups Tagging API",
    "tagging",
    "2017-01-26",
    json_protocol("1.1", "ResourceGroupsTaggingAPI_20170126"),
);
pub(super) static STS: ServiceMetadata =
    new_metadata("STS", "sts", "2011-06-15", ServiceProtocol::Query);
