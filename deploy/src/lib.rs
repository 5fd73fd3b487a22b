//! The stack: what `deploy/` holds, rendered from a policy set and the catalog of remediators.

mod aws_limits;
mod event_patterns;
mod flow_style;
mod role_permissions;
mod stack_change;
mod stack_template;

pub use aws_limits::{
    AwsLimit, EVENT_BUS_RULES, EVENT_PATTERN, LimitUnit, OverLimit, RULES_IN_SMALL_REGIONS,
    SESSION_POLICY, TEMPLATE, TEMPLATE_IN_REQUEST, find_over_limits,
};
pub use event_patterns::build_event_patterns;
pub use role_permissions::{PatchedType, group_by_family, list_patched_types, role_statements};
pub use stack_change::{RolePermission, StackChange, list_sent_events};
pub use stack_template::{RenderError, StackTemplate};
