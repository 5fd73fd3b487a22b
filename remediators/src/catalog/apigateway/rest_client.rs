//! The client for REST APIs: stages, deployments, drafts and exports.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::types::builders::PatchOperationBuilder;
use aws_sdk_apigateway::types::{Op, PatchOperation, Resource, Stage};
use evenkeel_client::CallError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::published_definitions::DraftedDefinitions;
use super::undeployed_changes::{self, ApiDraft};
use crate::access::connection::AwsConnection;
use crate::access::rate_limit::RateLimiter;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::{AwsFailure, PrecheckResult};

/// The maximum number of items on a page.
///
/// Source: Amazon API Gateway API Reference, `GetResources`, `limit`.
const PAGE_SIZE: i32 = 500;

/// The deployment that a stage serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ServedDeployment {
    /// The deployment with this id. Observed states contain this variant.
    Is(String),
    /// A new deployment after the deployment with this id. Planned states contain this variant,
    /// because API Gateway chooses the id of the new deployment.
    After(String),
}

impl ServedDeployment {
    /// Returns whether a stage that serves `self` satisfies `wanted`.
    pub fn has_reached(&self, wanted: &ServedDeployment) -> bool {
        match (self, wanted) {
            (ServedDeployment::Is(seen), ServedDeployment::After(former)) => seen != former,
            _ => self == wanted,
        }
    }

    /// Returns a new deployment after this one.
    pub fn next_deployment(&self) -> ServedDeployment {
        match self {
            ServedDeployment::Is(id) | ServedDeployment::After(id) => {
                ServedDeployment::After(id.clone())
            }
        }
    }
}

/// The result of an AWS call.
pub(crate) type AwsResult<T> = Result<T, AwsFailure>;

/// A client of API Gateway for REST APIs.
#[derive(Clone, Debug)]
pub struct RestApiClient {
    pub(crate) client: Client,
    rate_limiter: RateLimiter,
}

impl From<&AwsConnection> for RestApiClient {
    fn from(aws: &AwsConnection) -> Self {
        RestApiClient { client: Client::new(&aws.config), rate_limiter: aws.rate_limiter.clone() }
    }
}

impl RestApiClient {
    /// Reads all stages of an API.
    pub(crate) async fn list_stages(&self, api: &str) -> AwsResult<Vec<Stage>> {
        let stages = self
            .client
            .get_stages()
            .rest_api_id(api)
            .send()
            .await
            .map_err(classify_gateway_error)?;
        stages.item.ok_or_else(|| incomplete_response("GetStages"))
    }

    /// Returns the name of a stage and its deployment.
    pub(crate) fn read_stage_deployment(stage: &Stage) -> AwsResult<(String, ServedDeployment)> {
        let (name, id) = (stage.stage_name.clone(), stage.deployment_id.clone());
        let (name, id) = name.zip(id).ok_or_else(|| incomplete_response("GetStages"))?;
        Ok((name, ServedDeployment::Is(id)))
    }

    /// Reads the deployments of all stages, by stage name.
    pub(crate) async fn list_deployments(
        &self,
        api: &str,
    ) -> AwsResult<BTreeMap<String, ServedDeployment>> {
        self.list_stages(api).await?.iter().map(RestApiClient::read_stage_deployment).collect()
    }

    /// Reads all resources with their methods.
    async fn list_resources(&self, api: &str) -> AwsResult<Vec<Resource>> {
        let (mut all, mut position) = (Vec::new(), None);
        loop {
            self.rate_limiter.wait_for_turn("GetResources").await;
            let page =
                self.client.get_resources().rest_api_id(api).embed("methods").limit(PAGE_SIZE);
            let page = page.set_position(position).send().await.map_err(classify_gateway_error)?;
            all.extend(page.items.ok_or_else(|| incomplete_response("GetResources"))?);
            position = page.position;
            if position.is_none() {
                return Ok(all);
            }
        }
    }

    /// Reads the draft of an API.
    async fn read_draft(&self, api: &str) -> AwsResult<ApiDraft> {
        let resources = self.list_resources(api).await?;
        let responses =
            self.client.get_gateway_responses().rest_api_id(api).limit(PAGE_SIZE).send().await;
        let rest_api = self
            .client
            .get_rest_api()
            .rest_api_id(api)
            .send()
            .await
            .map_err(classify_gateway_error)?;
        Ok(ApiDraft {
            resources,
            responses: responses
                .map_err(classify_gateway_error)?
                .items
                .ok_or_else(|| incomplete_response("GetGatewayResponses"))?,
            policy: rest_api.policy.clone(),
            definitions: self.read_definitions(api, rest_api).await?,
        })
    }

