//! Remediators of Amazon API Gateway HTTP and WebSocket APIs (version 2).

pub mod close_default_endpoint;
pub(crate) mod http_client;
pub(crate) mod http_integration;
pub mod https_integration;
pub mod private_tls;
