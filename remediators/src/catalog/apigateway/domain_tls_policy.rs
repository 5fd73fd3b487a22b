//! Sets the TLS policy of custom domains.

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

/// The TLS policy to set if the policy header has no parameter `policy`.
const DEFAULT_POLICY: &str = "TLS_1_2";

/// A remediator that sets the TLS policy of a custom domain. It also sets the endpoint access mode
/// if the TLS policy is an enhanced policy, which needs one.
///
/// AWS needs about 15 minutes for the update. During this time, the message of the finding is
/// delivered again until the update is complete.
#[derive(Clone, Debug)]
pub struct DomainTlsPolicy {
    client: Client,
    http: HttpApiClient,
    rate_limiter: RateLimiter,
}

/// The TLS policy of a custom domain, and the settings that it must be compatible with.
///
/// Source: Amazon API Gateway API Reference, `DomainName`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainTls {
    /// The TLS policy.
    pub policy: String,
    /// The endpoint access mode of an enhanced TLS policy.
    pub access: Option<String>,
    /// The endpoint types.
    pub endpoints: Vec<String>,
    /// True if the domain uses mutual TLS.
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
        // The mappings of the domain and the types of the mapped APIs are read from AWS.
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
        let response =
            self.client.get_domain_name().domain_name(parse_domain_name(target)?).send().await;
        let response = response.map_err(classify_gateway_error)?;
        match response.domain_name_status {
            Some(DomainNameStatus::Available) => {}
            Some(status) => {
                let why =
                    format!("the custom domain has status {}; try again later", status.as_str());
                return Err(AwsFailure::Retryable(why));
            }
            None => return Err(incomplete_response("GetDomainName")),
        }
        let endpoints = response.endpoint_configuration.and_then(|endpoint| endpoint.types);
        let endpoints = endpoints.ok_or_else(|| incomplete_response("GetDomainName"))?;
        let policy =
            response.security_policy.ok_or_else(|| incomplete_response("GetDomainName"))?;
        Ok(DomainTls {
            policy: policy.as_str().to_owned(),
            access: response.endpoint_access_mode.map(|mode| mode.as_str().to_owned()),
            endpoints: endpoints.iter().map(|kind| kind.as_str().to_owned()).collect(),
            mutual: response.mutual_tls_authentication.is_some(),
        })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &DomainTls,
    ) -> RemediationPlan<DomainTls> {
        let required = match TlsPolicyRequirement::from_target(target, DEFAULT_POLICY) {
            Ok(required) => required,
            Err(why) => return RemediationPlan::Refuse(why),
        };
        if required.accepts_policy(&before.policy) {
            return RemediationPlan::Nothing;
        }
        if let Some(why) = required.find_incompatibility(&before.endpoints) {
            return RemediationPlan::leave_to_person(why);
        }
        if !required.is_enhanced() {
            return RemediationPlan::Change(DomainTls {
                policy: required.policy,
                ..before.clone()
            });
        }
        if before.mutual {
            let policy = &required.policy;
            return RemediationPlan::leave_to_person(format!(
                "TLS policy `{policy}` does not support mutual TLS, which the custom domain uses; \
                 set another `policy` in the policy header"
            ));
        }
        let access = Some(required.access);
        RemediationPlan::Change(DomainTls { policy: required.policy, access, ..before.clone() })
    }

    /// Rejects an enhanced TLS policy for a domain that is mapped to an HTTP or WebSocket API.
    ///
    /// Source: Amazon API Gateway Developer Guide, "Supported security policies": HTTP APIs do not
    /// support enhanced policies.
    async fn check_preconditions(
        &self,
        target: &TargetResource,
        _: &DomainTls,
        after: &DomainTls,
    ) -> AwsResult<PrecheckResult> {
        if !TlsPolicyRequirement::from_target(target, DEFAULT_POLICY)
            .is_ok_and(|required| required.is_enhanced())
        {
            return Ok(PrecheckResult::Proceed);
        }
        for mapping in self.http.list_mappings(&parse_domain_name(target)?).await? {
            let api = mapping.api_id.ok_or_else(|| incomplete_response("GetApiMappings"))?;
            match self.http.is_exportable(&api).await {
                // The API is a REST API.
                Err(AwsFailure::NotFound) => {}
                Err(refused) => return Err(refused),
                Ok(_) => {
                    return Ok(PrecheckResult::Abort(format!(
                        "the custom domain is mapped to API `{api}`, which is not a REST API; TLS \
                         policy `{}` supports REST APIs only, so set another `policy` in the \
                         policy header",
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

    /// Ignores a new endpoint access mode after an undo, because API Gateway cannot remove the
    /// mode.
    fn has_reached(seen: &DomainTls, wanted: &DomainTls) -> bool {
        let access = wanted.access.clone().or_else(|| seen.access.clone());
        *seen == DomainTls { access, ..wanted.clone() }
    }
}
