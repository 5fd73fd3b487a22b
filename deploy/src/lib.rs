//! The stack: what `deploy/` holds, rendered from a policy set and the catalog of remediators.

mod change;
mod flow;
mod limit;
mod pattern;
mod permission;
mod template;

pub use change::{Change, Permission, events};
pub use limit::{
    EVENT_PATTERN, Limit, OverLimit, RULES, RULES_IN_SMALL_REGIONS, SESSION_POLICY, TEMPLATE,
    TEMPLATE_IN_REQUEST, Unit, over_limits,
};
pub use pattern::patterns;
pub use permission::{Patched, families, patched, statements};
pub use template::{RenderError, Template};
