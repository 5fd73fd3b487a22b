//! A canary: recorded as taken, and sent on; no policy sees it.

use evenkeel_client::clock::now;
use evenkeel_ledger::{Announce, Canary, Hop};

use super::{EvaluateError, Evaluator, Task};
use crate::environment::Outside;

impl<A: Announce, O: Outside> Evaluator<A, O> {
    /// Records a canary, and sends it on to the remediate functions.
    pub(super) async fn canary(
        &self,
        canary: Canary,
        made: Option<i64>,
        task: &mut Task<'_>,
    ) -> Result<(), EvaluateError> {
        let (sent, bundle) = (task.message.sent, Some(self.bundle.version.clone()));
        let hop = Hop { made, sent, taken: now(), bundle };
        self.recorder.canary(canary, &hop).await?;
        task.metrics.add("Canaries", 1);
        Ok(())
    }
}
