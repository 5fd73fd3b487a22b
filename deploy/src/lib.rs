//! Renders the CloudFormation templates in `deploy/` from policies and remediators.
//!
//! A policy set determines the events that the stack forwards, and the permissions of its roles:
//!
//! ```
//! use evenkeel_deploy::{StackChange, list_sent_events};
//! use evenkeel_rules::policy::{PolicyFile, PolicySet};
//!
//! let policy = PolicyFile {
//!     name: "kms-key-disabled.cel".to_owned(),
//!     text: r#"// METADATA
//! // title: KMS key is disabled
//! // description: Nobody can read the data that the key encrypts.
//! // severity: HIGH
//! // match: {eventSource: kms.amazonaws.com, eventName: DisableKey}
//! // resource: {type: 'AWS::KMS::Key', id: request.keyId}
//! // message: KMS key is disabled
//!
//! true
//! "#
//!     .to_owned(),
//! };
//! let (old, new) = (PolicySet::default(), PolicySet::compile_files(&[policy], None));
//! let new = new.expect("the policy is valid");
//! assert!(list_sent_events(&new).contains("kms.amazonaws.com DisableKey"));
//! let change = StackChange::between_sets(&old, &new);
//! assert_eq!(change.events_added.len(), 1);
//! assert!(change.permissions_added.is_empty());
//! ```

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
