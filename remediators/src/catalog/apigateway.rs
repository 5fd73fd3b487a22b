//! Remediators of REST APIs of Amazon API Gateway, and what they share: names, stages and deployments, drafts, and backends.

pub(crate) mod api;
pub mod api_tls_policy;
pub(crate) mod backend;
pub mod close_default_endpoint;
pub mod deny_insecure_transport;
pub mod domain_tls_policy;
pub(crate) mod draft;
pub mod https_integration;
pub(crate) mod integration;
pub(crate) mod names;
pub(crate) mod policy;
pub(crate) mod rest;
pub(crate) mod stage;
pub mod stage_cache_encryption;
pub mod stage_data_trace;
pub mod stage_logging;
pub mod stage_tracing;
pub(crate) mod tls;
pub mod verify_backend;

/// API Gateway's IAM actions are called after HTTP's methods.
///
/// Source: Service Authorization Reference, "Amazon API Gateway Management".
pub(crate) const PERMISSIONS: &[&str] = &["apigateway:GET", "apigateway:PATCH", "apigateway:POST"];

/// What setting a resource policy takes besides.
///
/// Source: Amazon API Gateway Developer Guide, "Create and attach an API Gateway resource policy to an API".
pub(crate) const SETS_POLICY: &str = "apigateway:UpdateRestApiPolicy";
