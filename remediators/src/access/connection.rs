//! The connection of a remediator to AWS.

use std::sync::Arc;

use aws_types::SdkConfig;

use crate::access::rate_limit::RateLimiter;
use crate::access::tls_probe::TlsProbe;
use crate::workflow::kill_switch::KillSwitch;

/// The connection of a remediator to one account and Region.
#[derive(Clone, Debug)]
pub struct AwsConnection {
    /// The Region, the credentials and the endpoint.
    pub config: SdkConfig,
    /// The TLS probe of backends. `None` if probing is turned off.
    pub probe: Option<Arc<dyn TlsProbe>>,
    /// The rate limiter for the API quotas that Evenkeel shares with all other callers in the
    /// account.
    pub rate_limiter: RateLimiter,
    /// The kill switch that is checked before each write call. `None` if there is no kill switch.
    pub switch: Option<KillSwitch>,
}

impl AwsConnection {
    /// Returns a connection that checks `switch` before each write call.
    #[must_use]
    pub fn with_kill_switch(self, switch: KillSwitch) -> AwsConnection {
        let config = switch.guard_config(&self.config);
        AwsConnection { config, switch: Some(switch), ..self }
    }
}
