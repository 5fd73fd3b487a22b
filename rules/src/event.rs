//! The parsed CloudTrail record, and the normalized views of its parameters.

mod bus_origin;
mod call_parameters;
mod cloudtrail_event;
mod event_value;
mod field_name;

pub use bus_origin::BusOrigin;
pub use call_parameters::{CallParameters, ParameterValue};
pub use cloudtrail_event::strip_api_version;
pub use cloudtrail_event::{CloudTrailEvent, EventError};
pub use event_value::{EventScope, EventValue};
