//! Setting a state back to the one before an attempt.

use serde_json::Value;

use super::{DeserializeFrom, Drive, DriveError, Driven, value};
use crate::record::{Ended, Outcome, Records};
use crate::remediator::{RefusedByAws, Remediator};
use crate::violation::Target;

impl<R: Remediator> Drive<R> {
    /// Sets a state back to the one before an attempt, if nobody has changed it since.
    ///
    /// # Errors
    /// When the attempt was not carried out, or it has not ended.
    pub async fn undo(&self, target: &Target, number: u32, now: i64) -> Driven<Outcome> {
        let none = || DriveError::NoAttempt(number);
        let intent = self.intent(target, number).await?.ok_or_else(none)?;
        if !self.done(target, number).await? {
            return Err(none());
        }
        let state = |value: &Value| R::State::deserialize_from(value);
        let bad = |error| DriveError::Record(Records::of(target).intent(number), error);
        let (before, after) =
            (state(&intent.before).map_err(bad)?, state(&intent.after).map_err(bad)?);
        let later = |refused: RefusedByAws| DriveError::Later(refused.to_string());
        let seen = self.remediator.observe(target).await.map_err(later)?;
        let result = if seen == before {
            Ended::Compliant
        } else if seen != after {
            let (is, was) = (value(&seen)?, value(&after)?);
            Ended::Refused(format!("it was changed since: it is {is}, and was left as {was}"))
        } else {
            self.remediator.apply(target, &before).await.map_err(later)?;
            let seen = self.remediator.observe(target).await.map_err(later)?;
            if seen != before {
                return Err(DriveError::Later("the change is not seen yet".to_owned()));
            }
            Ended::Done
        };
        let outcome = Outcome { finding: intent.finding, attempt: Some(number), result };
        let records = Records::of(target);
        let activity = records.activity(R::ID, &outcome, now).to_string();
        self.ledger.write(&records.undone(number), activity.as_bytes()).await?;
        Ok(outcome)
    }

    /// Whether an attempt ended with the planned state.
    async fn done(&self, target: &Target, number: u32) -> Driven<bool> {
        let key = Records::of(target).outcome(number);
        let Some(outcome) = self.ledger.find(&key).await? else { return Ok(false) };
        let outcome: Value =
            serde_json::from_slice(&outcome).map_err(|error| DriveError::Record(key, error))?;
        Ok(outcome.get("status_id") == Some(&1.into()))
    }
}
