//! Stages and deployments of a REST API: what is served, apart from what is drafted.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::builders::PatchOperationBuilder;
use aws_sdk_apigateway::types::{Op, PatchOperation, Resource, Stage};
use evenkeel_client::CallError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::draft::{self, Draft};
use crate::access::aws::Aws;
use crate::access::pace::Pace;
use crate::remediator::aws_failure::refusal;
use crate::remediator::{Check, RefusedByAws};

/// A page of resources is at most this long.
///
/// Source: Amazon API Gateway API Reference, `GetResources`, `limit`.
const PAGE: i32 = 500;

/// Which deployment a stage serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Deployment {
    /// This one.
    Is(String),
    /// One that is made after this one: API Gateway chooses its id.
    After(String),
}

impl Deployment {
    /// Whether a stage that serves `self` does what is `wanted`.
    pub fn reached(&self, wanted: &Deployment) -> bool {
        match (self, wanted) {
            (Deployment::Is(seen), Deployment::After(former)) => seen != former,
            _ => self == wanted,
        }
    }

    /// A new one.
    pub fn anew(&self) -> Deployment {
        match self {
            Deployment::Is(id) | Deployment::After(id) => Deployment::After(id.clone()),
        }
    }
}

/// What an answer of AWS is, or why there is none.
pub(crate) type Answer<T> = Result<T, RefusedByAws>;

/// API Gateway, for REST APIs.
#[derive(Clone, Debug)]
pub struct Rest {
    pub(crate) client: Client,
    pace: Pace,
}

impl From<&Aws> for Rest {
    fn from(aws: &Aws) -> Self {
        Rest { client: Client::new(&aws.config), pace: aws.pace.clone() }
    }
}

impl Rest {
    /// All stages of an API.
    pub(crate) async fn stages(&self, api: &str) -> Answer<Vec<Stage>> {
        let stages = self.client.get_stages().rest_api_id(api).send().await.map_err(refused)?;
        stages.item.ok_or_else(|| unread("GetStages"))
    }

    /// Which deployment a stage serves.
    pub(crate) fn deployment(stage: &Stage) -> Answer<(String, Deployment)> {
        let (name, id) = (stage.stage_name.clone(), stage.deployment_id.clone());
        let (name, id) = name.zip(id).ok_or_else(|| unread("GetStages"))?;
        Ok((name, Deployment::Is(id)))
    }

    /// Which deployments all stages serve.
    pub(crate) async fn deployments(&self, api: &str) -> Answer<BTreeMap<String, Deployment>> {
        self.stages(api).await?.iter().map(Rest::deployment).collect()
    }

    /// All resources with their methods.
    async fn resources(&self, api: &str) -> Answer<Vec<Resource>> {
        let (mut all, mut position) = (Vec::new(), None);
        loop {
            self.pace.wait("GetResources").await;
            let page = self.client.get_resources().rest_api_id(api).embed("methods").limit(PAGE);
            let page = page.set_position(position).send().await.map_err(refused)?;
            all.extend(page.items.ok_or_else(|| unread("GetResources"))?);
            position = page.position;
            if position.is_none() {
                return Ok(all);
            }
        }
    }

    /// The draft.
    async fn draft(&self, api: &str) -> Answer<Draft> {
        let resources = self.resources(api).await?;
        let authorizers = self.client.get_authorizers().rest_api_id(api).limit(PAGE).send().await;
        let responses =
            self.client.get_gateway_responses().rest_api_id(api).limit(PAGE).send().await;
        let rest_api = self.client.get_rest_api().rest_api_id(api).send().await.map_err(refused)?;
        Ok(Draft {
            resources,
            authorizers: authorizers
                .map_err(refused)?
                .items
                .ok_or_else(|| unread("GetAuthorizers"))?,
            responses: responses
                .map_err(refused)?
                .items
                .ok_or_else(|| unread("GetGatewayResponses"))?,
            policy: rest_api.policy,
        })
    }

    /// Whether deployments to stages would publish what others have drafted.
    pub(crate) async fn guard(
        &self,
        api: &str,
        stages: impl Iterator<Item = &String>,
        ours: Option<&str>,
    ) -> Answer<Check> {
        let mut questions = Vec::new();
        let mut draft = None;
        for stage in stages {
            let export = self.export(api, stage).await?;
            let served = draft::served(&export).ok_or_else(|| unread("GetExport"))?;
            let drafted = match &draft {
                Some(drafted) => drafted,
                None => draft.insert(self.draft(api).await?.operations()),
            };
            questions.extend(draft::question(stage, &draft::others(drafted, &served, ours)));
        }
        Ok(if questions.is_empty() { Check::Go } else { Check::Ask(questions.join("; ")) })
    }

