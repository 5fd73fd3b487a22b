//! Refusals: the reasons as text for people, and codes for alarms and queries.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::remediator::PlanRefusal;
use crate::workflow::kill_switch::ActiveSwitch;
use crate::workflow::limits::LimitExceeded;

/// The code of a refusal. The code is stable; the text of the reason can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// A kill switch is on.
    KillSwitch,
    /// A waiver covers the finding.
    Waived,
    /// A waiver file cannot be read.
    WaiversUnreadable,
    /// The retry limit of the resource is reached.
    AttemptsExhausted,
    /// The daily budget of the account, or of the policy in the account, is used up.
    BudgetExhausted,
    /// The circuit breaker of the policy in the account is open, because of failures.
    CircuitOpen,
    /// The same non-compliant state was set repeatedly.
    StateReversed,
    /// The plan needs an approval first.
    ApprovalMissing,
    /// The approval of the plan has expired.
    ApprovalExpired,
    /// Another attempt has used the approval of the plan.
    ApprovalUsed,
    /// A person rejected the plan.
    PlanRejected,
    /// The approver is the violator of the policy.
    ApproverViolated,
    /// The state comes from the rollback of a failed attempt, and another attempt would probably
    /// fail too.
    #[serde(rename = "rolled-back-by-attempt")]
    RolledBackByAttempt,
    /// The policy header contains a parameter that the remediator does not have.
    SettingUnknown,
    /// A parameter in the policy header is not valid.
    SettingInvalid,
    /// A person must decide whether and how to change the resource.
    NeedsPerson,
    /// The precondition check failed: the change would cause damage.
    PreconditionFailed,
    /// AWS denies reading the state.
    AccessDenied,
    /// An attempt for another finding is open on the resource.
    AttemptOpen,
    /// An undo of the attempt has started.
    UndoBegun,
    /// The effective mode does not allow changes.
    ModeTooLow,
    /// A person has undone the remediation.
    UndoneByPerson,
    /// The resource was changed since the attempt that is to be undone.
    ChangedSince,
    /// The approver is not in the operator's list of approvers.
    ApproverNotListed,
    /// A tag of the resource excludes it from remediation.
    OptedOut,
    /// An AWS CloudFormation stack manages the resource.
    ManagedByStack,
}

impl RefusalCode {
    /// Returns the code as logs, records and notices contain it.
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
            RefusalCode::RolledBackByAttempt => "rolled-back-by-attempt",
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
            RefusalCode::ApproverNotListed => "approver-not-listed",
            RefusalCode::OptedOut => "opted-out",
            RefusalCode::ManagedByStack => "managed-by-stack",
        }
    }
}

/// The reason why nothing was written and nothing will be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalReason {
    /// A kill switch is on.
    #[error(transparent)]
    KillSwitch(#[from] ActiveSwitch),
    /// A waiver covers the finding.
    #[error("waiver {waiver} covers the finding: {reason}")]
    Waived {
        /// The id of the waiver.
        waiver: String,
        /// The reason that the waiver states.
        reason: String,
    },
    /// A waiver file cannot be read. The remediation is refused, because the file could cover the
    /// finding.
    #[error(
        "the waiver file `{file}` cannot be read: {error}; correct it and publish the bundle again"
    )]
    WaiversUnreadable {
        /// The name of the file.
        file: String,
        /// The error.
        error: String,
    },
    /// A limit is reached.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// A valid approval is missing.
    #[error(transparent)]
    Approval(#[from] ApprovalRefusal),
    /// The attempt with this number failed and restored this state in its rollback.
    #[error(
        "attempt {0} failed, and its rollback restored this state; correct the cause of the \
         failure, then run `evenkeel apply`"
    )]
    RolledBack(u32),
    /// The policy header contains a parameter that the remediator does not have.
    #[error(
        "remediator {remediator} has no parameter `{name}`; correct `with` in the policy header"
    )]
    UnknownSetting {
        /// The id of the remediator.
        remediator: &'static str,
        /// The name of the parameter.
        name: String,
    },
    /// The remediator makes no plan for the state.
    #[error(transparent)]
    PlanRefused(#[from] PlanRefusal),
    /// The precondition check failed: the change would cause damage.
    #[error("{0}")]
    Precondition(String),
    /// AWS denies reading the state. Contains the error code.
    #[error(
        "the resource cannot be read: {0}; check the resource id and the permissions of the \
         remediation role"
    )]
    AccessDenied(String),
    /// An attempt for another finding is open on the resource.
    #[error("attempt {attempt} for finding {finding} is still open on this resource: {why}")]
    AttemptOpen {
        /// The number of the attempt.
        attempt: u32,
        /// The finding of the attempt.
        finding: Uuid,
        /// The reason why the attempt is open, or the next step.
        why: String,
    },
    /// An undo of the attempt has started.
    #[error("an undo of this attempt has started; run `evenkeel undo` again to finish it")]
    UndoBegun,
    /// The effective mode does not allow changes.
    #[error(
        "the effective mode does not allow changes; raise the mode of the policy or the maximum \
         mode of the account"
    )]
    ModeTooLow,
    /// A person has undone the attempt with this number.
    #[error(
        "attempt {0} was successful, and a person has undone it; run `evenkeel apply` to remediate \
         the resource again"
    )]
    UndoneByPerson(u32),
    /// A tag of the resource, with this key, excludes it from remediation.
    #[error(
        "the tag `{0}` excludes the resource from remediation; remove the tag, or remediate the \
         resource by hand"
    )]
    OptedOut(String),
    /// The AWS CloudFormation stack with this name manages the resource.
    #[error(
        "the AWS CloudFormation stack `{0}` manages the resource; correct the template of the stack"
    )]
    ManagedByStack(String),
    /// The resource was changed since the attempt that is to be undone.
    #[error(
        "the resource was changed since the attempt, and the change is not overwritten: the state \
         is now {is}, and the state after the attempt was {left}"
    )]
    ChangedSince {
        /// The present state.
        is: Value,
        /// The state that the attempt left.
        left: Value,
    },
}

