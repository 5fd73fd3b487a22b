//! Turns on X-Ray tracing of REST API stages.

use crate::catalog::apigateway::stage_settings::{StageRule, StageSettings, StageState};
use crate::remediator::RemediationPlan;
use crate::violation::TargetResource;

/// A remediator that turns on X-Ray tracing (APIGateway.3). An undo turns it off.
pub type StageTracing = StageSettings<StageTracingRule>;

/// The rule that a stage has X-Ray tracing.
#[derive(Debug)]
pub struct StageTracingRule;

impl StageRule for StageTracingRule {
    const ID: &'static str = "apigateway-stage-tracing";

    fn plan_change(_: &TargetResource, before: &StageState) -> RemediationPlan<StageState> {
        let after = StageState { tracing: true, ..before.clone() };
        if after == *before { RemediationPlan::Nothing } else { RemediationPlan::Change(after) }
    }
}
