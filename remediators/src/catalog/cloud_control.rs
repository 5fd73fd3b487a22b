//! A resource's properties are what the policy says, by AWS Cloud Control.

pub(crate) mod properties;
mod types;

pub use types::{PatchError, ResourceType};

use std::time::Duration;

use evenkeel_client::Service;
use evenkeel_client::clock::now;
use evenkeel_rules::merge;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::access::aws::Aws;
use crate::remediator::aws_failure::refusal;
use crate::remediator::permission::Statement;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, PlanRefusal, RefusedByAws, Remediator};
use crate::violation::Target;

/// Sets properties of a resource of any type that Cloud Control can update: those that the policy's `patch` names. An undo
/// sets them back.
///
/// Source: AWS Cloud Control API Reference, `GetResource`, `UpdateResource` and `GetResourceRequestStatus`.
#[derive(Clone, Debug)]
pub struct CloudControl {
    cloud_control: Service,
}

/// The properties that the patch names, whole; null where there is none. Others may be secret, and are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Properties {
    /// The type of the resource that they are of.
    #[serde(rename = "type")]
    pub kind: String,
    /// Their values.
    pub properties: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetResource {
    resource_description: Option<Description>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    properties: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Progress {
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

impl From<Aws> for CloudControl {
    fn from(aws: Aws) -> Self {
        CloudControl { cloud_control: Service::cloud_control(&aws.config) }
    }
}

impl Remediator for CloudControl {
    type State = Properties;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "cloud-control",
        permissions: &[
            "cloudformation:GetResource",
            "cloudformation:GetResourceRequestStatus",
            "cloudformation:UpdateResource",
        ],
        // Its own calls are of no resource, and the policy says how safe it is.
        forwarded,
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Properties, _: &Properties) -> Vec<&'static str> {
        vec!["cloudformation:UpdateResource"]
    }

    async fn observe(&self, target: &Target) -> Result<Properties, RefusedByAws> {
        let all = self.read(target).await?;
        let kind = ResourceType::find(&target.kind);
        let named = target.patch.iter().flat_map(Map::keys);
        let told = |name: &String| {
            let mut value = all.get(name).cloned().unwrap_or(Value::Null);
            if let Some(kind) = &kind {
                properties::put_in_order(kind, name, &mut value);
            }
            (name.clone(), value)
        };
        Ok(Properties { kind: target.kind.clone(), properties: named.map(told).collect() })
    }

    fn plan(&self, target: &Target, before: &Properties) -> Plan<Properties> {
        let kind = match changeable(target) {
            Ok(kind) => kind,
            Err(why) => return Plan::Refuse(why),
        };
        let before = &before.properties;
        let mut after = Value::Object(before.clone());
        merge(&mut after, &Value::Object(target.patch.clone().unwrap_or_default()));
        let Value::Object(mut after) = after else { return Plan::Nothing };
        for name in before.keys() {
            // A merge patch takes away what it sets to null; here it stays, as null.
            after.entry(name.clone()).or_insert(Value::Null);
        }
        if properties::patch(&kind, before, &after).is_empty() {
            Plan::Nothing
        } else {
            Plan::Change(Properties { kind: target.kind.clone(), properties: after })
        }
    }

    /// What the properties do not tell is what the policy's header asks.
    async fn precheck(
        &self,
        target: &Target,
        _: &Properties,
        _: &Properties,
    ) -> Result<Check, RefusedByAws> {
        Ok(target.ask.clone().map_or(Check::Go, Check::Ask))
    }

    async fn apply(&self, target: &Target, state: &Properties) -> Result<(), RefusedByAws> {
        self.update(target, state, None).await
    }

    async fn apply_once(
        &self,
        target: &Target,
        state: &Properties,
        token: &str,
    ) -> Result<(), RefusedByAws> {
        self.update(target, state, Some(token.to_owned())).await
    }

    fn reached(seen: &Properties, wanted: &Properties) -> bool {
        let kind = ResourceType::find(&wanted.kind).filter(|_| seen.kind == wanted.kind);
        kind.is_some_and(|kind| {
            properties::patch(&kind, &seen.properties, &wanted.properties).is_empty()
        })
    }
}

/// What Cloud Control does in the caller's name: it reads all of the resource, and makes the calls that the policy names.
fn forwarded(target: &Target) -> Vec<Statement> {
    let Some(kind) = ResourceType::find(&target.kind) else { return Vec::new() };
    let reads = kind.reads().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut statements = vec![Statement { action: reads, resource: vec!["*".to_owned()] }];
    for action in &target.actions {
        let resource = resources(action, target);
        match statements.iter_mut().find(|statement| statement.resource == resource) {
            Some(statement) => statement.action.push(action.clone()),
            None => statements.push(Statement { action: vec![action.clone()], resource }),
        }
    }
    statements.retain(|statement| !statement.action.is_empty());
    statements
}

impl CloudControl {
    /// All properties that are told.
    async fn read(&self, target: &Target) -> Result<Map<String, Value>, RefusedByAws> {
        let input = json!({"TypeName": target.kind, "Identifier": target.id});
        let answer = self.cloud_control.json("GetResource", &input).await;
        let answer: GetResource = answer.map_err(|error| refusal(error, GONE, IN_VAIN))?;
        let told = answer.resource_description.and_then(|resource| resource.properties);
        let told = told.ok_or_else(|| RefusedByAws::Later("no properties were told".to_owned()))?;
        serde_json::from_str(&told)
            .map_err(|error| RefusedByAws::Later(format!("the properties cannot be read: {error}")))
    }

