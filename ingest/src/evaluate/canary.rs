//! Records canaries and forwards them. No policy evaluates a canary.

use evenkeel_client::clock::current_millis;
use evenkeel_ledger::{CanaryHop, CanaryId, NoticeAnnouncer};

use super::{EvaluateError, MessageTask, PayloadEvaluator};
use crate::environment::CloudContext;

impl<A: NoticeAnnouncer, O: CloudContext> PayloadEvaluator<A, O> {
    /// Records a canary, and forwards it to the remediate functions.
    pub(super) async fn record_canary(
        &self,
        canary: CanaryId,
        made: Option<i64>,
        task: &mut MessageTask<'_>,
    ) -> Result<(), EvaluateError> {
        let (sent, bundle) = (task.message.sent, Some(self.bundle.version.clone()));
        let hop = CanaryHop { made, sent, taken: current_millis(), bundle };
        self.recorder.record_canary(canary, &hop).await?;
        task.metrics.add_count("Canaries", 1);
        Ok(())
    }
}
