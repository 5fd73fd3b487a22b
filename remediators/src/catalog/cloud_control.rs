//! Changes resource properties through the AWS Cloud Control API.

mod checks;
pub(crate) mod properties;
mod resource_types;

pub use checks::check_names;
pub use resource_types::{PatchError, ResourceType};

use std::collections::BTreeSet;
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
use checks::CheckClients;

/// A remediator that sets the properties in the `patch` of the policy header. It works for all
/// resource types that Cloud Control can update. An undo restores the former values.
///
/// Source: AWS Cloud Control API Reference, `GetResource`, `UpdateResource` and
/// `GetResourceRequestStatus`.
#[derive(Clone, Debug)]
pub struct CloudControl {
    cloud_control: ServiceClient,
    checks: CheckClients,
}

/// The complete values of the properties in the patch. Other properties are not stored, because
/// they can be secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceProperties {
    /// The type of the resource.
    #[serde(rename = "type")]
    pub kind: String,
    /// The values by property name. A missing property has the value null.
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

/// The progress of a request.
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
        CloudControl {
            cloud_control: ServiceClient::cloud_control(&aws.config),
            checks: CheckClients::from(&aws),
        }
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
        // `resource_arns` is not set, because the Cloud Control actions support no resource ARNs.
        // `tier` is not set, because the policy header defines the tier.
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
        let read_property = |name: &String| {
            let mut value = all.get(name).cloned().unwrap_or(Value::Null);
            if let Some(kind) = &kind {
                properties::sort_unordered_lists(kind, name, &mut value);
            }
            (name.clone(), value)
        };
        let properties = named.map(read_property).collect();
        Ok(ResourceProperties { kind: target.kind.clone(), properties })
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
            // A merge patch removes a property that it sets to null. The state keeps it as null.
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

    /// Runs the checks of the policy header. Asks for an approval if a check requires one, or if
    /// the policy header contains `ask`.
    async fn check_preconditions(
        &self,
        target: &TargetResource,
        before: &ResourceProperties,
        after: &ResourceProperties,
    ) -> Result<PrecheckResult, AwsFailure> {
        let checks = match checks::find_named_checks(target) {
            Ok(checks) => checks,
            Err(why) => return Ok(PrecheckResult::Abort(why.to_string())),
        };
        let mut reasons = Vec::from_iter(target.approval_reason.clone());
        for check in checks {
            match self.checks.run_check(check, target, before, after).await? {
                PrecheckResult::Proceed => {}
                PrecheckResult::RequireApproval(why) => reasons.push(why),
                refused @ PrecheckResult::Abort(_) => return Ok(refused),
            }
        }
        Ok(if reasons.is_empty() {
            PrecheckResult::Proceed
        } else {
            PrecheckResult::RequireApproval(reasons.join("; "))
        })
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

/// Returns the permissions that Cloud Control needs on behalf of the caller (reading the complete
/// resource, and the actions of the policy header), and those of the checks for the type.
fn list_forwarded_statements(target: &TargetResource) -> Vec<PermissionStatement> {
    let Some(kind) = ResourceType::find_by_name(&target.kind) else { return Vec::new() };
    let reads = kind.read_actions().into_iter().chain(checks::list_permissions(&target.kind));
    let reads: BTreeSet<String> = reads.map(str::to_owned).collect();
    let reads = reads.into_iter().collect::<Vec<_>>();
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
    /// Reads all properties that Cloud Control returns.
    async fn read_properties(
        &self,
        target: &TargetResource,
    ) -> Result<Map<String, Value>, AwsFailure> {
        let input = json!({"TypeName": target.kind, "Identifier": target.id});
        let answer = self.cloud_control.call_json("GetResource", &input).await;
        let answer: GetResourceResponse = answer
            .map_err(|error| classify_error(error, NOT_FOUND_CODES, PERMANENT_ERROR_CODES))?;
        let properties = answer.resource_description.and_then(|resource| resource.properties);
        let properties = properties.ok_or_else(|| {
            AwsFailure::Retryable("Cloud Control returned no properties (GetResource)".to_owned())
        })?;
        serde_json::from_str(&properties).map_err(|error| {
            AwsFailure::Retryable(format!("the resource properties cannot be read: {error}"))
        })
    }

    /// Sends the update and waits until the update has ended.
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
        // Retries of this call have the same token. A later update has another token.
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

    /// Waits until a request has ended. The function has no timeout, because its caller limits the
    /// time.
    async fn wait_for_completion(
        &self,
        mut progress: Option<ProgressEvent>,
    ) -> Result<(), AwsFailure> {
        let mut pause = FIRST_PAUSE;
        loop {
            let event = progress.ok_or_else(|| {
                AwsFailure::Retryable("Cloud Control returned no progress of the update".to_owned())
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

/// The first interval between two reads of the progress. Most updates take one or two seconds.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The maximum interval between two reads of the progress.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The error codes for a resource that does not exist.
///
/// Source: AWS Cloud Control API Reference, errors of `GetResource` and `UpdateResource`.
const NOT_FOUND_CODES: &[&str] = &["ResourceNotFoundException"];

/// The error codes for which a retry fails again.
///
/// Source: AWS Cloud Control API Reference, errors of `GetResource` and `UpdateResource`.
const PERMANENT_ERROR_CODES: &[&str] = &[
    "InvalidCredentialsException",
    "InvalidRequestException",
    "NotUpdatableException",
    "PrivateTypeException",
    "TypeNotFoundException",
    "UnsupportedActionException",
];

/// Returns the failure for a request that ended without success.
///
/// Source: AWS Cloud Control API Reference, `ProgressEvent`, and "Handler error codes" of the
/// CloudFormation CLI's guide.
fn classify_failed_event(event: &ProgressEvent) -> AwsFailure {
    let why = event.status_message.as_deref().unwrap_or("no reason given");
    let code = event.error_code.as_deref().unwrap_or("no code");
    let status = event.operation_status.as_deref().unwrap_or("no status");
    let text = format!("the Cloud Control update ended with status {status} ({code}): {why}");
    match code {
        "NotFound" => AwsFailure::NotFound,
        "AccessDenied" | "InvalidCredentials" | "InvalidRequest" | "NotUpdatable" => {
            AwsFailure::Denied(text)
        }
        _ => AwsFailure::Retryable(text),
    }
}

/// Returns the ARNs that an action needs: the ARN of the resource, and other ARNs that AWS
/// requires. Returns `*` if the finding contains no ARN. AWS has not confirmed that the list is
/// complete.
///
/// Source: Service Authorization Reference, "Actions, resources, and condition keys" of Amazon
/// Kinesis Data Streams and of AWS Network Firewall (a firewall policy refers to rule groups, which
/// can be AWS managed); Amazon CloudWatch Logs User Guide, "Overview of managing access permissions
/// to your CloudWatch Logs resources" (all actions on a log group, except those for tags, need the
/// ARN of the log group with `:*`).
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

/// Returns the resource type of the target.
///
/// # Errors
/// [`PlanRefusal::InvalidSetting`] if the patch cannot be applied to the type.
fn find_patchable_type(target: &TargetResource) -> Result<ResourceType, PlanRefusal> {
    let patch = target.patch.as_ref().filter(|patch| !patch.is_empty());
    let invalid = |why: String| PlanRefusal::InvalidSetting(why);
    checks::find_named_checks(target)?;
    let patch = patch.ok_or_else(|| {
        invalid("the policy header has no `patch`; add the properties to set".to_owned())
    })?;
    let kind = ResourceType::find_by_name(&target.kind).ok_or_else(|| {
        invalid(format!("Cloud Control cannot update resources of type `{}`", target.kind))
    })?;
    kind.validate_patch(patch, &target.actions).map_err(|error| {
        invalid(format!("the patch is not valid for `{}`: {error}", target.kind))
    })?;
    Ok(kind)
}
