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
        let left = self.left(target, number).await?.ok_or_else(none)?;
        let state = |value: &Value| R::State::deserialize_from(value);
        let bad = |error| DriveError::Record(Records::of(target).intent(number), error);
        let (before, after) = (state(&intent.before).map_err(bad)?, state(&left).map_err(bad)?);
        let later = |refused: RefusedByAws| DriveError::Later(refused.to_string());
        let seen = self.remediator.observe(target).await.map_err(later)?;
        let result = if R::reached(&seen, &before) {
            Ended::Compliant
        } else if seen != after && !R::between(&seen, &after, &before) {
            // Neither what was left, nor what an undo that was cut off makes of it.
            Ended::Refused(format!(
                "it was changed since: it is {}, and was left as {left}",
                value(&seen)?
            ))
        } else {
            self.remediator.apply(target, &before).await.map_err(later)?;
            let seen = self.remediator.observe(target).await.map_err(later)?;
            if !R::reached(&seen, &before) {
                return Err(DriveError::Later("the change is not seen yet".to_owned()));
            }
            Ended::Done
        };
        let attempt = Some(number);
        let outcome = Outcome { finding: intent.finding, attempt, result, state: None };
        if matches!(outcome.result, Ended::Done | Ended::Compliant) {
            let records = Records::of(target);
            let mut activity = records.activity(R::ID, &outcome, now);
            if let Some(detail) = activity.get_mut("status_detail") {
                *detail = format!("undone: set back to the state before attempt {number}").into();
            }
            // The first stands: done again, it would differ by its time only.
            self.ledger.claim(&records.undone(number), activity.to_string().as_bytes()).await?;
        }
        Ok(outcome)
    }

    /// The state that an attempt left, if it was carried out.
    pub(super) async fn left(&self, target: &Target, number: u32) -> Driven<Option<Value>> {
        let key = Records::of(target).outcome(number);
        let Some(outcome) = self.ledger.find(&key).await? else { return Ok(None) };
        let mut outcome: Value =
            serde_json::from_slice(&outcome).map_err(|error| DriveError::Record(key, error))?;
        let done = outcome.get("status_id") == Some(&1.into());
        let state = outcome.pointer_mut("/unmapped/state").map(Value::take);
        Ok(state.filter(|state| done && !state.is_null()))
    }
}
