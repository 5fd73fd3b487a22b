//! Looking again, some time after a repair.

use super::{Drive, DriveError, Driven};
use crate::journal::record::{Ended, Outcome, Records};
use crate::remediator::RefusedByAws;
use crate::violation::Target;

impl Drive {
    /// Looks whether the state is still the one that an attempt left, `after` so many seconds.
    ///
    /// Nothing is written to AWS: what changed since is an event of its own. None where there is nothing to look
    /// for, because the attempt was not carried out.
    ///
    /// # Errors
    /// When it cannot be told now.
    pub async fn verify(
        &self,
        target: &Target,
        number: u32,
        after: u32,
        now: i64,
    ) -> Driven<Option<Outcome>> {
        let none = || DriveError::NoAttempt(number);
        let intent = self.intent(target, number).await?.ok_or_else(none)?;
        let Some(left) = self.left(target, number).await? else { return Ok(None) };
        let result = match self.remediator.observe(target).await? {
            Ok(seen) => {
                if seen == left {
                    Ended::Done
                } else {
                    Ended::Failed(format!("changed since: it is {seen}, and was left as {left}"))
                }
            }
            Err(RefusedByAws::Gone) => Ended::Gone,
            Err(refused) => return Err(DriveError::Later(refused.to_string())),
        };
        let (finding, attempt) = (intent.finding, Some(number));
        let outcome = Outcome { finding, attempt, result, state: None };
        let records = Records::of(target);
        let activity = records.activity(self.id(), &outcome, now);
        self.keep_activity(&records.verified(number, after), &activity).await?;
        Ok(Some(outcome))
    }
}
