//! What the fuzz targets share: a thread with a large stack, a limit on time, and fixed policies.

mod diagnostics;
mod fixed_policies;
mod time_limit;
mod worker;

pub use diagnostics::check_diagnostic;
pub use fixed_policies::{RECORD, fixed_finding, fixed_policies, fixed_policy_set};
pub use time_limit::run_within_limit;
pub use worker::run_on_large_stack;
