//! A resource's properties are what the policy says, by AWS Cloud Control.

pub(crate) mod properties;
mod resource_types;

pub use resource_types::{PatchError, ResourceType};

use std::time::Duration;

use evenkeel_client::ServiceClient;
use evenkeel_client::clock::current_millis;
use evenkeel_rules::apply_merge_patch;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::permission::PermissionStatement;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PlanRefusal, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// Sets properties of a resource of any type that Cloud Control can update: those that the policy's `patch` names. An undo
/// sets them back.
///
/// Source: AWS Cloud Control API Reference, `GetResource`, `UpdateResource` and `GetResourceRequestStatus`.
#[derive(Clone, Debug)]
pub struct CloudControl {
    cloud_control: ServiceClient,
}

/// The properties that the patch names, whole; null where there is none. Others may be secret, and are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceProperties {
    /// The type of the resource that they are of.
    #[serde(rename = "type")]
    pub kind: String,
    /// Their values.
    pub properties: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetResourceResponse {
    resource_description: Option<ResourceDescription>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceDescription {
    properties: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProgressResponse {
    progress_event: Option<ProgressEvent>,
}

/// How far a request is.
///
/// Source: AWS Cloud Control API Reference, `ProgressEvent`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProgressEvent {
    error_code: Option<String>,
    operation_status: Option<String>,
    request_token: Option<String>,
    status_message: Option<String>,
}

impl From<AwsConnection> for CloudControl {
    fn from(aws: AwsConnection) -> Self {
        CloudControl { cloud_control: ServiceClient::cloud_control(&aws.config) }
    }
}

impl Remediator for CloudControl {
    type State = ResourceProperties;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "cloud-control",
        permissions: &[
            "cloudformation:GetResource",
            "cloudformation:GetResourceRequestStatus",
            "cloudformation:UpdateResource",
        ],
        // Its own calls are of no resource, and the policy says how safe it is.
        passthrough_permissions: list_forwarded_statements,
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &ResourceProperties, _: &ResourceProperties) -> Vec<&'static str> {
        vec!["cloudformation:UpdateResource"]
    }

    async fn observe_state(
        &self,
        target: &TargetResource,
    ) -> Result<ResourceProperties, AwsFailure> {
        let all = self.read_properties(target).await?;
        let kind = ResourceType::find_by_name(&target.kind);
        let named = target.patch.iter().flat_map(Map::keys);
        let told = |name: &String| {
            let mut value = all.get(name).cloned().unwrap_or(Value::Null);
            if let Some(kind) = &kind {
                properties::sort_unordered_lists(kind, name, &mut value);
            }
            (name.clone(), value)
        };
        Ok(ResourceProperties { kind: target.kind.clone(), properties: named.map(told).collect() })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &ResourceProperties,
    ) -> RemediationPlan<ResourceProperties> {
        let kind = match find_patchable_type(target) {
            Ok(kind) => kind,
            Err(why) => return RemediationPlan::Refuse(why),
        };
        let before = &before.properties;
        let mut after = Value::Object(before.clone());
        apply_merge_patch(&mut after, &Value::Object(target.patch.clone().unwrap_or_default()));
        let Value::Object(mut after) = after else { return RemediationPlan::Nothing };
        for name in before.keys() {
            // A merge patch takes away what it sets to null; here it stays, as null.
            after.entry(name.clone()).or_insert(Value::Null);
        }
        if properties::build_patch(&kind, before, &after).is_empty() {
            RemediationPlan::Nothing
        } else {
            RemediationPlan::Change(ResourceProperties {
                kind: target.kind.clone(),
                properties: after,
            })
        }
    }

    /// What the properties do not tell is what the policy's header asks.
    async fn check_preconditions(
        &self,
        target: &TargetResource,
        _: &ResourceProperties,
        _: &ResourceProperties,
    ) -> Result<PrecheckResult, AwsFailure> {
        Ok(target
            .approval_reason
            .clone()
            .map_or(PrecheckResult::Proceed, PrecheckResult::RequireApproval))
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &ResourceProperties,
    ) -> Result<(), AwsFailure> {
        self.update_properties(target, state, None).await
    }

    async fn apply_state_once(
        &self,
        target: &TargetResource,
        state: &ResourceProperties,
        token: &str,
    ) -> Result<(), AwsFailure> {
        self.update_properties(target, state, Some(token.to_owned())).await
    }

    fn has_reached(seen: &ResourceProperties, wanted: &ResourceProperties) -> bool {
        let kind = ResourceType::find_by_name(&wanted.kind).filter(|_| seen.kind == wanted.kind);
        kind.is_some_and(|kind| {
            properties::build_patch(&kind, &seen.properties, &wanted.properties).is_empty()
        })
    }
}