    /// Reads the authorizers, request validators and models in the draft of an API.
    async fn read_definitions(
        &self,
        api: &str,
        settings: GetRestApiOutput,
    ) -> AwsResult<DraftedDefinitions> {
        let authorizers =
            self.client.get_authorizers().rest_api_id(api).limit(PAGE_SIZE).send().await;
        let validators =
            self.client.get_request_validators().rest_api_id(api).limit(PAGE_SIZE).send().await;
        let models = self.client.get_models().rest_api_id(api).limit(PAGE_SIZE).send().await;
        Ok(DraftedDefinitions {
            authorizers: authorizers
                .map_err(classify_gateway_error)?
                .items
                .ok_or_else(|| incomplete_response("GetAuthorizers"))?,
            validators: validators
                .map_err(classify_gateway_error)?
                .items
                .ok_or_else(|| incomplete_response("GetRequestValidators"))?,
            models: models
                .map_err(classify_gateway_error)?
                .items
                .ok_or_else(|| incomplete_response("GetModels"))?,
            binary_media_types: settings.binary_media_types.unwrap_or_default(),
            minimum_compression_size: settings.minimum_compression_size,
            api_key_source: settings.api_key_source.map(|source| source.as_str().to_owned()),
            is_endpoint_disabled: settings.disable_execute_api_endpoint,
        })
    }

    /// Asks for an approval if deployments to `stages` would publish other undeployed changes.
    /// `ours` are the names of the parts of the API that the remediation changes.
    pub(crate) async fn check_undeployed_changes(
        &self,
        api: &str,
        stages: impl Iterator<Item = &String>,
        ours: &[&str],
    ) -> AwsResult<PrecheckResult> {
        let mut questions = Vec::new();
        let mut draft = None;
        for stage in stages {
            let export = self.export_stage(api, stage).await?;
            let served = undeployed_changes::parse_served_operations(&export)
                .ok_or_else(|| incomplete_response("GetExport"))?;
            let drafted = match &draft {
                Some(drafted) => drafted,
                None => draft.insert(self.read_draft(api).await?.to_operations()),
            };
            questions.extend(undeployed_changes::describe_other_changes(
                stage,
                &undeployed_changes::list_other_changes(drafted, &served, ours),
            ));
        }
        Ok(if questions.is_empty() {
            PrecheckResult::Proceed
        } else {
            PrecheckResult::RequireApproval(questions.join("; "))
        })
    }

    /// Exports the deployment of a stage as `OpenAPI` 3.0 with the extensions of API Gateway.
    pub(crate) async fn export_stage(&self, api: &str, stage: &str) -> AwsResult<Value> {
        let export = self.client.get_export().rest_api_id(api).stage_name(stage);
        let export = export.export_type("oas30").accepts("application/json");
        let export = export
            .parameters("extensions", "apigateway")
            .send()
            .await
            .map_err(classify_gateway_error)?;
        let body = export.body.ok_or_else(|| incomplete_response("GetExport"))?;
        serde_json::from_slice(body.as_ref()).map_err(|_| incomplete_response("GetExport"))
    }

    /// Returns whether a method of the API requires signed requests (IAM authorization).
    pub(crate) async fn requires_signed_requests(&self, api: &str) -> AwsResult<bool> {
        let resources = self.list_resources(api).await?;
        let methods = resources
            .iter()
            .flat_map(|one| one.resource_methods.iter().flat_map(|all| all.values()));
        let mut kinds = methods.map(|method| method.authorization_type.as_deref());
        Ok(kinds.any(|kind| kind == Some("AWS_IAM")))
    }

