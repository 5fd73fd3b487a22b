//! What would be done, without doing it.

use serde::Serialize;
use serde_json::Value;

use super::{Authorization, Drive, Driven, Prepared, describe_open};
use crate::journal::record::{Ended, Intent};
use crate::violation::Violation;
use crate::workflow::refusal_reason::{RefusalCode, RefusalReason};

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
    /// The code of what stops it, where that is a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<RefusalCode>,
}

impl Drive {
    /// What would be done about a violation.
    ///
    /// # Errors
    /// When it cannot be told now.
    pub async fn preview(&self, violation: &Violation, now: i64) -> Driven<Preview> {
        self.check_remediator(violation)?;
        let past = self.past(&violation.target).await?;
        if let Some((number, intent)) = self.find_open(&violation.target, &past).await? {
            return self.preview_open(violation, *number, intent, now).await;
        }
        let mut stopped = self.stopped(violation).await?;
        if stopped.is_none() {
            stopped = self.find_own_set_back(violation, &past).await?;
        }
        Ok(match self.prepare(violation).await? {
            Prepared::Ended(ended) => Preview {
                plan: None,
                before: Value::Null,
                after: Value::Null,
                calls: Vec::new(),
                asks: Vec::new(),
                code: ended.refusal().map(RefusalReason::code),
                held: Some(ended.to_string()),
            },
            Prepared::Planned(plan) => {
                let number = past.last().map_or(0, |last| last.0).saturating_add(1);
                let held = match self.authorize(violation, &plan, number, now).await? {
                    Authorization::Granted(_) => stopped.map(Ended::Refused),
                    Authorization::Withheld(ended) => Some(stopped.map_or(ended, Ended::Refused)),
                };
                Preview {
                    calls: self.remediator.calls(&plan.before, &plan.after)?,
                    plan: Some(plan.hash),
                    before: plan.before,
                    after: plan.after,
                    asks: plan.questions,
                    code: held.as_ref().and_then(Ended::refusal).map(RefusalReason::code),
                    held: held.map(|ended| ended.to_string()),
                }
            }
        })
    }

    /// What an attempt that was cut off would do if it went on.
    async fn preview_open(
        &self,
        violation: &Violation,
        number: u32,
        intent: &Intent,
        now: i64,
    ) -> Driven<Preview> {
        let begun = self.read_begun(violation, number, intent)?;
        let stopped = match self.stopped(violation).await? {
            None => self.check_resumed(&begun, now).await?,
            stopped => stopped,
        };
        let is_own = intent.finding == violation.finding;
        let held = if is_own {
            stopped
        } else {
            let why = "apply that finding or undo it first".to_owned();
            Some(describe_open(number, intent.finding, why))
        };
        let cut_off = format!("attempt {number} was cut off, and would go on");
        Ok(Preview {
            plan: is_own.then(|| intent.plan.clone()),
            calls: self.remediator.calls(&begun.before, &begun.after)?,
            before: intent.before.clone(),
            after: intent.after.clone(),
            asks: [cut_off].into_iter().chain(intent.asked.clone()).collect(),
            code: held.as_ref().map(RefusalReason::code),
            held: held.map(|reason| reason.to_string()),
        })
    }
}
