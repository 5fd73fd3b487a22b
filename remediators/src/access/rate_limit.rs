//! The rate limiter for API quotas that all callers in an account share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A rate limiter that keeps a minimum interval between two calls of the same operation, so that
/// the calls stay within the quota of the API.
#[derive(Clone, Debug, Default)]
pub struct RateLimiter {
    intervals: &'static [(&'static str, Duration)],
    next_calls: Arc<Mutex<BTreeMap<&'static str, Instant>>>,
}

/// The minimum interval between two calls, by operation.
///
/// Source: Amazon API Gateway Developer Guide, "Quotas for creating, deploying and managing an
/// API".
const QUOTAS: &[(&str, Duration)] = &[
    ("CreateDeployment", Duration::from_secs(5)),
    ("GetResources", Duration::from_millis(400)),
    ("UpdateDomainName", Duration::from_secs(30)),
];

impl RateLimiter {
    /// Returns a rate limiter with the quotas of the API Gateway control plane.
    pub fn with_api_gateway_quotas() -> RateLimiter {
        RateLimiter { intervals: QUOTAS, next_calls: Arc::default() }
    }

    /// Waits until the quota allows the operation `call`. For an operation without a quota, the
    /// function returns immediately.
    pub(crate) async fn wait_for_turn(&self, call: &'static str) {
        let Some((_, interval)) = self.intervals.iter().find(|(name, _)| *name == call) else {
            return;
        };
        let turn = {
            let mut next = self.next_calls.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let turn = next.get(call).copied().unwrap_or(now).max(now);
            next.insert(call, turn.checked_add(*interval).unwrap_or(turn));
            turn
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_keep_their_interval_and_calls_without_a_quota_do_not_wait() {
        let (limiter, start) = (RateLimiter::with_api_gateway_quotas(), Instant::now());
        for _ in 0..3 {
            limiter.wait_for_turn("CreateDeployment").await;
            limiter.wait_for_turn("GetStage").await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(10));
        RateLimiter::default().wait_for_turn("CreateDeployment").await;
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    }
}