/// What Cloud Control does in the caller's name: it reads all of the resource, and makes the calls that the policy names.
fn list_forwarded_statements(target: &TargetResource) -> Vec<PermissionStatement> {
    let Some(kind) = ResourceType::find_by_name(&target.kind) else { return Vec::new() };
    let reads = kind.read_actions().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut statements =
        vec![PermissionStatement { action: reads, resource: vec!["*".to_owned()] }];
    for action in &target.actions {
        let resource = list_action_resources(action, target);
        match statements.iter_mut().find(|statement| statement.resource == resource) {
            Some(statement) => statement.action.push(action.clone()),
            None => statements.push(PermissionStatement { action: vec![action.clone()], resource }),
        }
    }
    statements.retain(|statement| !statement.action.is_empty());
    statements
}

impl CloudControl {
    /// All properties that are told.
    async fn read_properties(
        &self,
        target: &TargetResource,
    ) -> Result<Map<String, Value>, AwsFailure> {
        let input = json!({"TypeName": target.kind, "Identifier": target.id});
        let answer = self.cloud_control.call_json("GetResource", &input).await;
        let answer: GetResourceResponse = answer
            .map_err(|error| classify_error(error, NOT_FOUND_CODES, PERMANENT_ERROR_CODES))?;
        let told = answer.resource_description.and_then(|resource| resource.properties);
        let told =
            told.ok_or_else(|| AwsFailure::Retryable("no properties were told".to_owned()))?;
        serde_json::from_str(&told).map_err(|error| {
            AwsFailure::Retryable(format!("the properties cannot be read: {error}"))
        })
    }

    async fn update_properties(
        &self,
        target: &TargetResource,
        state: &ResourceProperties,
        token: Option<String>,
    ) -> Result<(), AwsFailure> {
        let kind =
            find_patchable_type(target).map_err(|why| AwsFailure::Denied(why.to_string()))?;
        let patch =
            properties::build_patch(&kind, &self.read_properties(target).await?, &state.properties);
        if patch.is_empty() {
            return Ok(());
        }
        let patch = Value::Array(patch).to_string();
        // The call may be made again before it is answered; a later one is another.
        let token = token.unwrap_or_else(|| {
            let name = format!("{} {} {patch}", current_millis(), target.id);
            Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
        });
        let input = json!({
            "TypeName": target.kind,
            "Identifier": target.id,
            "PatchDocument": patch,
            "ClientToken": token,
        });
        let answer = self.cloud_control.call_json("UpdateResource", &input).await;
        let answer: ProgressResponse = answer
            .map_err(|error| classify_error(error, NOT_FOUND_CODES, PERMANENT_ERROR_CODES))?;
        self.wait_for_completion(answer.progress_event).await
    }

