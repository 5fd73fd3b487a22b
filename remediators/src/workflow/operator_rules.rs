//! Applies the operator's settings to a violation: modes, limits, ownership and maintenance windows.

use evenkeel_rules::operator_settings::{LimitRule, ManagedResources, RemediationSubject};
use evenkeel_rules::policy::RemediationMode;

use super::{ExecutorResult, PendingPlan, RemediationExecutor, format_time};
use crate::access::ownership::ResourceOwnership;
use crate::journal::record::{RemediationIntent, RemediationResult};
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::limits::{
    AttemptRecord, DailyBudget, LimitExceeded, RetryLimits, check_limits,
};
use crate::workflow::refusal_reason::RefusalReason;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

impl RemediationExecutor {
    /// Reads who owns the resource of a target.
    pub(super) async fn read_ownership(&self, target: &TargetResource) -> ResourceOwnership {
        let Some(source) = &self.ownership else { return ResourceOwnership::default() };
        let arn = target.arn.clone().or_else(|| self.find_arn(target));
        let with_units = self.settings.operator.needs_organizational_units();
        source.read_ownership(target, arn.as_deref(), with_units).await
    }

    /// Returns the ARN of the resource that the permissions of the remediator contain.
    fn find_arn(&self, target: &TargetResource) -> Option<String> {
        let arns = (self.remediator.spec().resource_arns)(target);
        arns.into_iter().find(|arn| arn.contains(&target.id) && !arn.contains('*'))
    }

    /// Returns the effective mode: the lowest of the policy's mode, the account's maximum mode, the
    /// maximum mode of the tier, and that of the operator's settings.
    pub(super) fn effective_mode(
        &self,
        violation: &PolicyViolation,
        ownership: &ResourceOwnership,
    ) -> RemediationMode {
        let tier = self.remediator.spec().maximum_mode(violation.target.tier);
        let lowest = violation.mode.min(self.settings.maximum_mode).min(tier);
        let subject = describe_subject(violation, ownership);
        let operator = self.settings.operator.find_maximum_mode(&subject);
        operator.map_or(lowest, |mode| lowest.min(mode))
    }

    /// Returns the refusal if the owner or the operator excludes the resource from remediation.
    pub(super) fn find_ownership_refusal(
        &self,
        ownership: &ResourceOwnership,
    ) -> Option<RefusalReason> {
        let tag = &self.settings.operator.tags.opt_out;
        let value = ownership.tags.as_ref().and_then(|tags| tags.get(tag));
        if value.is_some_and(|value| !value.eq_ignore_ascii_case("false")) {
            return Some(RefusalReason::OptedOut(tag.clone()));
        }
        match (&ownership.stack, self.settings.operator.managed_resources) {
            (Some(stack), ManagedResources::Report) => {
                Some(RefusalReason::ManagedByStack(stack.clone()))
            }
            _ => None,
        }
    }

    /// Returns the reasons for an approval that follow from the ownership.
    pub(super) fn list_ownership_questions(&self, ownership: &ResourceOwnership) -> Vec<String> {
        let mut questions = Vec::new();
        if let (Some(stack), ManagedResources::Ask) =
            (&ownership.stack, self.settings.operator.managed_resources)
        {
            questions.push(format!(
                "the AWS CloudFormation stack `{stack}` manages the resource, so the next deployment \
                 of the stack can reverse the change; correct the template too"
            ));
        }
        questions.extend(
            ownership
                .unreadable
                .iter()
                .map(|what| format!("Evenkeel cannot read who owns the resource: {what}")),
        );
        questions
    }

    /// Returns the value of the owner tag.
    pub(super) fn find_owner(&self, ownership: &ResourceOwnership) -> Option<String> {
        ownership.tags.as_ref()?.get(&self.settings.operator.tags.owner).cloned()
    }

    /// Returns the beginning of the next maintenance window, or `None` if an attempt may begin now.
    pub(super) fn find_next_window(
        &self,
        violation: &PolicyViolation,
        ownership: &ResourceOwnership,
        now: i64,
    ) -> Option<i64> {
        let subject = describe_subject(violation, ownership);
        self.settings.operator.find_next_window(&subject, now)
    }

    /// Returns the limit that blocks an attempt now.
    pub(super) async fn find_exceeded_limit(
        &self,
        violation: &PolicyViolation,
        past: &[(u32, RemediationIntent)],
        attempt: &AttemptRecord,
        now: i64,
    ) -> ExecutorResult<Option<LimitExceeded>> {
        let target = &violation.target;
        let attempts = self.list_counted_attempts(target, past).await?;
        match check_limits(&self.retry_limits(target), &attempts, attempt) {
            Err(exceeded) => Ok(Some(exceeded)),
            Ok(()) => self.check_budget(target, now).await,
        }
    }

    /// Returns the result and the time if the plan must wait for a maintenance window. A person who
    /// overrides the limits also overrides the windows.
    pub(super) fn find_schedule(
        &self,
        violation: &PolicyViolation,
        plan: &PendingPlan,
        is_overridden: bool,
        now: i64,
    ) -> Option<(RemediationResult, i64)> {
        let at = self.find_next_window(violation, &plan.ownership, now)?;
        let text = format!(
            "plan {} waits for the maintenance window that begins at {}",
            plan.hash,
            format_time(at)
        );
        (!is_overridden).then_some((RemediationResult::Scheduled(text), at))
    }

    fn find_limit_rule(&self, target: &TargetResource) -> LimitRule {
        self.settings.operator.find_limits(&RemediationSubject {
            account: &target.account,
            policy: &target.policy,
            ..RemediationSubject::default()
        })
    }

    /// Returns the limits for one resource.
    pub(super) fn retry_limits(&self, target: &TargetResource) -> RetryLimits {
        let (rule, default) = (self.find_limit_rule(target), self.settings.limits);
        let count = |value: Option<u32>, default| {
            value.map_or(default, |value| usize::try_from(value).unwrap_or(usize::MAX))
        };
        RetryLimits {
            attempts: count(rule.resource_attempts, default.attempts),
            reversals: count(rule.reversals, default.reversals),
            reversal_window: rule
                .reversal_days
                .map_or(default.reversal_window, |days| i64::from(days).saturating_mul(DAY)),
            ..default
        }
    }

    /// Returns the limits for one day.
    pub(super) fn daily_budget(&self, target: &TargetResource) -> DailyBudget {
        let (rule, default) = (self.find_limit_rule(target), self.settings.budget);
        DailyBudget {
            account: rule.account_attempts.unwrap_or(default.account),
            policy: rule.policy_attempts.unwrap_or(default.policy),
            failures: rule.failures.unwrap_or(default.failures),
        }
    }
}

/// Returns what the operator's rules can refer to.
pub(crate) fn describe_subject<'a>(
    violation: &'a PolicyViolation,
    ownership: &'a ResourceOwnership,
) -> RemediationSubject<'a> {
    RemediationSubject {
        account: &violation.target.account,
        organizational_units: ownership.organizational_units.as_deref(),
        policy: &violation.target.policy,
        severity: Some(violation.finding_details().severity),
        tags: ownership.tags.as_ref(),
    }
}
