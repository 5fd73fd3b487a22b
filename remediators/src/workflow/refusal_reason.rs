//! Why nothing was written, and will not be: in words for people, and as a code that alarms and queries match.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::remediator::PlanRefusal;
use crate::workflow::kill_switch::ActiveSwitch;
use crate::workflow::limits::LimitExceeded;

/// The code of a refusal: it stays the same whatever is said about it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// A kill switch is on.
    KillSwitch,
    /// A waiver accepts the finding.
    Waived,
    /// A file of waivers cannot be read.
    WaiversUnreadable,
    /// Too many attempts on one resource.
    AttemptsExhausted,
    /// Too many attempts in an account, or for a policy in it.
    BudgetExhausted,
    /// Too many failures for a policy in an account.
    CircuitOpen,
    /// The same state comes back again and again.
    StateReversed,
    /// A person must approve the plan first.
    ApprovalMissing,
    /// The approval of the plan has expired.
    ApprovalExpired,
    /// Another attempt has used the approval of the plan.
    ApprovalUsed,
    /// A person rejected the plan.
    PlanRejected,
    /// Who approved is who violated the policy.
    ApproverViolated,
    /// The state is one that a failed attempt set back itself.
    SetBackByAttempt,
    /// The policy's header tells the remediator something that it does not know.
    SettingUnknown,
    /// What the policy's header tells the remediator cannot be.
    SettingInvalid,
    /// The state must be left to a person.
    NeedsPerson,
    /// A check before the write failed: the repair would do harm.
    PreconditionFailed,
    /// AWS does not allow the state to be read.
    AccessDenied,
    /// Another finding's attempt on the resource is open.
    AttemptOpen,
    /// A person has begun to undo the attempt.
    UndoBegun,
    /// The mode lets nothing be done.
    ModeTooLow,
    /// A person has undone the repair.
    UndoneByPerson,
    /// The resource was changed since the attempt that is to be undone.
    ChangedSince,
}

impl RefusalCode {
    /// The code as it stands in logs, records and notices.
    pub fn as_str(self) -> &'static str {
        match self {
            RefusalCode::KillSwitch => "kill-switch",
            RefusalCode::Waived => "waived",
            RefusalCode::WaiversUnreadable => "waivers-unreadable",
            RefusalCode::AttemptsExhausted => "attempts-exhausted",
            RefusalCode::BudgetExhausted => "budget-exhausted",
            RefusalCode::CircuitOpen => "circuit-open",
            RefusalCode::StateReversed => "state-reversed",
            RefusalCode::ApprovalMissing => "approval-missing",
            RefusalCode::ApprovalExpired => "approval-expired",
            RefusalCode::ApprovalUsed => "approval-used",
            RefusalCode::PlanRejected => "plan-rejected",
            RefusalCode::ApproverViolated => "approver-violated",
            RefusalCode::SetBackByAttempt => "set-back-by-attempt",
            RefusalCode::SettingUnknown => "setting-unknown",
            RefusalCode::SettingInvalid => "setting-invalid",
            RefusalCode::NeedsPerson => "needs-person",
            RefusalCode::PreconditionFailed => "precondition-failed",
            RefusalCode::AccessDenied => "access-denied",
            RefusalCode::AttemptOpen => "attempt-open",
            RefusalCode::UndoBegun => "undo-begun",
            RefusalCode::ModeTooLow => "mode-too-low",
            RefusalCode::UndoneByPerson => "undone-by-person",
            RefusalCode::ChangedSince => "changed-since",
        }
    }
}