    /// What a stage serves, as `OpenAPI` 3.0 with API Gateway's extensions.
    pub(crate) async fn export(&self, api: &str, stage: &str) -> Answer<Value> {
        let export = self.client.get_export().rest_api_id(api).stage_name(stage);
        let export = export.export_type("oas30").accepts("application/json");
        let export = export.parameters("extensions", "apigateway").send().await.map_err(refused)?;
        let body = export.body.ok_or_else(|| unread("GetExport"))?;
        serde_json::from_slice(body.as_ref()).map_err(|_| unread("GetExport"))
    }

    /// Whether a method wants signed requests.
    pub(crate) async fn signs(&self, api: &str) -> Answer<bool> {
        let resources = self.resources(api).await?;
        let methods = resources
            .iter()
            .flat_map(|one| one.resource_methods.iter().flat_map(|all| all.values()));
        let mut kinds = methods.map(|method| method.authorization_type.as_deref());
        Ok(kinds.any(|kind| kind == Some("AWS_IAM")))
    }

    /// The stages of an API that custom domains lead to; none stands for all of them.
    pub(crate) async fn mapped(&self, api: &str) -> Answer<BTreeSet<Option<String>>> {
        let (mut stages, mut position) = (BTreeSet::new(), None);
        loop {
            let page = self.client.get_domain_names().limit(PAGE).set_position(position);
            let page = page.send().await.map_err(refused)?;
            for domain in page.items.ok_or_else(|| unread("GetDomainNames"))? {
                let name = domain.domain_name.ok_or_else(|| unread("GetDomainNames"))?;
                self.mapped_by(&name, api, &mut stages).await?;
            }
            position = page.position;
            if position.is_none() {
                return Ok(stages);
            }
        }
    }

    async fn mapped_by(
        &self,
        domain: &str,
        api: &str,
        stages: &mut BTreeSet<Option<String>>,
    ) -> Answer<()> {
        let mut position = None;
        loop {
            let page = self.client.get_base_path_mappings().domain_name(domain).limit(PAGE);
            let page = page.set_position(position).send().await.map_err(refused)?;
            let mappings = page.items.ok_or_else(|| unread("GetBasePathMappings"))?;
            let ours = mappings.into_iter().filter(|one| one.rest_api_id.as_deref() == Some(api));
            stages.extend(ours.map(|one| one.stage.filter(|stage| !stage.is_empty())));
            position = page.position;
            if position.is_none() {
                return Ok(());
            }
        }
    }

    /// Lets stages serve what is wanted: a former deployment, or a new one of the draft.
    pub(crate) async fn deploy<'a>(
        &self,
        api: &str,
        wanted: impl Iterator<Item = (&'a String, &'a Deployment)>,
    ) -> Answer<()> {
        let now = self.deployments(api).await?;
        for (stage, wanted) in wanted {
            let Some(seen) = now.get(stage) else { continue };
            if seen.reached(wanted) {
                continue;
            }
            match wanted {
                Deployment::Is(id) => {
                    let update = self.client.update_stage().rest_api_id(api).stage_name(stage);
                    let update = update.patch_operations(replace("/deploymentId", id));
                    update.send().await.map_err(refused)?;
                }
                Deployment::After(_) => {
                    self.pace.wait("CreateDeployment").await;
                    let create = self.client.create_deployment().rest_api_id(api).stage_name(stage);
                    let create = create.description("Evenkeel: compliant configuration restored");
                    create.send().await.map_err(refused)?;
                }
            }
        }
        Ok(())
    }
}

/// The IAM actions that deployments take.
pub(crate) fn deploy_calls<'a>(
    changes: impl Iterator<Item = (&'a Deployment, &'a Deployment)>,
) -> Vec<&'static str> {
    let mut calls: Vec<_> = changes
        .filter(|(from, to)| !from.reached(to))
        .map(|(_, to)| match to {
            Deployment::Is(_) => "apigateway:PATCH",
            Deployment::After(_) => "apigateway:POST",
        })
        .collect();
    calls.sort_unstable();
    calls.dedup();
    calls
}

/// A patch that sets a value.
pub(crate) fn replace(path: &str, value: &str) -> PatchOperation {
    patch(Op::Replace, path).value(value).build()
}

/// A patch that takes a value away.
pub(crate) fn remove(path: &str) -> PatchOperation {
    patch(Op::Remove, path).build()
}

fn patch(op: Op, path: &str) -> PatchOperationBuilder {
    PatchOperation::builder().op(op).path(path)
}

/// An answer that does not tell all.
pub(crate) fn unread(call: &str) -> RefusedByAws {
    RefusedByAws::Later(format!("{call} did not tell all that it should"))
}

/// Source: Amazon API Gateway API Reference, errors of its operations.
pub(crate) fn refused(error: impl Into<CallError>) -> RefusedByAws {
    const GONE: &[&str] = &["NotFoundException"];
    // What is not possible now will not be possible when it is asked again.
    const DENIED: &[&str] = &["UnauthorizedException", "BadRequestException"];
    refusal(error, GONE, DENIED)
}
