//! What a remediator reaches AWS with.

use std::sync::Arc;

use aws_types::SdkConfig;

use crate::pace::Pace;
use crate::probe::Probe;

/// An account and region, as a remediator sees it.
#[derive(Clone, Debug)]
pub struct Aws {
    /// Region, credentials and endpoint.
    pub config: SdkConfig,
    /// Whether backends speak TLS; none where the network cannot be asked.
    pub probe: Option<Arc<dyn Probe>>,
    /// The quotas that are shared with the account's owner.
    pub pace: Pace,
}
