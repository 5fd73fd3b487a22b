//! Verifies that a resource keeps the state that an attempt left.

use super::{ExecutorError, ExecutorResult, RemediationExecutor};
use crate::journal::record::{JournalKeys, RemediationOutcome, RemediationResult};
use crate::remediator::AwsFailure;
use crate::violation::TargetResource;

impl RemediationExecutor {
    /// Checks `after` seconds after an attempt whether the resource still has the state that the
    /// attempt left. `now` is in milliseconds since 1970.
    ///
    /// The function writes nothing to AWS, because Evenkeel evaluates the event of a later change
    /// separately. The function returns `None` if the attempt was not successful, because there is
    /// then nothing to verify.
    ///
    /// # Errors
    /// [`ExecutorError::NoAttempt`] if the attempt does not exist; other errors if the state or the
    /// ledger cannot be read now.
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
                        "the resource was changed since attempt {number}: the state is now {seen}, \
                         and the state after the attempt was {left}"
                    ))
                }
            }
            Err(AwsFailure::NotFound) => RemediationResult::ResourceGone,
            Err(refused) => return Err(ExecutorError::Retryable(refused.to_string())),
        };
        let (finding, attempt) = (intent.finding, Some(number));
        let outcome = RemediationOutcome { finding, attempt, result, state: None, plan: None };
        let records = JournalKeys::for_target(target);
        let activity = records.build_activity(self.remediator_id(), &outcome, now);
        self.record_activity(&records.verification_key(number, after), &activity).await?;
        Ok(Some(outcome))
    }
}
