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

pub use access::account_access::{
    AccountAccess, AccountAccessError, AccountRole, MaximumModeError, MaximumModes,
};
pub use access::connection::AwsConnection;
pub use access::rate_limit::RateLimiter;
pub use access::tls_probe::{
    HandshakeError, HandshakeFuture, HandshakeProbe, ProbeSetupError, TlsProbe,
};
pub use catalog::cloud_control::{PatchError, ResourceType};
pub use journal::activity::OutcomeSummary;
pub use journal::record::{
    JournalKeys, RemediationIntent, RemediationOutcome, RemediationResult, UndoIntent, UndoMark,
};
pub use remediator::permission::PermissionStatement;
pub use remediator::spec::RemediatorSpec;
pub use remediator::type_erasure::{AwsFuture, ErasedRemediator, StateError};
pub use remediator::{AwsFailure, PlanRefusal, PrecheckResult, RemediationPlan, Remediator};
pub use violation::{PolicyViolation, PolicyViolationError, TargetResource};
pub use workflow::kill_switch::{ActiveSwitch, KILL_SWITCH, KillSwitch};
pub use workflow::limits::{AttemptRecord, DailyBudget, LimitExceeded, RetryLimits, check_limits};
pub use workflow::refusal_reason::{ApprovalRefusal, RefusalCode, RefusalReason};
pub use workflow::{
    AttemptSummary, ExecutorError, ExecutorSettings, PlanApproval, RemediationExecutor,
    RemediationPreview, UndoRequest,
};
