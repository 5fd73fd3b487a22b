//! The account and the Region that an event bus reports for a record.

/// The account and the Region of an event that EventBridge delivered. EventBridge sets both fields.
/// The sender of an event cannot choose them, so they are more reliable than the fields of the
/// record.
///
/// Source: Amazon EventBridge User Guide, "Events structure", and API Reference,
/// `PutEventsRequestEntry`, which has neither field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusOrigin {
    /// The id of the account; empty if unknown.
    pub account: String,
    /// The name of the Region; empty if unknown.
    pub region: String,
}
