//! Where a record came from, as told by what carried it.

/// The account and the Region of the bus that a record came over. `EventBridge` sets both: whoever puts an event
/// cannot choose them.
///
/// Source: Amazon `EventBridge` User Guide, "Events structure", and API Reference, `PutEventsRequestEntry`, which
/// has neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusOrigin {
    /// The account; empty where it is not told.
    pub account: String,
    /// The Region; empty where it is not told.
    pub region: String,
}
