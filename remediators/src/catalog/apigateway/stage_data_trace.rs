//! A stage of a REST API that logs whole requests and answers no longer does.

use crate::catalog::apigateway::stage::{Settings, StageRule, StageSettings};
use crate::remediator::Plan;
use crate::violation::Target;

/// Turns data traces off, for each method that has them on. An undo turns them on again.
pub type StageDataTrace = StageSettings<NoDataTrace>;

/// No data is traced.
#[derive(Debug)]
pub struct NoDataTrace;

impl StageRule for NoDataTrace {
    const ID: &'static str = "apigateway-stage-data-trace";

    fn plan(_: &Target, before: &Settings) -> Plan<Settings> {
        let mut after = before.clone();
        for settings in after.methods.values_mut() {
            settings.data_trace = Some(false);
        }
        if after == *before { Plan::Nothing } else { Plan::Change(after) }
    }
}
