//! An integration of a REST API that calls its backend over plain HTTP calls it over TLS again.

use std::sync::Arc;

use crate::apigateway::backend::{is_clear, secured};
use crate::apigateway::integration::{Integration, Integrations, calls, reached};
use crate::apigateway::names::{api_of, arns};
use crate::aws::Aws;
use crate::remediator::{Check, Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// Turns `http://` into `https://`, in the draft and in each stage that serves it.
///
/// Only where the backend makes a TLS handshake, and asks first where a deployment would publish other
/// people's changes.
#[derive(Clone, Debug)]
pub struct HttpsIntegration(Arc<Integrations>);

impl From<Aws> for HttpsIntegration {
    fn from(aws: Aws) -> Self {
        HttpsIntegration(Arc::new(Integrations::from(aws)))
    }
}

impl Remediator for HttpsIntegration {
    type State = Integration;

    const ID: &'static str = "apigateway-https-integration";
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
        let clear = |uri: &Option<String>| uri.as_deref().is_some_and(is_clear);
        let affected = |served: &str| is_clear(served);
        if !before.over_http() || !(is_clear(&before.uri) || before.serves(affected)) {
            return Plan::Nothing;
        }
        if before.private {
            return Plan::Refuse(
                "a private integration: its load balancer needs a TLS listener first".to_owned(),
            );
        }
        let uri = secured(&before.uri);
        before.with(uri, before.unverified, |served| clear(&served.uri))
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
