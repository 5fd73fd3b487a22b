//! Turns off data traces in the stages of REST APIs.

use crate::catalog::apigateway::stage_settings::{StageRule, StageSettings, StageState};
use crate::remediator::RemediationPlan;
use crate::violation::TargetResource;

/// A remediator that turns off data traces, which log complete requests and responses, for each
/// method of a stage. An undo turns them on again.
pub type StageDataTrace = StageSettings<NoDataTraceRule>;

/// The rule that no method has data traces.
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
