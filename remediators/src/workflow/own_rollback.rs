//! Detects Evenkeel's own rollback of a failed attempt, so that Evenkeel does not remediate the
//! restored state immediately.
//!
//! The owner of an account can choose the role name and the session name in an event, so the names
//! alone prove nothing. A change counts as Evenkeel's own rollback only if the ledger contains an
//! attempt that failed and was rolled back within the lifetime of its session.

use evenkeel_rules::REMEDIATOR_ROLE;
use uuid::Uuid;

use super::{ExecutorResult, RemediationExecutor};
use crate::journal::record::RemediationIntent;
use crate::violation::PolicyViolation;
use crate::workflow::refusal_reason::RefusalReason;

/// The prefix of session names. The uid of the finding follows.
pub(crate) const SESSION_PREFIX: &str = "evenkeel-";

/// The time in milliseconds after the start of an attempt in which an event can belong to its
/// session. The session itself is valid for 15 minutes.
const SESSION_LIFETIME: i64 = 1_200_000;

/// The maximum difference in milliseconds between the clocks of AWS and of the function.
const MAX_CLOCK_SKEW: i64 = 60_000;

impl RemediationExecutor {
    /// Returns the refusal if Evenkeel's own session restored the present state after a failed
    /// attempt. An immediate new attempt would probably fail again.
    pub(super) async fn find_own_rollback(
        &self,
        violation: &PolicyViolation,
        past: &[(u32, RemediationIntent)],
    ) -> ExecutorResult<Option<RefusalReason>> {
        let Some((family, finding)) = read_session(&violation.actor) else { return Ok(None) };
        let Some((number, intent)) = past.last() else { return Ok(None) };
        let since = violation.time.saturating_sub(intent.attempt.time);
        if family != self.remediator.spec().family_name()
            || finding != intent.finding
            || !(-MAX_CLOCK_SKEW..=SESSION_LIFETIME).contains(&since)
        {
            return Ok(None);
        }
        let outcome = self.read_outcome(&violation.target, *number).await?;
        let is_rolled_back = outcome.is_some_and(|outcome| {
            outcome.status_id == 2 && outcome.state.as_ref() == Some(&intent.before)
        });
        Ok(is_rolled_back.then_some(RefusalReason::RolledBack(*number)))
    }
}

/// Returns the family in the name of a remediation role, and the finding in the session name.
fn read_session(arn: &str) -> Option<(&str, Uuid)> {
    let (_, session) = arn.split_once(":assumed-role/")?;
    let (role, name) = session.split_once('/')?;
    let finding = Uuid::try_parse(name.strip_prefix(SESSION_PREFIX)?).ok()?;
    Some((role.strip_prefix(REMEDIATOR_ROLE)?, finding))
}
