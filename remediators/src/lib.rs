//! Restores compliant configuration: with a plan, a before-image and an undo, and never more than is allowed.
//!
//! A remediator says how a state is read, what it should be, and how it is set. Everything else is the same
//! for all of them: the order of the steps is written in `workflow.rs`, what is allowed in `workflow/limits.rs`.

mod access;
pub mod catalog;
mod journal;
mod remediator;
mod violation;
mod workflow;

pub use access::aws::Aws;
pub use access::operator::{CeilingError, Ceilings, Operator, OperatorError, Role};
pub use access::pace::Pace;
pub use access::probe::{Handshake, HandshakeError, Probe, ProbeError, Probing};
pub use catalog::cloud_control::{PatchError, ResourceType};
pub use journal::activity::Activity;
pub use journal::record::{Ended, Intent, Outcome, Records, UndoIntent, UndoMark};
pub use remediator::erased::{AwsAnswer, ErasedRemediator, StateError};
pub use remediator::permission::Statement;
pub use remediator::spec::RemediatorSpec;
pub use remediator::{Check, Plan, PlanRefusal, RefusedByAws, Remediator};
pub use violation::{Target, Violation, ViolationError};
pub use workflow::kill_switch::{ActiveSwitch, KILL_SWITCH, KillSwitch};
pub use workflow::limits::{Attempt, Budget, Limits, Stop, permit};
pub use workflow::refusal_reason::{ApprovalRefusal, RefusalCode, RefusalReason};
pub use workflow::{Approval, Drive, DriveError, Preview, Settings, Tried, UndoRequest};
