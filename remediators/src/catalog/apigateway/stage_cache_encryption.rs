//! A cache of a REST API that is not encrypted is encrypted.

use crate::catalog::apigateway::stage::{Settings, StageRule, StageSettings};
use crate::remediator::Plan;
use crate::violation::Target;

/// Encrypts what is cached, for each method that is cached (APIGateway.5). AWS empties the cache meanwhile.
pub type StageCacheEncryption = StageSettings<EncryptedCache>;

/// Caches are encrypted.
#[derive(Debug)]
pub struct EncryptedCache;

impl StageRule for EncryptedCache {
    const ID: &'static str = "apigateway-stage-cache-encryption";

    fn plan(_: &Target, before: &Settings) -> Plan<Settings> {
        let mut after = before.clone();
        let cached = after.methods.values_mut().filter(|one| one.caching == Some(true));
        for settings in cached {
            settings.encrypted = Some(true);
        }
        if after == *before { Plan::Nothing } else { Plan::Change(after) }
    }
}
