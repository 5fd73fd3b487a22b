//! What a remediator reaches AWS with.

use std::sync::Arc;

use aws_types::SdkConfig;

use crate::access::rate_limit::RateLimiter;
use crate::access::tls_probe::TlsProbe;
use crate::workflow::kill_switch::KillSwitch;

/// An account and region, as a remediator sees it.
#[derive(Clone, Debug)]
pub struct AwsConnection {
    /// Region, credentials and endpoint.
    pub config: SdkConfig,
    /// Whether backends speak TLS; none where the network cannot be asked.
    pub probe: Option<Arc<dyn TlsProbe>>,
    /// The quotas that are shared with the account's owner.
    pub rate_limiter: RateLimiter,
    /// Asked before each call that changes something; none where nothing stops them.
    pub switch: Option<KillSwitch>,
}

impl AwsConnection {
    /// The same, where `switch` is asked before each call that changes something.
    #[must_use]
    pub fn with_kill_switch(self, switch: KillSwitch) -> AwsConnection {
        let config = switch.guard_config(&self.config);
        AwsConnection { config, switch: Some(switch), ..self }
    }
}
