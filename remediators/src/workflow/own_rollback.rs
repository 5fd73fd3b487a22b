//! Telling our own set-back of a failed repair from what somebody does under a name like ours.
//!
//! An event shows the name of a role and of its session, and whoever owns an account can choose both. So they say nothing
//! by themselves. Ours is what an attempt in the ledger explains: it failed and was set back, within its session's life.

use evenkeel_rules::REMEDIATOR_ROLE;
use uuid::Uuid;

use super::{ExecutorResult, RemediationExecutor};
use crate::journal::record::RemediationIntent;
use crate::violation::PolicyViolation;
use crate::workflow::refusal_reason::RefusalReason;

/// What a session's name begins with; the finding's uid follows.
pub(crate) const SESSION_PREFIX: &str = "evenkeel-";

/// A session lives for 15 minutes: so long after its attempt began an event may be its own. In milliseconds.
const SESSION_LIFETIME: i64 = 1_200_000;

/// Clocks of AWS and of the function differ by less. In milliseconds.
const MAX_CLOCK_SKEW: i64 = 60_000;

impl RemediationExecutor {
    /// Why a finding is not acted on because our own session brought the state about: it set back a repair that had
    /// failed. To repair it at once would only fail again.
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
        let is_set_back = outcome.is_some_and(|outcome| {
            outcome.status_id == 2 && outcome.state.as_ref() == Some(&intent.before)
        });
        Ok(is_set_back.then_some(RefusalReason::RolledBack(*number)))
    }
}

/// The family of a role that is called like ours, and the finding that gave the session its name.
fn read_session(arn: &str) -> Option<(&str, Uuid)> {
    let (_, session) = arn.split_once(":assumed-role/")?;
    let (role, name) = session.split_once('/')?;
    let finding = Uuid::try_parse(name.strip_prefix(SESSION_PREFIX)?).ok()?;
    Some((role.strip_prefix(REMEDIATOR_ROLE)?, finding))
}
