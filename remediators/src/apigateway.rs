//! What the remediators of API Gateway share: names, stages and deployments, drafts, and backends.

pub(crate) mod api;
pub(crate) mod backend;
pub(crate) mod draft;
pub(crate) mod http;
pub(crate) mod http_integration;
pub(crate) mod integration;
pub(crate) mod names;
pub(crate) mod policy;
pub(crate) mod rest;
pub(crate) mod stage;
pub(crate) mod tls;

/// API Gateway's IAM actions are called after HTTP's methods.
///
/// Source: Service Authorization Reference, "Amazon API Gateway Management".
pub(crate) const PERMISSIONS: &[&str] = &["apigateway:GET", "apigateway:PATCH", "apigateway:POST"];

/// What setting a resource policy takes besides.
///
/// Source: Amazon API Gateway Developer Guide, "Create and attach an API Gateway resource policy to an API".
pub(crate) const SETS_POLICY: &str = "apigateway:UpdateRestApiPolicy";
