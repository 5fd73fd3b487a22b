//! Signs, sends and retries requests with the same components as the clients of the AWS SDK.

use std::fmt;

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{
    DisableClockSkewCorrection, ServiceClockSkewClassifier, ServiceClockSkewInterceptor,
};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::{Region, SigningRegion};
use aws_types::{SdkConfig, SigningName};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::config::new_http_client;

use super::endpoint::{EndpointVariant, find_endpoint_override, service_url, signing_region};
use super::error::{CallError, ServiceError};
use super::error_response::read_service_error;
use super::response::ServiceResponse;
use super::service_metadata::ServiceMetadata;

/// A request that is not yet signed.
#[derive(Clone)]
pub(super) struct UnsignedRequest {
    pub(super) method: Method,
    /// The path, and the query if there is one.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The debug output contains only the method, because a request can contain secrets.
impl fmt::Debug for UnsignedRequest {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Builds the operation that sends all calls of a service. `own_url` replaces the URL of the service.
pub(super) fn build_operation(
    config: &SdkConfig,
    service: &ServiceMetadata,
    own_url: Option<&str>,
) -> Result<Operation<UnsignedRequest, ServiceResponse, ServiceError>, CallError> {
    let region = config.region().map(Region::as_ref).ok_or(CallError::NoRegion)?;
    let url = own_url
        .map(str::to_owned)
        .or_else(|| find_endpoint_override(config, service))
        .unwrap_or_else(|| service_url(service, region, EndpointVariant::from_config(config)));
    // The clients of the SDK also use the standard mode if the configuration sets no mode.
    let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let mut builder = Operation::builder()
        .service_name(service.id)
        .operation_name("call")
        .behavior_version(config.behavior_version().unwrap_or_else(BehaviorVersion::latest))
        .endpoint_url(&url)
        .standard_retry(&retries)
        .interceptor(ServiceClockSkewInterceptor::new())
        .interceptor(RequestInfoInterceptor::new())
        .interceptor(UserAgentInterceptor::new())
        .interceptor(InvocationIdInterceptor::new())
        .interceptor(RecursionDetectionInterceptor::new())
        .with_connection_poisoning()
        .retry_classifier(HttpStatusCodeClassifier::default())
        .retry_classifier(TransientErrorClassifier::<ServiceError>::new())
        .retry_classifier(AwsErrorCodeClassifier::<ServiceError>::new())
        .retry_classifier(ServiceClockSkewClassifier::<ServiceError>::new())
        .http_client(config.http_client().unwrap_or_else(new_http_client))
        .runtime_plugin(build_signing_plugin(config, service, region));
    if let Some(timeouts) = config.timeout_config() {
        builder = builder.timeout_config(timeouts.clone());
    }
    if let Some(sleep) = config.sleep_impl() {
        builder = builder.sleep_impl(sleep);
    }
    if let Some(time) = config.time_source() {
        builder = builder.time_source(time);
    }
    if let Some(protection) = config.stalled_stream_protection() {
        builder = builder.stalled_stream_protection(protection);
    }
    Ok(builder.serializer(to_http).deserializer(from_http).build())
}

/// Builds the plugin that provides the credentials and signs the requests.
fn build_signing_plugin(
    config: &SdkConfig,
    service: &ServiceMetadata,
    region: &str,
) -> StaticRuntimePlugin {
    let is_s3 = service.signing_name == "s3";
    let mut options = SigningOptions::default();
    // The signature for S3 differs from the signature for other services: the path is encoded only
    // once and is not normalized, and a header contains the digest of the body.
    // Source: Amazon S3 User Guide, "Signature Calculations for the Authorization Header".
    options.double_uri_encode = !is_s3;
    options.normalize_uri_path = !is_s3;
    options.content_sha256_header = is_s3;
    let region = Region::new(signing_region(service, region));
    let partition = format!("{}-{region}", service.signing_name);
    let mut layer = Layer::new("signing");
    layer.store_put(SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(region)),
        name: Some(SigningName::from_static(service.signing_name)),
        signing_options: options,
        ..SigV4OperationSigningConfig::default()
    });
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(ApiMetadata::new(service.id, service.version));
    layer.store_put(RetryPartition::new(partition));
    if let Some(name) = config.app_name() {
        layer.store_put(name.clone());
    }
    if let Some(disabled) = config.disable_clock_skew_correction() {
        layer.store_put(DisableClockSkewCorrection::from(disabled));
    }
    let resolver = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new("signing");
    components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(resolver)));
    if let Some(cache) = config.identity_cache() {
        components.set_identity_cache(Some(cache));
    }
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

fn to_http(request: UnsignedRequest) -> Result<HttpRequest, BoxError> {
    let UnsignedRequest { method, target, headers, body } = request;
    let mut request =
        http::Request::builder().method(method).uri(target).body(SdkBody::from(body))?;
    *request.headers_mut() = headers;
    Ok(HttpRequest::try_from(request)?)
}

fn from_http(
    http_response: &HttpResponse,
) -> Result<ServiceResponse, OrchestratorError<ServiceError>> {
    let headers = http_response.headers().iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::from_str(value).ok()?))
    });
    let body = http_response.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default();
    let response = ServiceResponse::new(headers.collect(), body);
    if http_response.status().is_success() {
        return Ok(response);
    }
    Err(OrchestratorError::operation(read_service_error(
        http_response.status().as_u16(),
        &response,
    )))
}

#[cfg(test)]
mod tests;
