//! A custom domain has a TLS policy that is accepted.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::DomainNameStatus;
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};

use crate::access::connection::AwsConnection;
use crate::access::rate_limit::RateLimiter;
use crate::catalog::apigateway::resource_ids::{build_gateway_arn, parse_domain_name};
use crate::catalog::apigateway::rest_client::{
    AwsResult, classify_gateway_error, incomplete_response, replace_operation,
};
use crate::catalog::apigateway::tls_policy::TlsPolicyRequirement;
use crate::catalog::apigatewayv2::http_client::HttpApiClient;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The policy to set unless the policy's header names another.
const DEFAULT_POLICY: &str = "TLS_1_2";

/// Sets the TLS policy of a domain, with the companion that an enhanced policy needs.
///
/// The update takes about a quarter of an hour, during which the message comes again.
#[derive(Clone, Debug)]
pub struct DomainTlsPolicy {
    client: Client,
    http: HttpApiClient,
    rate_limiter: RateLimiter,
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

impl From<AwsConnection> for DomainTlsPolicy {
    fn from(aws: AwsConnection) -> Self {
        let http = HttpApiClient::from(&aws);
        DomainTlsPolicy { client: Client::new(&aws.config), http, rate_limiter: aws.rate_limiter }
    }
}

impl Remediator for DomainTlsPolicy {
    type State = DomainTls;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "apigateway-domain-tls-policy",
        permissions: &["apigateway:GET", "apigateway:PATCH"],
        tier: Some(SafetyTier::B),
        parameter_names: crate::catalog::apigateway::tls_policy::PARAMETER_NAMES,
        resource_arns: |target| {
            let name = parse_domain_name(target).unwrap_or_default();
            vec![build_gateway_arn(target, &format!("/domainnames/{name}"))]
        },
        // What it leads to, and which kind of API that is, is asked of the API.
        read_only_arns: |target| {
            let name = parse_domain_name(target).unwrap_or_default();
            vec![
                build_gateway_arn(target, &format!("/domainnames/{name}/*")),
                build_gateway_arn(target, "/apis/*"),
            ]
        },
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &DomainTls, _: &DomainTls) -> Vec<&'static str> {
        vec!["apigateway:PATCH"]
    }

    async fn observe_state(&self, target: &TargetResource) -> AwsResult<DomainTls> {
        let told =
            self.client.get_domain_name().domain_name(parse_domain_name(target)?).send().await;
        let told = told.map_err(classify_gateway_error)?;
        match told.domain_name_status {
            Some(DomainNameStatus::Available) => {}
            Some(status) => {
                return Err(AwsFailure::Retryable(format!("the domain is {}", status.as_str())));
            }
            None => return Err(incomplete_response("GetDomainName")),
        }
        let endpoints = told.endpoint_configuration.and_then(|endpoint| endpoint.types);
        let endpoints = endpoints.ok_or_else(|| incomplete_response("GetDomainName"))?;
        let policy = told.security_policy.ok_or_else(|| incomplete_response("GetDomainName"))?;
        Ok(DomainTls {
            policy: policy.as_str().to_owned(),
            access: told.endpoint_access_mode.map(|mode| mode.as_str().to_owned()),
            endpoints: endpoints.iter().map(|kind| kind.as_str().to_owned()).collect(),
            mutual: told.mutual_tls_authentication.is_some(),
        })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &DomainTls,
    ) -> RemediationPlan<DomainTls> {
        let wanted = match TlsPolicyRequirement::from_target(target, DEFAULT_POLICY) {
            Ok(wanted) => wanted,
            Err(why) => return RemediationPlan::Refuse(why),
        };
        if wanted.accepts_policy(&before.policy) {
            return RemediationPlan::Nothing;
        }
        if let Some(why) = wanted.find_incompatibility(&before.endpoints) {
            return RemediationPlan::leave_to_person(why);
        }
        if !wanted.is_enhanced() {
            return RemediationPlan::Change(DomainTls { policy: wanted.policy, ..before.clone() });
        }
        if before.mutual {
            let policy = &wanted.policy;
            return RemediationPlan::leave_to_person(format!(
                "`{policy}` does not go with the domain's mutual TLS"
            ));
        }
        let access = Some(wanted.access);
        RemediationPlan::Change(DomainTls { policy: wanted.policy, access, ..before.clone() })
    }

    /// Source: Amazon API Gateway Developer Guide, "Supported security policies": enhanced policies do not go
    /// with HTTP APIs.
    async fn check_preconditions(
        &self,
        target: &TargetResource,
        _: &DomainTls,
        after: &DomainTls,
    ) -> AwsResult<PrecheckResult> {
        if !TlsPolicyRequirement::from_target(target, DEFAULT_POLICY)
            .is_ok_and(|wanted| wanted.is_enhanced())
        {
            return Ok(PrecheckResult::Proceed);
        }
        for mapping in self.http.list_mappings(&parse_domain_name(target)?).await? {
            let api = mapping.api_id.ok_or_else(|| incomplete_response("GetApiMappings"))?;
            match self.http.is_exportable(&api).await {
                // It is a REST API.
                Err(AwsFailure::NotFound) => {}
                Err(refused) => return Err(refused),
                Ok(_) => {
                    return Ok(PrecheckResult::Abort(format!(
                        "the domain leads to API `{api}`, which is no REST API: `{}` does not go \
                         with it",
                        after.policy
                    )));
                }
            }
        }
        Ok(PrecheckResult::Proceed)
    }

    async fn apply_state(&self, target: &TargetResource, state: &DomainTls) -> AwsResult<()> {
        let now = self.observe_state(target).await?;
        let mut patches = Vec::new();
        if now.policy != state.policy {
            patches.push(replace_operation("/securityPolicy", &state.policy));
        }
        if let Some(access) =
            state.access.as_ref().filter(|wanted| now.access.as_ref() != Some(*wanted))
        {
            patches.push(replace_operation("/endpointAccessMode", access));
        }
        if patches.is_empty() {
            return Ok(());
        }
        self.rate_limiter.wait_for_turn("UpdateDomainName").await;
        let update = self.client.update_domain_name().domain_name(parse_domain_name(target)?);
        let update = update.set_patch_operations(Some(patches));
        update.send().await.map_err(classify_gateway_error).map(drop)
    }

    /// A companion that was not there before stays: API Gateway cannot take it away.
    fn has_reached(seen: &DomainTls, wanted: &DomainTls) -> bool {
        let access = wanted.access.clone().or_else(|| seen.access.clone());
        *seen == DomainTls { access, ..wanted.clone() }
    }
}
