//! Remediators of Amazon API Gateway, version 2: HTTP and WebSocket APIs.

pub mod close_default_endpoint;
pub(crate) mod http_client;
pub(crate) mod http_integration;
pub mod https_integration;
pub mod private_tls;