/// The reason why a plan needs an approval, or why an approval is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalRefusal {
    /// Nobody approved the plan with this hash.
    #[error("plan {0} waits for approval; run `evenkeel approve` or `evenkeel reject`")]
    Missing(String),
    /// The last decision on the plan with this hash has expired.
    #[error("the last decision on plan {0} has expired; run `evenkeel approve` again")]
    Expired(String),
    /// Another attempt has used the approval of the plan with this hash.
    #[error("the approval of plan {0} was already used; run `evenkeel approve` again")]
    Used(String),
    /// A person rejected the plan.
    #[error("plan {plan} was rejected by {by}; run `evenkeel approve` to approve it instead")]
    Rejected {
        /// The hash of the plan.
        plan: String,
        /// The ARN of the person who rejected it.
        by: String,
    },
    /// The approver is the violator of the policy. Contains the ARN of the approver.
    #[error(
        "{0} violated the policy and cannot approve the remediation; another person must approve it"
    )]
    Violator(String),
    /// The operator's settings do not list the approver. Contains the ARN of the approver.
    #[error(
        "{0} is not in the list of approvers for this remediation (`approvers` in remediation.yaml)"
    )]
    NotListed(String),
}

impl RefusalReason {
    /// Returns the code of the reason.
    pub fn refusal_code(&self) -> RefusalCode {
        match self {
            RefusalReason::KillSwitch(_) => RefusalCode::KillSwitch,
            RefusalReason::Waived { .. } => RefusalCode::Waived,
            RefusalReason::WaiversUnreadable { .. } => RefusalCode::WaiversUnreadable,
            RefusalReason::Limit(limit) => limit_code(limit),
            RefusalReason::Approval(refusal) => approval_code(refusal),
            RefusalReason::RolledBack(_) => RefusalCode::RolledBackByAttempt,
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
            RefusalReason::OptedOut(_) => RefusalCode::OptedOut,
            RefusalReason::ManagedByStack(_) => RefusalCode::ManagedByStack,
        }
    }
}

fn limit_code(limit: &LimitExceeded) -> RefusalCode {
    match limit {
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
        ApprovalRefusal::NotListed(_) => RefusalCode::ApproverNotListed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_serialized_and_parsed_as_alarms_match_them() {
        let limit = LimitExceeded::CircuitOpen { failures: 5, what: "for policy p".to_owned() };
        let code = RefusalReason::from(limit).refusal_code();
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
            "rolled-back-by-attempt",
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
            "approver-not-listed",
            "opted-out",
            "managed-by-stack",
        ];
        for code in all {
            let read: RefusalCode = serde_json::from_value(code.into()).unwrap();
            assert_eq!(read.as_str(), code);
            assert_eq!(serde_json::to_value(read).unwrap(), code);
        }
    }
}