    async fn update(
        &self,
        target: &Target,
        state: &Properties,
        token: Option<String>,
    ) -> Result<(), RefusedByAws> {
        let kind = changeable(target).map_err(|why| RefusedByAws::Denied(why.to_string()))?;
        let patch = properties::patch(&kind, &self.read(target).await?, &state.properties);
        if patch.is_empty() {
            return Ok(());
        }
        let patch = Value::Array(patch).to_string();
        // The call may be made again before it is answered; a later one is another.
        let token = token.unwrap_or_else(|| {
            let name = format!("{} {} {patch}", now(), target.id);
            Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
        });
        let input = json!({
            "TypeName": target.kind,
            "Identifier": target.id,
            "PatchDocument": patch,
            "ClientToken": token,
        });
        let answer = self.cloud_control.json("UpdateResource", &input).await;
        let answer: Progress = answer.map_err(|error| refusal(error, GONE, IN_VAIN))?;
        self.finished(answer.progress_event).await
    }

    /// Waits until a request has ended. Whoever runs this bounds the time.
    async fn finished(&self, mut progress: Option<ProgressEvent>) -> Result<(), RefusedByAws> {
        let mut pause = FIRST_PAUSE;
        loop {
            let event = progress.ok_or_else(|| {
                RefusedByAws::Later("no progress of the request was told".to_owned())
            })?;
            match event.operation_status.as_deref() {
                Some("SUCCESS") => return Ok(()),
                Some("PENDING" | "IN_PROGRESS") => {}
                _ => return Err(failure(&event)),
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            let input = json!({"RequestToken": event.request_token});
            let answer = self.cloud_control.json("GetResourceRequestStatus", &input).await;
            let answer: Progress = answer.map_err(|error| refusal(error, &[], IN_VAIN))?;
            progress = answer.progress_event;
        }
    }
}

/// Between two looks at a request's progress. Most of the settings that are repaired take one or two seconds.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Source: AWS Cloud Control API Reference, errors of `GetResource` and `UpdateResource`.
const GONE: &[&str] = &["ResourceNotFoundException"];
/// What will be refused again: to ask once more is in vain.
const IN_VAIN: &[&str] = &[
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
fn failure(event: &ProgressEvent) -> RefusedByAws {
    let why = event.status_message.as_deref().unwrap_or("no reason was told");
    let code = event.error_code.as_deref().unwrap_or("no code");
    let status = event.operation_status.as_deref().unwrap_or("no status");
    let text = format!("the update ended as {status} ({code}): {why}");
    match code {
        "NotFound" => RefusedByAws::Gone,
        "AccessDenied" | "InvalidCredentials" | "InvalidRequest" | "NotUpdatable" => {
            RefusedByAws::Denied(text)
        }
        _ => RefusedByAws::Later(text),
    }
}

/// The ARNs that an action by which AWS sets a property is on: the resource's own, and others that AWS asks for. `*` where
/// the finding has no ARN.
///
/// Source: Service Authorization Reference, "Actions, resources, and condition keys" of Amazon Kinesis Data Streams and of AWS
/// Network Firewall, whose policies name rule groups, AWS's own among them; Amazon CloudWatch Logs User Guide, "Overview of
/// managing access permissions to your CloudWatch Logs resources", by which all actions on a group but those for tags take
/// its ARN with `:*`. That AWS asks for no more, only AWS can confirm.
fn resources(action: &str, target: &Target) -> Vec<String> {
    let Some(own) = target.arn.clone() else { return vec!["*".to_owned()] };
    let mut all = vec![own.clone()];
    match action.split_once(':') {
        Some(("logs", _)) if !own.ends_with(":*") => all.push(format!("{own}:*")),
        Some(("kinesis", "StartStreamEncryption" | "StopStreamEncryption")) => {
            all.push(target.arn("kms", "key/*"));
        }
        Some(("network-firewall", "UpdateFirewallPolicy")) => {
            for kind in ["stateful-rulegroup", "stateless-rulegroup", "tls-configuration"] {
                all.push(target.arn("network-firewall", &format!("{kind}/*")));
            }
            let aws = Target { account: "aws-managed".to_owned(), ..target.clone() };
            all.push(aws.arn("network-firewall", "stateful-rulegroup/*"));
        }
        _ => {}
    }
    all
}

/// The target's type, if the patch can be applied to it.
fn changeable(target: &Target) -> Result<ResourceType, PlanRefusal> {
    let patch = target.patch.as_ref().filter(|patch| !patch.is_empty());
    let wrong = |why: String| PlanRefusal::Setting(why);
    let patch = patch.ok_or_else(|| wrong("the policy's header has no `patch`".to_owned()))?;
    let kind = ResourceType::find(&target.kind).ok_or_else(|| {
        wrong(format!("Cloud Control cannot update resources of type `{}`", target.kind))
    })?;
    kind.accepts(patch, &target.actions)
        .map_err(|error| wrong(format!("the patch does not fit `{}`: {error}", target.kind)))?;
    Ok(kind)
}
