//! A stage of a REST API that is not traced is traced.

use crate::catalog::apigateway::stage::{Settings, StageRule, StageSettings};
use crate::remediator::Plan;
use crate::violation::Target;

/// Turns X-Ray tracing on (APIGateway.3). An undo turns it off.
pub type StageTracing = StageSettings<Traced>;

/// Calls are traced.
#[derive(Debug)]
pub struct Traced;

impl StageRule for Traced {
    const ID: &'static str = "apigateway-stage-tracing";

    fn plan(_: &Target, before: &Settings) -> Plan<Settings> {
        let after = Settings { tracing: true, ..before.clone() };
        if after == *before { Plan::Nothing } else { Plan::Change(after) }
    }
}
