//! A custom domain has a TLS policy that is accepted.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::DomainNameStatus;
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};

use crate::access::aws::Aws;
use crate::access::pace::Pace;
use crate::catalog::apigateway::names::{arn, domain};
use crate::catalog::apigateway::rest::{Answer, refused, replace, unread};
use crate::catalog::apigateway::tls::Wanted;
use crate::catalog::apigatewayv2::http::Http;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// The policy to set unless the policy's header names another.
const DEFAULT: &str = "TLS_1_2";

/// Sets the TLS policy of a domain, with the companion that an enhanced policy needs.
///
/// The update takes about a quarter of an hour, during which the message comes again.
#[derive(Clone, Debug)]
pub struct DomainTlsPolicy {
    client: Client,
    http: Http,
    pace: Pace,
}

/// A domain's TLS policy, and what it must go with.
///
/// Source: Amazon API Gateway API Reference, `DomainName`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainTls {
    /// Its TLS policy.
    pub policy: String,
    /// The companion of an enhanced policy.
    pub access: Option<String>,
    /// Its endpoint types.
    pub endpoints: Vec<String>,
    /// Its clients show certificates.
    pub mutual: bool,
}

impl From<Aws> for DomainTlsPolicy {
    fn from(aws: Aws) -> Self {
        let http = Http::from(&aws);
        DomainTlsPolicy { client: Client::new(&aws.config), http, pace: aws.pace }
    }
}

impl Remediator for DomainTlsPolicy {
    type State = DomainTls;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "apigateway-domain-tls-policy",
        permissions: &["apigateway:GET", "apigateway:PATCH"],
        tier: Some(Tier::B),
        with: crate::catalog::apigateway::tls::WITH,
        arns: |target| {
            let name = domain(target).unwrap_or_default();
            vec![arn(target, &format!("/domainnames/{name}"))]
        },
        // What it leads to, and which kind of API that is, is asked of the API.
        reads: |target| {
            let name = domain(target).unwrap_or_default();
            vec![arn(target, &format!("/domainnames/{name}/*")), arn(target, "/apis/*")]
        },
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &DomainTls, _: &DomainTls) -> Vec<&'static str> {
        vec!["apigateway:PATCH"]
    }

    async fn observe(&self, target: &Target) -> Answer<DomainTls> {
        let told = self.client.get_domain_name().domain_name(domain(target)?).send().await;
        let told = told.map_err(refused)?;
        match told.domain_name_status {
            Some(DomainNameStatus::Available) => {}
            Some(status) => {
                return Err(RefusedByAws::Later(format!("the domain is {}", status.as_str())));
            }
            None => return Err(unread("GetDomainName")),
        }
        let endpoints = told.endpoint_configuration.and_then(|endpoint| endpoint.types);
        let endpoints = endpoints.ok_or_else(|| unread("GetDomainName"))?;
        let policy = told.security_policy.ok_or_else(|| unread("GetDomainName"))?;
        Ok(DomainTls {
            policy: policy.as_str().to_owned(),
            access: told.endpoint_access_mode.map(|mode| mode.as_str().to_owned()),
            endpoints: endpoints.iter().map(|kind| kind.as_str().to_owned()).collect(),
            mutual: told.mutual_tls_authentication.is_some(),
        })
    }

    fn plan(&self, target: &Target, before: &DomainTls) -> Plan<DomainTls> {
        let wanted = match Wanted::of(target, DEFAULT) {
            Ok(wanted) => wanted,
            Err(why) => return Plan::Refuse(why),
        };
        if wanted.accepts(&before.policy) {
            return Plan::Nothing;
        }
        if let Some(why) = wanted.misfit(&before.endpoints) {
            return Plan::leave(why);
        }
        if !wanted.is_enhanced() {
            return Plan::Change(DomainTls { policy: wanted.policy, ..before.clone() });
        }
        if before.mutual {
            let policy = &wanted.policy;
            return Plan::leave(format!("`{policy}` does not go with the domain's mutual TLS"));
        }
        let access = Some(wanted.access);
        Plan::Change(DomainTls { policy: wanted.policy, access, ..before.clone() })
    }

    /// Source: Amazon API Gateway Developer Guide, "Supported security policies": enhanced policies do not go
    /// with HTTP APIs.
    async fn precheck(&self, target: &Target, _: &DomainTls, after: &DomainTls) -> Answer<Check> {
        if !Wanted::of(target, DEFAULT).is_ok_and(|wanted| wanted.is_enhanced()) {
            return Ok(Check::Go);
        }
        for mapping in self.http.mappings(&domain(target)?).await? {
            let api = mapping.api_id.ok_or_else(|| unread("GetApiMappings"))?;
            match self.http.is_exportable(&api).await {
                // It is a REST API.
                Err(RefusedByAws::Gone) => {}
                Err(refused) => return Err(refused),
                Ok(_) => {
                    return Ok(Check::Refuse(format!(
                        "the domain leads to API `{api}`, which is no REST API: `{}` does not go \
                         with it",
                        after.policy
                    )));
                }
            }
        }
        Ok(Check::Go)
    }

    async fn apply(&self, target: &Target, state: &DomainTls) -> Answer<()> {
        let now = self.observe(target).await?;
        let mut patches = Vec::new();
        if now.policy != state.policy {
            patches.push(replace("/securityPolicy", &state.policy));
        }
        if let Some(access) =
            state.access.as_ref().filter(|wanted| now.access.as_ref() != Some(*wanted))
        {
            patches.push(replace("/endpointAccessMode", access));
        }
        if patches.is_empty() {
            return Ok(());
        }
        self.pace.wait("UpdateDomainName").await;
        let update = self.client.update_domain_name().domain_name(domain(target)?);
        let update = update.set_patch_operations(Some(patches));
        update.send().await.map_err(refused).map(drop)
    }

    /// A companion that was not there before stays: API Gateway cannot take it away.
    fn reached(seen: &DomainTls, wanted: &DomainTls) -> bool {
        let access = wanted.access.clone().or_else(|| seen.access.clone());
        *seen == DomainTls { access, ..wanted.clone() }
    }
}