    /// Reads the stages of an API to which custom domains are mapped. The element `None` means all
    /// stages.
    pub(crate) async fn list_mapped_stages(
        &self,
        api: &str,
    ) -> AwsResult<BTreeSet<Option<String>>> {
        let (mut stages, mut position) = (BTreeSet::new(), None);
        loop {
            let page = self.client.get_domain_names().limit(PAGE_SIZE).set_position(position);
            let page = page.send().await.map_err(classify_gateway_error)?;
            for domain in page.items.ok_or_else(|| incomplete_response("GetDomainNames"))? {
                let name =
                    domain.domain_name.ok_or_else(|| incomplete_response("GetDomainNames"))?;
                self.collect_domain_mappings(&name, api, &mut stages).await?;
            }
            position = page.position;
            if position.is_none() {
                return Ok(stages);
            }
        }
    }

    /// Adds the stages of an API to which one custom domain is mapped.
    async fn collect_domain_mappings(
        &self,
        domain: &str,
        api: &str,
        stages: &mut BTreeSet<Option<String>>,
    ) -> AwsResult<()> {
        let mut position = None;
        loop {
            let page = self.client.get_base_path_mappings().domain_name(domain).limit(PAGE_SIZE);
            let page = page.set_position(position).send().await.map_err(classify_gateway_error)?;
            let mappings = page.items.ok_or_else(|| incomplete_response("GetBasePathMappings"))?;
            let ours = mappings.into_iter().filter(|one| one.rest_api_id.as_deref() == Some(api));
            stages.extend(ours.map(|one| one.stage.filter(|stage| !stage.is_empty())));
            position = page.position;
            if position.is_none() {
                return Ok(());
            }
        }
    }

    /// Sets the deployment of each stage in `wanted`: an earlier deployment, or a new deployment of
    /// the draft.
    pub(crate) async fn deploy_stages<'a>(
        &self,
        api: &str,
        wanted: impl Iterator<Item = (&'a String, &'a ServedDeployment)>,
    ) -> AwsResult<()> {
        let now = self.list_deployments(api).await?;
        for (stage, wanted) in wanted {
            let Some(seen) = now.get(stage) else { continue };
            if seen.has_reached(wanted) {
                continue;
            }
            match wanted {
                ServedDeployment::Is(id) => {
                    let update = self.client.update_stage().rest_api_id(api).stage_name(stage);
                    let update = update.patch_operations(replace_operation("/deploymentId", id));
                    update.send().await.map_err(classify_gateway_error)?;
                }
                ServedDeployment::After(_) => {
                    self.rate_limiter.wait_for_turn("CreateDeployment").await;
                    let create = self.client.create_deployment().rest_api_id(api).stage_name(stage);
                    let create = create.description("Evenkeel: compliant configuration restored");
                    create.send().await.map_err(classify_gateway_error)?;
                }
            }
        }
        Ok(())
    }
}

/// Returns the IAM actions that the deployments need.
pub(crate) fn list_deploy_actions<'a>(
    changes: impl Iterator<Item = (&'a ServedDeployment, &'a ServedDeployment)>,
) -> Vec<&'static str> {
    let mut calls: Vec<_> = changes
        .filter(|(from, to)| !from.has_reached(to))
        .map(|(_, to)| match to {
            ServedDeployment::Is(_) => "apigateway:PATCH",
            ServedDeployment::After(_) => "apigateway:POST",
        })
        .collect();
    calls.sort_unstable();
    calls.dedup();
    calls
}

/// Returns a patch operation that sets a value.
pub(crate) fn replace_operation(path: &str, value: &str) -> PatchOperation {
    patch_operation(Op::Replace, path).value(value).build()
}

/// Returns a patch operation that removes a value.
pub(crate) fn remove_operation(path: &str) -> PatchOperation {
    patch_operation(Op::Remove, path).build()
}

fn patch_operation(op: Op, path: &str) -> PatchOperationBuilder {
    PatchOperation::builder().op(op).path(path)
}

/// Returns the failure for a response without an expected part. `call` is the name of the
/// operation.
pub(crate) fn incomplete_response(call: &str) -> AwsFailure {
    AwsFailure::Retryable(format!("API Gateway returned an incomplete response ({call})"))
}

/// Classifies an error.
///
/// Source: Amazon API Gateway API Reference, errors of its operations.
pub(crate) fn classify_gateway_error(error: impl Into<CallError>) -> AwsFailure {
    const GONE: &[&str] = &["NotFoundException"];
    // A retry of a request with one of these codes fails again.
    const DENIED: &[&str] = &["UnauthorizedException", "BadRequestException"];
    classify_error(error, GONE, DENIED)
}
