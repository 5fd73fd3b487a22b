//! Restores compliant configuration: with a plan, a before-image and an undo, and never more than is allowed.
//!
//! A remediator says how a state is read, what it should be, and how it is set. Everything else is the same
//! for all of them: the order of the steps is written in `drive.rs`, what is allowed in `guard.rs`.

mod activity;
mod aws;
pub mod catalog;
mod drive;
mod erased;
mod guard;
mod identity;
mod kill_switch;
mod local;
mod operator;
mod pace;
mod permission;
mod probe;
mod record;
mod refusal;
mod refusal_reason;
mod remediator;
mod spec;
mod violation;

pub use activity::Activity;
pub use aws::Aws;
pub use catalog::cloud_control::{PatchError, ResourceType};
pub use drive::{Approval, Drive, DriveError, Preview, Settings, Tried, UndoRequest};
pub use erased::{AwsAnswer, ErasedRemediator, StateError};
pub use guard::{Attempt, Budget, Limits, Stop, permit};
pub use kill_switch::{ActiveSwitch, KILL_SWITCH, KillSwitch};
pub use operator::{CeilingError, Ceilings, Operator, OperatorError, Role};
pub use pace::Pace;
pub use permission::Statement;
pub use probe::{Handshake, HandshakeError, Probe, ProbeError, Probing};
pub use record::{Ended, Intent, Outcome, Records, UndoIntent, UndoMark};
pub use refusal_reason::{ApprovalRefusal, RefusalCode, RefusalReason};
pub use remediator::{Check, Plan, PlanRefusal, RefusedByAws, Remediator};
pub use spec::RemediatorSpec;
pub use violation::{Target, Violation, ViolationError};
