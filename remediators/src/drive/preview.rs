//! What would be done, without doing it.

use serde::Serialize;
use serde_json::Value;

use super::{Drive, Driven, Prepared};
use crate::record::Ended;
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
    /// Why a person must say yes, whatever the mode.
    pub asks: Option<String>,
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
        let stopped = self.stopped(&violation).await?;
        Ok(Some(match self.prepare(&violation).await? {
            Prepared::Ended(ended) => Preview {
                plan: None,
                before: Value::Null,
                after: Value::Null,
                calls: Vec::new(),
                asks: None,
                held: Some(ended.to_string()),
            },
            Prepared::Planned(plan) => {
                let held = self.held(&violation, &plan.hash, plan.asked.as_deref(), now).await?;
                Preview {
                    calls: R::calls(&plan.before, &plan.after),
                    plan: Some(plan.hash),
                    before: plan.was,
                    after: plan.will,
                    asks: plan.asked,
                    held: stopped.or_else(|| held.as_ref().map(Ended::to_string)),
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
