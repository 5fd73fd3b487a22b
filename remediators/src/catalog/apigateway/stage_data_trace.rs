//! A stage of a REST API that logs whole requests and answers no longer does.

use crate::catalog::apigateway::stage_settings::{StageRule, StageSettings, StageState};
use crate::remediator::RemediationPlan;
use crate::violation::TargetResource;

/// Turns data traces off, for each method that has them on. An undo turns them on again.
pub type StageDataTrace = StageSettings<NoDataTraceRule>;

/// No data is traced.
#[derive(Debug)]
pub struct NoDataTraceRule;

impl StageRule for NoDataTraceRule {
    const ID: &'static str = "apigateway-stage-data-trace";

    fn plan_change(_: &TargetResource, before: &StageState) -> RemediationPlan<StageState> {
        let mut after = before.clone();
        for settings in after.methods.values_mut() {
            settings.data_trace = Some(false);
        }
        if after == *before { RemediationPlan::Nothing } else { RemediationPlan::Change(after) }
    }
}
