//! One CloudTrail record: what identifies it, and the views that smooth its wire format.

mod field_name;
mod origin;
mod part;
mod record;
mod view;

pub use origin::Origin;
pub use part::{Part, Scope};
pub use record::without_version;
pub use record::{Event, EventError};
pub use view::{ParameterValue, View};
