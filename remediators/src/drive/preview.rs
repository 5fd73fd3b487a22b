//! What would be done, without doing it.

use serde::Serialize;
use serde_json::Value;

use super::approval::Authorization;
use super::{Drive, Driven, Prepared};
use crate::remediator::Remediator;
use crate::violation::Violation;

/// What would be done about a finding now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preview {
    /// The hash that an approval binds to; none where nothing would be done.
    pub plan: Option<String>,
    /// The whole state before.
    pub before: Value,
    /// The whole state after.
    pub after: Value,
    /// The IAM actions that it takes.
    pub calls: Vec<&'static str>,
    /// Why a person must decide, whatever the mode.
    pub asks: Vec<String>,
    /// What stops it: the mode, a missing approval, a kill switch, or that nothing is to be done.
    pub held: Option<String>,
}

impl<R: Remediator> Drive<R> {
    /// What would be done about the finding whose record this is; none where nothing ever may be.
    ///
    /// # Errors
    /// When it cannot be told now.
    pub async fn preview(&self, record: &[u8], now: i64) -> Driven<Option<Preview>> {
        let Some(violation) = Self::violation(record)? else { return Ok(None) };
        if self.is_own_act(&violation).await? {
            return Ok(None);
        }
        let stopped = self.stopped(&violation).await?;
        Ok(Some(match self.prepare(&violation).await? {
            Prepared::Ended(ended) => Preview {
                plan: None,
                before: Value::Null,
                after: Value::Null,
                calls: Vec::new(),
                asks: Vec::new(),
                held: Some(ended.to_string()),
            },
            Prepared::Planned(plan) => {
                let authorization =
                    self.authorize(&violation, &plan.hash, &plan.questions, now).await?;
                let held = match authorization {
                    Authorization::Granted(_) => None,
                    Authorization::Withheld(ended) => Some(ended.to_string()),
                };
                Preview {
                    calls: R::calls(&plan.before, &plan.after),
                    plan: Some(plan.hash),
                    before: plan.was,
                    after: plan.will,
                    asks: plan.questions,
                    held: stopped.or(held),
                }
            }
        }))
    }

    /// The violation that a finding's record tells of; none where nothing may be done about it, ever.
    pub(super) fn violation(record: &[u8]) -> Driven<Option<Violation>> {
        let violation = match Violation::read(record) {
            Ok(violation) => violation,
            Err(crate::ViolationError::Record(error)) => {
                return Err(super::DriveError::Record("finding".to_owned(), error));
            }
            // The finding itself says so.
            Err(_) => return Ok(None),
        };
        if violation.remediator == R::ID {
            Ok(Some(violation))
        } else {
            Err(super::DriveError::Another(violation.remediator))
        }
    }
}
