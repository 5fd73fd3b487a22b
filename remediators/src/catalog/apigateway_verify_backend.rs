//! An integration of a REST API that trusts any certificate verifies its backend again.

use std::sync::Arc;

use crate::apigateway::integration::{Integration, Integrations, calls, reached};
use crate::apigateway::names::{api_of, arns};
use crate::aws::Aws;
use crate::remediator::{Check, Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// Turns `insecureSkipVerification` off, in the draft and in each stage that serves it.
///
/// Only where the backend's certificate passes, by its name and the public roots.
#[derive(Clone, Debug)]
pub struct VerifyBackend(Arc<Integrations>);

impl From<Aws> for VerifyBackend {
    fn from(aws: Aws) -> Self {
        VerifyBackend(Arc::new(Integrations::from(aws)))
    }
}

impl Remediator for VerifyBackend {
    type State = Integration;

    const ID: &'static str = "apigateway-verify-backend";
    const PERMISSIONS: &'static [&'static str] =
        &["apigateway:GET", "apigateway:PATCH", "apigateway:POST"];

    fn arns(target: &Target) -> Vec<String> {
        arns(target, &format!("/restapis/{}", api_of(target)))
    }

    fn calls(from: &Integration, to: &Integration) -> Vec<&'static str> {
        calls(from, to)
    }

    async fn observe(&self, target: &Target) -> Result<Integration, RefusedByAws> {
        self.0.observe(target).await
    }

    fn plan(&self, _: &Target, before: &Integration) -> Plan<Integration> {
        if before.over_http() && (before.unverified || before.served_unverified()) {
            before.with(before.uri.clone(), false, |served| served.unverified)
        } else {
            Plan::Nothing
        }
    }

    async fn precheck(
        &self,
        target: &Target,
        before: &Integration,
        after: &Integration,
    ) -> Result<Check, RefusedByAws> {
        self.0.precheck(target, before, after).await
    }

    async fn apply(&self, target: &Target, state: &Integration) -> Result<(), RefusedByAws> {
        self.0.apply(target, state).await
    }

    fn reached(seen: &Integration, wanted: &Integration) -> bool {
        reached(seen, wanted)
    }
}
