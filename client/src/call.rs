//! Signed calls of AWS services in the four protocols that the services use.
//!
//! The AWS SDK provides retries, timeouts, clock skew correction, credentials and connections.

mod endpoint;
mod error;
mod error_response;
mod json;
mod query;
mod response;
mod rest;
mod service;
mod service_metadata;
mod transport;
mod xml;

pub use endpoint::s3_url;
pub use error::{CallError, ServiceError};
pub use http::Method;
pub use query::QueryCall;
pub use response::ServiceResponse;
pub use rest::RestCall;
pub use service::ServiceClient;
pub use xml::XmlElement;
