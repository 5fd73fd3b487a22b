//! Remediators of Amazon API Gateway REST APIs, and the code for ids, stages, deployments, drafts
//! and backends that they share.

pub(crate) mod api_settings;
pub mod api_tls_policy;
pub(crate) mod backend;
pub mod close_default_endpoint;
pub mod deny_insecure_transport;
pub mod domain_tls_policy;
pub mod https_integration;
pub(crate) mod integration;
pub(crate) mod published_definitions;
pub(crate) mod resource_ids;
pub(crate) mod resource_policy;
pub(crate) mod rest_client;
pub mod stage_cache_encryption;
pub mod stage_data_trace;
pub mod stage_logging;
pub(crate) mod stage_settings;
pub mod stage_tracing;
pub(crate) mod tls_policy;
pub(crate) mod undeployed_changes;
pub mod verify_backend;

/// The IAM actions of API Gateway, whose names are HTTP methods.
///
/// Source: Service Authorization Reference, "Amazon API Gateway Management".
pub(crate) const PERMISSIONS: &[&str] = &["apigateway:GET", "apigateway:PATCH", "apigateway:POST"];

/// The additional IAM action for setting a resource policy.
///
/// Source: Amazon API Gateway Developer Guide, "Create and attach an API Gateway resource policy to
/// an API".
pub(crate) const SET_POLICY_ACTION: &str = "apigateway:UpdateRestApiPolicy";
