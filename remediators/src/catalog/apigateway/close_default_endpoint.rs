//! A REST API that can be reached beside its custom domain no longer can.

use evenkeel_rules::policy::Tier;

use std::collections::BTreeSet;

use crate::catalog::apigateway::api::{Api, ApiRule, ApiSettings};
use crate::catalog::apigateway::rest::{Answer, Rest};
use crate::remediator::{Check, Plan};
use crate::violation::Target;

/// Closes the default endpoint, where a custom domain leads to the API.
pub type CloseDefaultEndpoint = ApiSettings<Closed>;

/// The default endpoint is closed.
#[derive(Debug)]
pub struct Closed;

impl ApiRule for Closed {
    const ID: &'static str = "apigateway-close-default-endpoint";
    const TIER: Tier = Tier::B;
    const READS: &'static [&'static str] = &["/domainnames"];

    fn plan(_: &Target, before: &Api) -> Plan<Api> {
        if before.closed { Plan::Nothing } else { before.with(|after| after.closed = true) }
    }

    async fn check(rest: &Rest, api: &str, before: &Api) -> Answer<Check> {
        let mapped = rest.mapped(api).await?;
        if mapped.is_empty() {
            let why = "no custom domain leads to it: closing would cut it off";
            return Ok(Check::Refuse(why.to_owned()));
        }
        // A mapping without a stage leads to all of them.
        let all = mapped.contains(&None);
        let stages =
            before.stages.keys().filter(|stage| !all && !mapped.contains(&Some((*stage).clone())));
        let cut: BTreeSet<&str> = stages.map(String::as_str).collect();
        let cut = cut.into_iter().collect::<Vec<_>>().join(", ");
        Ok(if cut.is_empty() {
            Check::Go
        } else {
            Check::Ask(format!(
                "no custom domain leads to these stages, which would be cut off: {cut}"
            ))
        })
    }
}
