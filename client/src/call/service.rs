//! The client of an AWS service, with one constructor for each service that Evenkeel calls.

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_types::SdkConfig;
use aws_types::region::Region;

use super::error::{CallError, ServiceError};
use super::response::ServiceResponse;
use super::service_metadata::{
    API_GATEWAY_V2, CLOUD_CONTROL, CLOUDFORMATION, EC2, ELASTIC_LOAD_BALANCING_V2, EVENTS, IAM,
    KINESIS, KMS, LAMBDA, ORGANIZATIONS, RDS, S3, SNS, SQS, STS, ServiceMetadata, TAGGING,
};
use super::transport::{self, UnsignedRequest};

/// A client of an AWS service, with the Region and the credentials of a configuration.
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
    /// The operation of all calls, or the reason why no call can be made.
    operation: Result<Operation<UnsignedRequest, ServiceResponse, ServiceError>, CallError>,
}

impl ServiceClient {
    /// Creates a client of Amazon API Gateway V2: HTTP and WebSocket APIs.
    pub fn api_gateway_v2(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &API_GATEWAY_V2)
    }

    /// Creates a client of AWS Cloud Control API.
    pub fn cloud_control(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &CLOUD_CONTROL)
    }

    /// Creates a client of AWS CloudFormation.
    pub fn cloudformation(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &CLOUDFORMATION)
    }

    /// Creates a client of Amazon EC2.
    pub fn ec2(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &EC2)
    }

    /// Creates a client of Elastic Load Balancing V2: Application, Network and Gateway Load
    /// Balancers.
    pub fn elastic_load_balancing_v2(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &ELASTIC_LOAD_BALANCING_V2)
    }

    /// Creates a client of Amazon EventBridge.
    pub fn events(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &EVENTS)
    }

    /// Creates a client of IAM, which has one endpoint for all Regions of a partition.
    pub fn iam(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &IAM)
    }

    /// Creates a client of Amazon Kinesis Data Streams.
    pub fn kinesis(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &KINESIS)
    }

    /// Creates a client of AWS KMS.
    pub fn kms(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &KMS)
    }

    /// Creates a client of AWS Lambda.
    pub fn lambda(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &LAMBDA)
    }

    /// Creates a client of AWS Organizations, which has one endpoint for all Regions of a partition.
    pub fn organizations(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &ORGANIZATIONS)
    }

    /// Creates a client of Amazon RDS, and of the services that share its API.
    pub fn rds(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &RDS)
    }

    /// Creates a client of Amazon S3. The client sends the bucket name as the first part of the
    /// path, and not in the host name. Therefore a bucket name can contain dots, and a custom
    /// endpoint needs no host name for each bucket.
    pub fn s3(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &S3)
    }

    /// Creates a client of Amazon SNS.
    pub fn sns(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &SNS)
    }

    /// Creates a client of Amazon SQS.
    pub fn sqs(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &SQS)
    }

    /// Creates a client of AWS STS.
    pub fn sts(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &STS)
    }

    /// Creates a client of the AWS Resource Groups Tagging API.
    pub fn tagging(config: &SdkConfig) -> ServiceClient {
        ServiceClient::new(config, &TAGGING)
    }

    /// Creates a client of the URL of a Lambda function, which is signed like a call of AWS Lambda.
    /// The client signs for the Region in the URL, if it contains one.
    ///
    /// Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs".
    pub fn function_url(config: &SdkConfig, url: &str) -> ServiceClient {
        let region = url.split_once(".lambda-url.").and_then(|(_, rest)| rest.split('.').next());
        let config = match region {
            Some(region) => &config.to_builder().region(Region::new(region.to_owned())).build(),
            None => config,
        };
        let url = url.trim_end_matches('/');
        let operation = transport::build_operation(config, &LAMBDA, Some(url));
        ServiceClient { metadata: &LAMBDA, operation }
    }

    fn new(config: &SdkConfig, facts: &'static ServiceMetadata) -> ServiceClient {
        ServiceClient {
            metadata: facts,
            operation: transport::build_operation(config, facts, None),
        }
    }

    /// Sends a request. Retries it after throttling and after transient errors, up to the number of
    /// attempts in the configuration.
    pub(super) async fn send_request(
        &self,
        request: UnsignedRequest,
    ) -> Result<ServiceResponse, CallError> {
        let operation = self.operation.as_ref().map_err(CallError::clone)?;
        operation.invoke(request).await.map_err(CallError::from)
    }
}
