//! A stage of a REST API that is not traced is traced.

use crate::catalog::apigateway::stage_settings::{StageRule, StageSettings, StageState};
use crate::remediator::RemediationPlan;
use crate::violation::TargetResource;

/// Turns X-Ray tracing on (APIGateway.3). An undo turns it off.
pub type StageTracing = StageSettings<StageTracingRule>;

/// Calls are traced.
#[derive(Debug)]
pub struct StageTracingRule;

impl StageRule for StageTracingRule {
    const ID: &'static str = "apigateway-stage-tracing";

    fn plan_change(_: &TargetResource, before: &StageState) -> RemediationPlan<StageState> {
        let after = StageState { tracing: true, ..before.clone() };
        if after == *before { RemediationPlan::Nothing } else { RemediationPlan::Change(after) }
    }
}
