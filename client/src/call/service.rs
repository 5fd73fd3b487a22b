//! The services that are called.

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_types::SdkConfig;

use super::error::{CallError, ServiceError};
use super::response::ServiceResponse;
use super::service_metadata::{
    API_GATEWAY_V2, CLOUD_CONTROL, EC2, EVENTS, IAM, KMS, LAMBDA, RDS, S3, SNS, SQS, STS,
    ServiceMetadata,
};
use super::transport::{self, UnsignedRequest};

/// A service of AWS, in the Region and with the credentials of a configuration.
///
/// ```
/// # use evenkeel_client::{CallError, ServiceClient};
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
///         ServiceClient::kms(config).call_json("GetKeyRotationStatus", &Key { key_id }).await?;
///     Ok(rotation.key_rotation_enabled)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ServiceClient {
    pub(super) metadata: &'static ServiceMetadata,
    /// Why no call can be made, where the configuration lacks something.
    operation: Result<Operation<UnsignedRequest, ServiceResponse, ServiceError>, CallError>,
}

impl ServiceClient {
    /// Amazon API Gateway: HTTP and WebSocket APIs.
    pub fn api_gateway_v2(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &API_GATEWAY_V2)
    }

    /// AWS Cloud Control API.
    pub fn cloud_control(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &CLOUD_CONTROL)
    }

    /// Amazon EC2.
    pub fn ec2(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &EC2)
    }

    /// Amazon EventBridge.
    pub fn events(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &EVENTS)
    }

    /// IAM, which is one for all Regions of a partition.
    pub fn iam(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &IAM)
    }

    /// AWS KMS.
    pub fn kms(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &KMS)
    }

    /// AWS Lambda.
    pub fn lambda(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &LAMBDA)
    }

    /// Amazon RDS, and what shares its API.
    pub fn rds(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &RDS)
    }

    /// Amazon S3. A bucket is the first part of a path: so its name may have dots, and an endpoint of one's own needs
    /// no names for buckets.
    pub fn s3(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &S3)
    }

    /// Amazon SNS.
    pub fn sns(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &SNS)
    }

    /// Amazon SQS.
    pub fn sqs(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &SQS)
    }

    /// AWS STS.
    pub fn sts(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &STS)
    }

    fn new(config: &SdkConfig, facts: &'static ServiceMetadata) -> ServiceClient {
        ServiceClient { metadata: facts, operation: transport::build_operation(config, facts) }
    }

    /// Sends a request, with all its attempts.
    pub(super) async fn send_request(
        &self,
        request: UnsignedRequest,
    ) -> Result<ServiceResponse, CallError> {
        let operation = self.operation.as_ref().map_err(CallError::clone)?;
        operation.invoke(request).await.map_err(CallError::from)
    }
}
