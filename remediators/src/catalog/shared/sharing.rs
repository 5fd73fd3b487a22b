//! Whether something is shared with everyone, whatever the service.

use serde::{Deserialize, Serialize};

use crate::remediator::Plan;

/// Whether everyone with an AWS account may use it.
///
/// With whom else it is shared is neither read nor set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharing {
    /// Everyone may.
    pub public: bool,
}

/// It should not be.
pub(crate) fn plan(before: Sharing) -> Plan<Sharing> {
    if before.public { Plan::Change(Sharing { public: false }) } else { Plan::Nothing }
}