    /// Waits until a request has ended. Whoever runs this bounds the time.
    async fn wait_for_completion(
        &self,
        mut progress: Option<ProgressEvent>,
    ) -> Result<(), AwsFailure> {
        let mut pause = FIRST_PAUSE;
        loop {
            let event = progress.ok_or_else(|| {
                AwsFailure::Retryable("no progress of the request was told".to_owned())
            })?;
            match event.operation_status.as_deref() {
                Some("SUCCESS") => return Ok(()),
                Some("PENDING" | "IN_PROGRESS") => {}
                _ => return Err(classify_failed_event(&event)),
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            let input = json!({"RequestToken": event.request_token});
            let answer = self.cloud_control.call_json("GetResourceRequestStatus", &input).await;
            let answer: ProgressResponse =
                answer.map_err(|error| classify_error(error, &[], PERMANENT_ERROR_CODES))?;
            progress = answer.progress_event;
        }
    }
}

/// Between two looks at a request's progress. Most of the settings that are repaired take one or two seconds.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Source: AWS Cloud Control API Reference, errors of `GetResource` and `UpdateResource`.
const NOT_FOUND_CODES: &[&str] = &["ResourceNotFoundException"];
/// What will be refused again: to ask once more is in vain.
const PERMANENT_ERROR_CODES: &[&str] = &[
    "InvalidCredentialsException",
    "InvalidRequestException",
    "NotUpdatableException",
    "PrivateTypeException",
    "TypeNotFoundException",
    "UnsupportedActionException",
];

/// Why a request that ended did not succeed.
///
/// Source: AWS Cloud Control API Reference, `ProgressEvent`, and "Handler error codes" of the CloudFormation CLI's guide.
fn classify_failed_event(event: &ProgressEvent) -> AwsFailure {
    let why = event.status_message.as_deref().unwrap_or("no reason was told");
    let code = event.error_code.as_deref().unwrap_or("no code");
    let status = event.operation_status.as_deref().unwrap_or("no status");
    let text = format!("the update ended as {status} ({code}): {why}");
    match code {
        "NotFound" => AwsFailure::NotFound,
        "AccessDenied" | "InvalidCredentials" | "InvalidRequest" | "NotUpdatable" => {
            AwsFailure::Denied(text)
        }
        _ => AwsFailure::Retryable(text),
    }
}

/// The ARNs that an action by which AWS sets a property is on: the resource's own, and others that AWS asks for. `*` where
/// the finding has no ARN.
///
/// Source: Service Authorization Reference, "Actions, resources, and condition keys" of Amazon Kinesis Data Streams and of AWS
/// Network Firewall, whose policies name rule groups, AWS's own among them; Amazon CloudWatch Logs User Guide, "Overview of
/// managing access permissions to your CloudWatch Logs resources", by which all actions on a group but those for tags take
/// its ARN with `:*`. That AWS asks for no more, only AWS can confirm.
fn list_action_resources(action: &str, target: &TargetResource) -> Vec<String> {
    let Some(own) = target.arn.clone() else { return vec!["*".to_owned()] };
    let mut all = vec![own.clone()];
    match action.split_once(':') {
        Some(("logs", _)) if !own.ends_with(":*") => all.push(format!("{own}:*")),
        Some(("kinesis", "StartStreamEncryption" | "StopStreamEncryption")) => {
            all.push(target.build_arn("kms", "key/*"));
        }
        Some(("network-firewall", "UpdateFirewallPolicy")) => {
            for kind in ["stateful-rulegroup", "stateless-rulegroup", "tls-configuration"] {
                all.push(target.build_arn("network-firewall", &format!("{kind}/*")));
            }
            let aws = TargetResource { account: "aws-managed".to_owned(), ..target.clone() };
            all.push(aws.build_arn("network-firewall", "stateful-rulegroup/*"));
        }
        _ => {}
    }
    all
}

/// The target's type, if the patch can be applied to it.
fn find_patchable_type(target: &TargetResource) -> Result<ResourceType, PlanRefusal> {
    let patch = target.patch.as_ref().filter(|patch| !patch.is_empty());
    let wrong = |why: String| PlanRefusal::InvalidSetting(why);
    let patch = patch.ok_or_else(|| wrong("the policy's header has no `patch`".to_owned()))?;
    let kind = ResourceType::find_by_name(&target.kind).ok_or_else(|| {
        wrong(format!("Cloud Control cannot update resources of type `{}`", target.kind))
    })?;
    kind.validate_patch(patch, &target.actions)
        .map_err(|error| wrong(format!("the patch does not fit `{}`: {error}", target.kind)))?;
    Ok(kind)
}
