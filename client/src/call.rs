//! Signed calls of AWS's services in the four protocols that they speak. Retries, timeouts, the correction of clocks that
//! differ, credentials and connections are the SDK's.

mod endpoint;
mod error;
mod facts;
mod json;
mod query;
mod refusal;
mod response;
mod rest;
mod service;
mod transport;
mod xml;

pub use endpoint::s3_url;
pub use error::{CallError, Refusal};
pub use http::Method;
pub use query::QueryCall;
pub use response::Response;
pub use rest::RestCall;
pub use service::Service;
pub use xml::Element;
