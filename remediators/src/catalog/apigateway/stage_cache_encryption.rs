//! Encrypts the caches of REST API stages.

use crate::catalog::apigateway::stage_settings::{StageRule, StageSettings, StageState};
use crate::remediator::RemediationPlan;
use crate::violation::TargetResource;

/// A remediator that encrypts the cache data of each cached method (APIGateway.5). AWS empties the
/// cache during the change.
pub type StageCacheEncryption = StageSettings<EncryptedCacheRule>;

/// The rule that cache data is encrypted.
#[derive(Debug)]
pub struct EncryptedCacheRule;

impl StageRule for EncryptedCacheRule {
    const ID: &'static str = "apigateway-stage-cache-encryption";

    fn plan_change(_: &TargetResource, before: &StageState) -> RemediationPlan<StageState> {
        let mut after = before.clone();
        let cached = after.methods.values_mut().filter(|one| one.caching == Some(true));
        for settings in cached {
            settings.encrypted = Some(true);
        }
        if after == *before { RemediationPlan::Nothing } else { RemediationPlan::Change(after) }
    }
}
