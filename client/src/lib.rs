//! The ground floor of what touches AWS: signed calls, the configuration that they are made with, settings from the
//! environment, the log and the clock.

pub mod call;
pub mod clock;
pub mod config;
pub mod environment;
pub mod logging;
pub mod sts;

pub use call::{
    CallError, Method, QueryCall, RestCall, ServiceClient, ServiceError, ServiceResponse,
    XmlElement,
};
