//! The services that are called.

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_types::SdkConfig;

use super::error::{CallError, Refusal};
use super::facts::{
    API_GATEWAY_V2, CLOUD_CONTROL, EC2, EVENTS, Facts, IAM, KMS, LAMBDA, RDS, S3, SNS, SQS, STS,
};
use super::response::Response;
use super::transport::{self, Request};

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
