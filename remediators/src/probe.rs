//! Whether a backend speaks TLS, asked of the backend itself.

use std::fmt::Debug;
use std::pin::Pin;

/// The answer to come.
pub type Probing<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Asks backends for TLS.
pub trait Probe: Debug + Send + Sync {
    /// A handshake with `host` at `port`, by its name and the public roots. The error says why there is none.
    fn shake_hands<'a>(&'a self, host: &'a str, port: u16) -> Probing<'a>;
}
