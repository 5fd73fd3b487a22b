//! The services that are called, and the facts by which they are.

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_types::SdkConfig;

use super::error::{CallError, Refusal};
use super::transport::{self, Request, Response};

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

/// A service of AWS, in the Region and with the credentials of a configuration.
///
/// ```
/// # use evenkeel_client::{CallError, Service};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Key<'a> {
///     key_id: &'a str,
/// }
///
/// #[derive(Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Rotation {
///     key_rotation_enabled: bool,
/// }
///
/// async fn is_rotated(config: &aws_types::SdkConfig, key_id: &str) -> Result<bool, CallError> {
///     let rotation: Rotation =
///         Service::kms(config).json("GetKeyRotationStatus", &Key { key_id }).await?;
///     Ok(rotation.key_rotation_enabled)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Service {
    pub(super) facts: &'static Facts,
    /// Why no call can be made, where the configuration lacks something.
    operation: Result<Operation<Request, Response, Refusal>, CallError>,
}

impl Service {
    /// Amazon API Gateway: HTTP and WebSocket APIs.
    pub fn api_gateway_v2(config: &SdkConfig) -> Service {
        Service::new(config, &API_GATEWAY_V2)
    }

    /// AWS Cloud Control API.
    pub fn cloud_control(config: &SdkConfig) -> Service {
        Service::new(config, &CLOUD_CONTROL)
    }

    /// Amazon EC2.
    pub fn ec2(config: &SdkConfig) -> Service {
        Service::new(config, &EC2)
    }

    /// Amazon EventBridge.
    pub fn events(config: &SdkConfig) -> Service {
        Service::new(config, &EVENTS)
    }

    /// IAM, which is one for all Regions of a partition.
    pub fn iam(config: &SdkConfig) -> Service {
        Service::new(config, &IAM)
    }

    /// AWS KMS.
    pub fn kms(config: &SdkConfig) -> Service {
        Service::new(config, &KMS)
    }

    /// AWS Lambda.
    pub fn lambda(config: &SdkConfig) -> Service {
        Service::new(config, &LAMBDA)
    }

    /// Amazon RDS, and what shares its API.
    pub fn rds(config: &SdkConfig) -> Service {
        Service::new(config, &RDS)
    }

    /// Amazon S3. A bucket is the first part of a path: so its name may have dots, and an endpoint of one's own needs
    /// no names for buckets.
    pub fn s3(config: &SdkConfig) -> Service {
        Service::new(config, &S3)
    }

    /// Amazon SNS.
    pub fn sns(config: &SdkConfig) -> Service {
        Service::new(config, &SNS)
    }

    /// Amazon SQS.
    pub fn sqs(config: &SdkConfig) -> Service {
        Service::new(config, &SQS)
    }

    /// AWS STS.
    pub fn sts(config: &SdkConfig) -> Service {
        Service::new(config, &STS)
    }

    fn new(config: &SdkConfig, facts: &'static Facts) -> Service {
        Service { facts, operation: transport::operation(config, facts) }
    }

    /// Sends a request, with all its attempts.
    pub(super) async fn send(&self, request: Request) -> Result<Response, CallError> {
        let operation = self.operation.as_ref().map_err(CallError::clone)?;
        operation.invoke(request).await.map_err(CallError::from)
    }
}
