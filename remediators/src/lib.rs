//! Remediators restore compliant configuration of AWS resources, with a plan, a backup of the prior
//! state and an undo.
//!
//! A [`Remediator`] reads the state of a resource, plans the compliant state, and writes it. All
//! remediators share the other code: `workflow.rs` contains the order of the steps, and
//! `workflow/limits.rs` contains the limits.
//!
//! # Examples
//!
//! Remediate a finding that the ledger contains. `key` is the key of the finding's record, and
//! `now` is in milliseconds since 1970:
//!
//! ```no_run
//! use std::error::Error;
//!
//! use evenkeel_ledger::Ledger;
//! use evenkeel_remediators::{AccountAccess, MaximumModes, PolicyViolation};
//! use evenkeel_rules::policy::RemediationMode;
//!
//! async fn remediate(ledger: Ledger, key: &str, now: i64) -> Result<(), Box<dyn Error>> {
//!     let violation = PolicyViolation::from_record(&ledger.read_record(key).await?)?;
//!     let modes = MaximumModes::for_all_accounts(RemediationMode::Approve);
//!     let access = AccountAccess::from_environment(ledger, None, modes, None).await?;
//!     let executor = access.open_executor(&violation).await?;
//!     let outcome = executor.remediate_violation(&violation, now).await?;
//!     println!("finding {}: {}", outcome.finding, outcome.result);
//!     Ok(())
//! }
//! ```

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
pub use access::operator_file::{OperatorFileError, load_operator_settings};
pub use access::ownership::{OwnershipFuture, OwnershipSource, ResourceOwnership};
pub use access::rate_limit::RateLimiter;
pub use access::tls_probe::{
    HandshakeError, HandshakeFuture, HandshakeProbe, ProbeSetupError, TlsProbe,
};
pub use catalog::cloud_control::{PatchError, ResourceType, check_names};
pub use journal::activity::OutcomeSummary;
pub use journal::plan_record::{PlanEnd, PlanJournal, PlanRecord};
pub use journal::plan_text::describe_changes;
pub use journal::record::{
    JournalKeys, RemediationIntent, RemediationOutcome, RemediationResult, UndoIntent, UndoMark,
};
pub use journal::request_record::{OperatorRequest, RequestAction, RequestJournal, RequestResult};
pub use remediator::permission::PermissionStatement;
pub use remediator::spec::RemediatorSpec;
pub use remediator::type_erasure::{AwsFuture, ErasedRemediator, StateError};
pub use remediator::{AwsFailure, PlanRefusal, PrecheckResult, RemediationPlan, Remediator};
pub use violation::{PolicyViolation, PolicyViolationError, TargetResource};
pub use workflow::identity::is_same_identity;
pub use workflow::kill_switch::{ActiveSwitch, KILL_SWITCH, KillSwitch};
pub use workflow::limits::{AttemptRecord, DailyBudget, LimitExceeded, RetryLimits, check_limits};
pub use workflow::refusal_reason::{ApprovalRefusal, RefusalCode, RefusalReason};
pub use workflow::{
    AttemptSummary, ExecutorError, ExecutorSettings, PlanApproval, RemediationExecutor,
    RemediationPreview, UndoRequest,
};
