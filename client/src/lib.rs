//! The base of all code that calls AWS: signed calls and their configuration, settings from
//! environment variables, logging, and the clock.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use evenkeel_client::config::{CallLimits, load_config};
//! use evenkeel_client::sts::get_caller_identity;
//!
//! # async fn run() -> Result<(), evenkeel_client::CallError> {
//! let config = load_config(CallLimits::with_timeout(Duration::from_secs(30))).await;
//! let caller = get_caller_identity(&config).await?;
//! println!("{} in account {}", caller.arn, caller.account);
//! # Ok(())
//! # }
//! ```

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
