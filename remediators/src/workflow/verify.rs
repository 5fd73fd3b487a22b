//! Looking again, some time after a repair.

use super::{ExecutorError, ExecutorResult, RemediationExecutor};
use crate::journal::record::{JournalKeys, RemediationOutcome, RemediationResult};
use crate::remediator::AwsFailure;
use crate::violation::TargetResource;

impl RemediationExecutor {
    /// Looks whether the state is still the one that an attempt left, `after` so many seconds.
    ///
    /// Nothing is written to AWS: what changed since is an event of its own. None where there is nothing to look
    /// for, because the attempt was not carried out.
    ///
    /// # Errors
    /// When it cannot be told now.
    pub async fn verify_attempt(
        &self,
        target: &TargetResource,
        number: u32,
        after: u32,
        now: i64,
    ) -> ExecutorResult<Option<RemediationOutcome>> {
        let none = || ExecutorError::NoAttempt(number);
        let intent = self.load_intent(target, number).await?.ok_or_else(none)?;
        let Some(left) = self.resulting_state(target, number).await? else { return Ok(None) };
        let result = match self.remediator.observe_state(target).await? {
            Ok(seen) => {
                if seen == left {
                    RemediationResult::Restored
                } else {
                    RemediationResult::Failed(format!(
                        "changed since: it is {seen}, and was left as {left}"
                    ))
                }
            }
            Err(AwsFailure::NotFound) => RemediationResult::ResourceGone,
            Err(refused) => return Err(ExecutorError::Retryable(refused.to_string())),
        };
        let (finding, attempt) = (intent.finding, Some(number));
        let outcome = RemediationOutcome { finding, attempt, result, state: None };
        let records = JournalKeys::for_target(target);
        let activity = records.build_activity(self.remediator_id(), &outcome, now);
        self.record_activity(&records.verification_key(number, after), &activity).await?;
        Ok(Some(outcome))
    }
}
