//! What a remediator reaches AWS with.

use std::sync::Arc;

use aws_types::SdkConfig;

use crate::access::pace::Pace;
use crate::access::probe::Probe;
use crate::workflow::kill_switch::KillSwitch;

/// An account and region, as a remediator sees it.
#[derive(Clone, Debug)]
pub struct Aws {
    /// Region, credentials and endpoint.
    pub config: SdkConfig,
    /// Whether backends speak TLS; none where the network cannot be asked.
    pub probe: Option<Arc<dyn Probe>>,
    /// The quotas that are shared with the account's owner.
    pub pace: Pace,
    /// Asked before each call that changes something; none where nothing stops them.
    pub switch: Option<KillSwitch>,
}

impl Aws {
    /// The same, where `switch` is asked before each call that changes something.
    #[must_use]
    pub fn with_switch(self, switch: KillSwitch) -> Aws {
        let config = switch.guard_config(&self.config);
        Aws { config, switch: Some(switch), ..self }
    }
}
