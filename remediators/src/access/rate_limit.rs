//! Quotas that AWS gives to an account as a whole: what we use of them, its owner cannot.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Lets calls through one at a time, at the distance that their quota demands.
#[derive(Clone, Debug, Default)]
pub struct RateLimiter {
    intervals: &'static [(&'static str, Duration)],
    next_calls: Arc<Mutex<BTreeMap<&'static str, Instant>>>,
}

/// Source: Amazon API Gateway Developer Guide, "Quotas for creating, deploying and managing an API".
const QUOTAS: &[(&str, Duration)] = &[
    ("CreateDeployment", Duration::from_secs(5)),
    ("GetResources", Duration::from_millis(400)),
    ("UpdateDomainName", Duration::from_secs(30)),
];

impl RateLimiter {
    /// The quotas of API Gateway's control plane.
    pub fn with_api_gateway_quotas() -> RateLimiter {
        RateLimiter { intervals: QUOTAS, next_calls: Arc::default() }
    }

    /// Waits until such a call may be made.
    pub(crate) async fn wait_for_turn(&self, call: &'static str) {
        let Some((_, distance)) = self.intervals.iter().find(|(name, _)| *name == call) else {
            return;
        };
        let turn = {
            let mut next = self.next_calls.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let turn = next.get(call).copied().unwrap_or(now).max(now);
            next.insert(call, turn.checked_add(*distance).unwrap_or(turn));
            turn
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_keep_their_distance_and_others_do_not_wait() {
        let (pace, begun) = (RateLimiter::with_api_gateway_quotas(), Instant::now());
        for _ in 0..3 {
            pace.wait_for_turn("CreateDeployment").await;
            pace.wait_for_turn("GetStage").await;
        }
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        RateLimiter::default().wait_for_turn("CreateDeployment").await;
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
    }
}
