//! A cache of a REST API that is not encrypted is encrypted.

use crate::catalog::apigateway::stage_settings::{StageRule, StageSettings, StageState};
use crate::remediator::RemediationPlan;
use crate::violation::TargetResource;

/// Encrypts what is cached, for each method that is cached (APIGateway.5). AWS empties the cache meanwhile.
pub type StageCacheEncryption = StageSettings<EncryptedCacheRule>;

/// Caches are encrypted.
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
