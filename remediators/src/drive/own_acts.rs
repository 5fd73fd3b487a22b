//! Telling what we did ourselves from what somebody does under a name like ours.
//!
//! An event shows the name of a role and of its session, and whoever owns an account can choose both. So they say
//! nothing by themselves: ours is what the ledger has a record of, about this resource and within a session's life.

use evenkeel_rules::REMEDIATOR_ROLE;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Drive, DriveError, Driven, value};
use crate::catalog::find_family;
use crate::record::act_place;
use crate::remediator::Remediator;
use crate::violation::Violation;

/// What a session's name begins with; the finding's uid follows.
pub(crate) const SESSION_PREFIX: &str = "evenkeel-";

/// A session begins after its record was written, lives for 15 minutes, and its last event carries a time of its
/// life: so long after the record an event may be its own. In milliseconds.
const LIFE: i64 = 1_200_000;

/// Clocks of AWS and of the function differ by less. In milliseconds.
const SKEW: i64 = 60_000;

/// A session that may write to one resource.
#[derive(Debug, Serialize, Deserialize)]
struct OwnAct {
    account: String,
    region: String,
    resource: String,
    family: String,
    /// When it began: milliseconds since 1970.
    time: i64,
}

impl<R: Remediator> Drive<R> {
    /// Records that the session for this finding may write to this resource from now on.
    pub(super) async fn record_act(&self, violation: &Violation, now: i64) -> Driven<()> {
        let target = &violation.target;
        let act = OwnAct {
            account: target.account.clone(),
            region: target.region.clone(),
            resource: target.id.clone(),
            family: find_family(R::ID).to_owned(),
            time: now,
        };
        let (key, record) = (format!("{}/{now}.json", act_place(violation.finding)), value(&act)?);
        self.ledger.claim(&key, record.to_string().as_bytes()).await?;
        Ok(())
    }

    /// Whether one of our own sessions did what the finding is about.
    pub(super) async fn is_own_act(&self, violation: &Violation) -> Driven<bool> {
        let Some((family, finding)) = read_session(&violation.actor) else { return Ok(false) };
        for key in self.ledger.list(&act_place(finding)).await? {
            let record = self.ledger.read(&key).await?;
            let act: OwnAct =
                serde_json::from_slice(&record).map_err(|error| DriveError::Record(key, error))?;
            if act.family == family && act.fits(violation) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl OwnAct {
    /// Whether what a violation is about can have been done in the session.
    fn fits(&self, Violation { target, time, .. }: &Violation) -> bool {
        let is_within = (-SKEW..=LIFE).contains(&time.saturating_sub(self.time));
        is_within
            && self.account == target.account
            && self.region == target.region
            && self.resource == target.id
    }
}

/// The family of a role that is called like ours, and the finding that gave the session its name.
fn read_session(arn: &str) -> Option<(&str, Uuid)> {
    let (_, session) = arn.split_once(":assumed-role/")?;
    let (role, name) = session.split_once('/')?;
    let finding = Uuid::try_parse(name.strip_prefix(SESSION_PREFIX)?).ok()?;
    Some((role.strip_prefix(REMEDIATOR_ROLE)?, finding))
}