/// Why nothing was written, and will not be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalReason {
    /// A kill switch is on.
    #[error(transparent)]
    KillSwitch(#[from] ActiveSwitch),
    /// A waiver accepts the finding.
    #[error("waiver {waiver} accepts it: {reason}")]
    Waived {
        /// The waiver's id.
        waiver: String,
        /// Why it accepts the finding.
        reason: String,
    },
    /// A file of waivers cannot be read: it may accept the finding.
    #[error("the waivers of `{file}` cannot be read: {error}")]
    WaiversUnreadable {
        /// The file.
        file: String,
        /// What is wrong with it.
        error: String,
    },
    /// A bound is reached.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// A person has not approved it, or not so that it counts.
    #[error(transparent)]
    Approval(#[from] ApprovalRefusal),
    /// A failed attempt set this state back itself.
    #[error("attempt {0} failed, and set this state back itself")]
    RolledBack(u32),
    /// The policy's header tells the remediator something that it does not know.
    #[error("the policy's header tells {remediator} `{name}`, which it does not know")]
    UnknownSetting {
        /// The remediator's id.
        remediator: &'static str,
        /// What the header tells it.
        name: String,
    },
    /// The remediator plans nothing for the state.
    #[error(transparent)]
    PlanRefused(#[from] PlanRefusal),
    /// A check before the write says that the repair would do harm.
    #[error("{0}")]
    Precondition(String),
    /// AWS does not allow the state to be read: its error's code.
    #[error("not allowed: {0}")]
    AccessDenied(String),
    /// Another finding's attempt on the resource is open.
    #[error("attempt {attempt}, for finding {finding}, is open on this resource: {why}")]
    AttemptOpen {
        /// The attempt.
        attempt: u32,
        /// The finding that it is for.
        finding: Uuid,
        /// Why it is open, or what to do about it.
        why: String,
    },
    /// A person has begun to undo the attempt.
    #[error("a person has begun to undo it")]
    UndoBegun,
    /// The lower of the policy's mode and the operator's ceiling lets nothing be done.
    #[error("the mode lets nothing be done")]
    ModeTooLow,
    /// A person has undone what this attempt restored.
    #[error("attempt {0} restored it, and somebody has undone that")]
    UndoneByPerson(u32),
    /// The resource was changed since the attempt that is to be undone.
    #[error("it was changed since: it is {is}, and was left as {left}")]
    ChangedSince {
        /// The state that was seen.
        is: Value,
        /// The state that the attempt left.
        left: Value,
    },
}

/// Why a plan may not be carried out without a person, or a person's approval does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalRefusal {
    /// Nobody approved the plan.
    #[error("plan {0} waits for approval")]
    Missing(String),
    /// The last decision on the plan holds no longer.
    #[error("the last decision on plan {0} has expired")]
    Expired(String),
    /// Another attempt has used the approval.
    #[error("the approval of plan {0} was used already")]
    Used(String),
    /// A person rejected the plan.
    #[error("plan {plan} was rejected by {by}")]
    Rejected {
        /// The plan's hash.
        plan: String,
        /// Who rejected it.
        by: String,
    },
    /// Who approved is who violated the policy.
    #[error("{0} has the identity that violated the policy, and cannot approve the repair")]
    Violator(String),
}

impl RefusalReason {
    /// Its code.
    pub fn refusal_code(&self) -> RefusalCode {
        match self {
            RefusalReason::KillSwitch(_) => RefusalCode::KillSwitch,
            RefusalReason::Waived { .. } => RefusalCode::Waived,
            RefusalReason::WaiversUnreadable { .. } => RefusalCode::WaiversUnreadable,
            RefusalReason::Limit(stop) => limit_code(stop),
            RefusalReason::Approval(refusal) => approval_code(refusal),
            RefusalReason::RolledBack(_) => RefusalCode::SetBackByAttempt,
            RefusalReason::UnknownSetting { .. } => RefusalCode::SettingUnknown,
            RefusalReason::PlanRefused(PlanRefusal::InvalidSetting(_)) => {
                RefusalCode::SettingInvalid
            }
            RefusalReason::PlanRefused(PlanRefusal::NeedsPerson(_)) => RefusalCode::NeedsPerson,
            RefusalReason::Precondition(_) => RefusalCode::PreconditionFailed,
            RefusalReason::AccessDenied(_) => RefusalCode::AccessDenied,
            RefusalReason::AttemptOpen { .. } => RefusalCode::AttemptOpen,
            RefusalReason::UndoBegun => RefusalCode::UndoBegun,
            RefusalReason::ModeTooLow => RefusalCode::ModeTooLow,
            RefusalReason::UndoneByPerson(_) => RefusalCode::UndoneByPerson,
            RefusalReason::ChangedSince { .. } => RefusalCode::ChangedSince,
        }
    }
}

fn limit_code(stop: &LimitExceeded) -> RefusalCode {
    match stop {
        LimitExceeded::AttemptsExhausted(_) => RefusalCode::AttemptsExhausted,
        LimitExceeded::BudgetExhausted { .. } => RefusalCode::BudgetExhausted,
        LimitExceeded::CircuitOpen { .. } => RefusalCode::CircuitOpen,
        LimitExceeded::StateReversed { .. } => RefusalCode::StateReversed,
    }
}

fn approval_code(refusal: &ApprovalRefusal) -> RefusalCode {
    match refusal {
        ApprovalRefusal::Missing(_) => RefusalCode::ApprovalMissing,
        ApprovalRefusal::Expired(_) => RefusalCode::ApprovalExpired,
        ApprovalRefusal::Used(_) => RefusalCode::ApprovalUsed,
        ApprovalRefusal::Rejected { .. } => RefusalCode::PlanRejected,
        ApprovalRefusal::Violator(_) => RefusalCode::ApproverViolated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_written_and_read_as_it_is_matched() {
        let stop = LimitExceeded::CircuitOpen { failures: 5, what: "for policy p".to_owned() };
        let code = RefusalReason::from(stop).refusal_code();
        assert_eq!(code.as_str(), "circuit-open");
        let all = [
            "kill-switch",
            "waived",
            "waivers-unreadable",
            "attempts-exhausted",
            "budget-exhausted",
            "circuit-open",
            "state-reversed",
            "approval-missing",
            "approval-expired",
            "approval-used",
            "plan-rejected",
            "approver-violated",
            "set-back-by-attempt",
            "setting-unknown",
            "setting-invalid",
            "needs-person",
            "precondition-failed",
            "access-denied",
            "attempt-open",
            "undo-begun",
            "mode-too-low",
            "undone-by-person",
            "changed-since",
        ];
        for code in all {
            let read: RefusalCode = serde_json::from_value(code.into()).unwrap();
            assert_eq!(read.as_str(), code);
            assert_eq!(serde_json::to_value(read).unwrap(), code);
        }
    }
}
