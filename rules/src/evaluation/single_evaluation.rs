//! One policy judges one event.

use crate::event::{CallParameters, CloudTrailEvent, EventScope, EventValue};
use crate::json::JsonNode;
use crate::policy::{FilledValues, OutcomeMatch, Policy};
use evenkeel_engine::{
    CelError, ConstantValue, ExpressionValue, FieldMap, ReadFlag, take_undecided,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a policy says of a resource: AWS Config's `ComplianceType`, and `ERROR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ComplianceStatus {
    /// The policy holds.
    Compliant,
    /// The policy is violated.
    NonCompliant,
    /// The policy does not concern the event.
    NotApplicable,
    /// What the policy needs to know is not known. Never taken for compliance.
    InsufficientData,
    /// The policy could not be evaluated: a finding about the policy itself.
    Error,
}

impl fmt::Display for ComplianceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ComplianceStatus::Compliant => "COMPLIANT",
            ComplianceStatus::NonCompliant => "NON_COMPLIANT",
            ComplianceStatus::NotApplicable => "NOT_APPLICABLE",
            ComplianceStatus::InsufficientData => "INSUFFICIENT_DATA",
            ComplianceStatus::Error => "ERROR",
        })
    }
}

/// What a policy judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ResourceIdentity {
    /// The CloudFormation type, such as `AWS::S3::Bucket`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What identifies it within its type, account and region.
    pub id: String,
    /// Its ARN, where the policy says how it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The account it is in.
    pub account: String,
    /// The region it is in.
    pub region: String,
}

/// What one policy said of one event.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// What it said.
    pub status: ComplianceStatus,
    /// What it was said of.
    pub resource: ResourceIdentity,
    /// The policy's message, or why it could not say more.
    pub message: String,
    /// The elements of a list-valued body.
    pub evidence: Vec<serde_json::Value>,
    /// What the resource's properties must be, where the policy says so; or why that cannot be told.
    pub patch: Option<FilledValues>,
    /// What the remediator is told, where the policy says so; or why that cannot be told.
    pub remediator_inputs: Option<FilledValues>,
}

impl Evaluation {
    /// A policy that the event does not concern.
    pub(crate) fn not_applicable() -> Self {
        new_evaluation(ComplianceStatus::NotApplicable, ResourceIdentity::default(), String::new())
    }
}

/// What is known of the resource besides the event.
#[derive(Debug, Default)]
pub struct ResourceContext<'a> {
    /// The resource's configuration, as AWS Config or the service's API shows it.
    pub configuration: Option<JsonNode<'a>>,
    /// The policy's parameters, where they are not the defaults.
    pub params: Option<ConstantValue>,
    supplementary: Option<JsonNode<'a>>,
    tags: Option<JsonNode<'a>>,
    resource: Option<ResourceIdentity>,
}

impl<'a> ResourceContext<'a> {
    /// The resource's configuration, and parameters that are not the defaults.
    pub fn new(configuration: Option<JsonNode<'a>>, params: Option<ConstantValue>) -> Self {
        ResourceContext { configuration, params, ..ResourceContext::default() }
    }

    /// AWS Config's `supplementaryConfiguration`.
    pub(crate) fn with_supplementary(self, supplementary: Option<JsonNode<'a>>) -> Self {
        ResourceContext { supplementary, ..self }
    }

    /// The resource's tags, a map of texts.
    pub(crate) fn with_tags(self, tags: Option<JsonNode<'a>>) -> Self {
        ResourceContext { tags, ..self }
    }

    /// Which resource it is, where the event does not tell.
    pub(crate) fn with_resource(self, resource: ResourceIdentity) -> Self {
        ResourceContext { resource: Some(resource), ..self }
    }
}

/// Judges one event by one policy, which the event's source and name have chosen.
pub fn evaluate_event(
    policy: &Policy,
    event: &CloudTrailEvent<'_>,
    facts: &ResourceContext<'_>,
) -> Evaluation {
    let resource = ResourceIdentity {
        kind: policy.resource_type.clone(),
        account: event.account.clone().into_owned(),
        region: event.region.clone().into_owned(),
        ..ResourceIdentity::default()
    };
    if !matches_outcome(policy.matches.outcome, event.has_failed()) {
        return new_evaluation(ComplianceStatus::NotApplicable, resource, String::new());
    }
    SingleEvaluation { policy, event, context: facts, reads: &ReadTracker::default() }.run(resource)
}

fn matches_outcome(wanted: OutcomeMatch, failed: bool) -> bool {
    match wanted {
        OutcomeMatch::Success => !failed,
        OutcomeMatch::Failure => failed,
        OutcomeMatch::Any => true,
    }
}

fn new_evaluation(
    status: ComplianceStatus,
    resource: ResourceIdentity,
    message: String,
) -> Evaluation {
    Evaluation {
        status,
        resource,
        message,
        evidence: Vec::new(),
        patch: None,
        remediator_inputs: None,
    }
}

/// What one evaluation has read of what nobody knows.
#[derive(Debug, Default)]
struct ReadTracker {
    request: ReadFlag,
    response: ReadFlag,
    configuration: ReadFlag,
}

#[derive(Clone, Copy)]
struct SingleEvaluation<'a> {
    policy: &'a Policy,
    event: &'a CloudTrailEvent<'a>,
    context: &'a ResourceContext<'a>,
    reads: &'a ReadTracker,
}

impl SingleEvaluation<'_> {
    fn run(self, resource: ResourceIdentity) -> Evaluation {
        // Most events comply, and for them nobody needs to know the resource's name.
        let named = if self.policy.body.uses_name("resource") {
            match self.identify_resource(&resource) {
                Ok(named) => Some(named),
                Err(failure) => return self.conclude_failure(resource, failure),
            }
        } else {
            None
        };
        take_undecided();
        let answer = self.with_scope(named.as_ref().unwrap_or(&resource), None, |scope| {
            self.policy.body.evaluate_in(scope, &self.policy.sources)
        });
        let undecided = take_undecided();
        if let Some(why) = self.find_unknown_read() {
            return self.conclude_insufficient_data(resource, why);
        }
        let evidence = match answer {
            Ok(ExpressionValue::Bool(false)) => {
                return self.conclude_compliant(resource, undecided);
            }
            Ok(ExpressionValue::Bool(true)) => Vec::new(),
            Ok(ExpressionValue::List(list)) if list.is_empty() => {
                return self.conclude_compliant(resource, undecided);
            }
            Ok(ExpressionValue::List(list)) => list,
            Ok(ExpressionValue::Text(_)) => return self.conclude_wrong_type(resource, "string"),
            Ok(ExpressionValue::Other(_, kind)) => {
                return self.conclude_wrong_type(resource, &kind);
            }
            Err(failure) => return self.conclude_failure(resource, failure),
        };
        match named.map_or_else(|| self.identify_resource(&resource), Ok) {
            Ok(named) => self.conclude_violation(named, evidence),
            Err(failure) => self.conclude_failure(resource, failure),
        }
    }

    /// Nothing was found: the policy holds, unless something could not be decided.
    fn conclude_compliant(
        self,
        resource: ResourceIdentity,
        undecided: Option<&'static str>,
    ) -> Evaluation {
        match undecided {
            Some(why) => self.conclude_insufficient_data(resource, why),
            None => new_evaluation(ComplianceStatus::Compliant, resource, String::new()),
        }
    }

    /// A violation is given its message.
    fn conclude_violation(
        self,
        resource: ResourceIdentity,
        evidence: Vec<serde_json::Value>,
    ) -> Evaluation {
        let violations = ConstantValue::new(&serde_json::Value::Array(evidence.clone()));
        let (message, patch, with) = self.with_scope(&resource, Some(&violations), |scope| {
            (
                self.policy.fill_message(scope),
                self.policy.fill_patch(scope),
                self.policy.fill_remediator_inputs(scope),
            )
        });
        let (status, resource) =
            (ComplianceStatus::NonCompliant, self.choose_display_identity(resource));
        Evaluation { status, resource, message, evidence, patch, remediator_inputs: with }
    }

    /// What identifies the resource to expressions.
    fn identify_resource(self, resource: &ResourceIdentity) -> Result<ResourceIdentity, CelError> {
        self.context.resource.clone().map_or_else(|| self.evaluate_identity(resource), Ok)
    }

    /// What identifies the resource to others. AWS Config has ids of its own for some types, such as `db-ABC` for a database:
    /// where the policy's expression can tell the resource's name of a configuration too, that is it.
    fn choose_display_identity(self, seen: ResourceIdentity) -> ResourceIdentity {
        if self.context.resource.is_none() {
            return seen;
        }
        let is_name = |id: &str| id.chars().any(|letter| letter != '|');
        match self.evaluate_identity(&seen) {
            Ok(named) if is_name(&named.id) => ResourceIdentity {
                kind: self.policy.resource_type.clone(),
                arn: named.arn.filter(|arn| !arn.is_empty()).or(seen.arn),
                ..named
            },
            _ => seen,
        }
    }

    fn evaluate_identity(self, resource: &ResourceIdentity) -> Result<ResourceIdentity, CelError> {
        self.with_scope(resource, None, |scope| {
            let text = |expression: &evenkeel_engine::CompiledExpression| {
                expression.evaluate_in(scope, &self.policy.sources).map(|answer| match answer {
                    ExpressionValue::Text(text) => text,
                    ExpressionValue::Bool(truth) => truth.to_string(),
                    ExpressionValue::List(list) => serde_json::Value::Array(list).to_string(),
                    ExpressionValue::Other(value, _) => value.to_string(),
                })
            };
            let id = text(&self.policy.resource_id)?;
            let arn = self.policy.resource_arn.as_ref().map(text).transpose()?;
            Ok(ResourceIdentity { id, arn, ..resource.clone() })
        })
    }

    fn with_scope<T>(
        self,
        resource: &ResourceIdentity,
        violations: Option<&ConstantValue>,
        work: impl FnOnce(&EventScope<'_>) -> T,
    ) -> T {
        let mut scope = EventScope::default();
        scope.bind_value(
            "request",
            EventValue::Parameters(&self.event.request, &self.reads.request),
        );
        scope.bind_value("event", EventValue::Raw(self.event.raw));
        scope.bind_constant("params", self.context.params.as_ref().unwrap_or(&self.policy.params));
        scope.bind_value(
            "response",
            EventValue::Parameters(&self.event.response, &self.reads.response),
        );
        let account = FieldMap::default().with_text("id", &self.event.account);
        let account = account.with_text("alias", "").with_text("ou", "").with_data("tags", None);
        scope.bind_fields("account", account);
        scope.bind_time("now", &self.event.time);
        scope.bind_fields("resource", self.resource_fields(resource));
        if let Some(violations) = violations {
            scope.bind_constant("violations", violations);
        }
        work(&scope)
    }

    fn resource_fields<'a>(self, resource: &'a ResourceIdentity) -> FieldMap<'a, EventValue<'a>>
    where
        Self: 'a,
    {
        let fields = FieldMap::default()
            .with_text("type", &resource.kind)
            .with_text("id", &resource.id)
            .with_text("arn", resource.arn.as_deref().unwrap_or_default())
            .with_text("account", &resource.account)
            .with_text("region", &resource.region)
            .with_data("tags", self.context.tags.map(EventValue::Configuration))
            .with_data(
                "supplementaryConfiguration",
                self.context.supplementary.map(EventValue::Configuration),
            );
        match self.context.configuration {
            Some(configuration) => {
                fields.with_data("configuration", Some(EventValue::Configuration(configuration)))
            }
            None => fields.with_unknown("configuration", &self.reads.configuration),
        }
    }

    fn find_unknown_read(self) -> Option<&'static str> {
        let if_read = |view: &CallParameters<'_>, read: &ReadFlag| {
            view.unknown_reason().filter(|_| read.is_read())
        };
        if_read(&self.event.request, &self.reads.request)
            .or_else(|| if_read(&self.event.response, &self.reads.response))
    }

    fn conclude_wrong_type(self, resource: ResourceIdentity, kind: &str) -> Evaluation {
        let message = format!("{}: the body gives {kind}, not a bool or a list", self.policy.file);
        self.conclude_without_evidence(ComplianceStatus::Error, resource, message)
    }

    /// An evaluation that failed: for want of data, or because the policy is wrong.
    fn conclude_failure(self, resource: ResourceIdentity, failure: CelError) -> Evaluation {
        if let Some(why) = self.find_unknown_read() {
            return self.conclude_insufficient_data(resource, why);
        }
        let unknown = failure.missing_key.as_deref() == Some("configuration");
        if unknown && self.reads.configuration.is_read() {
            return self.conclude_insufficient_data(resource, CONFIGURATION_UNKNOWN);
        }
        self.conclude_without_evidence(
            ComplianceStatus::Error,
            resource,
            self.policy.locate_failure(failure).to_string(),
        )
    }

    fn conclude_insufficient_data(self, resource: ResourceIdentity, why: &str) -> Evaluation {
        self.conclude_without_evidence(ComplianceStatus::InsufficientData, resource, why.to_owned())
    }

    /// An evaluation whose resource is named if its name can be told, and else by the event.
    fn conclude_without_evidence(
        self,
        status: ComplianceStatus,
        resource: ResourceIdentity,
        why: String,
    ) -> Evaluation {
        let named = self.identify_resource(&resource).unwrap_or(resource);
        new_evaluation(status, self.choose_display_identity(named), why)
    }
}

const CONFIGURATION_UNKNOWN: &str = "the resource's configuration is not known";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::JsonTape;
    use crate::policy::PolicyFile;
    use evenkeel_engine::{FunctionSet, on_large_stack};

    fn policy(body: &str) -> Policy {
        let text = format!(
            "// METADATA
// title: t
// description: d
// severity: LOW
// match: {{eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}}
// resource: {{type: 'AWS::S3::Bucket', id: event.eventID}}
// message: m

{body}
"
        );
        let file = PolicyFile { name: "a-policy.cel".to_owned(), text };
        on_large_stack(|| Policy::compile_file(&file, &FunctionSet::default())).unwrap().unwrap()
    }

    const OMITTED: &str = r#"{"eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy","eventID":"i",
        "requestParameters":{"omitted":true}}"#;

    #[test]
    fn what_one_evaluation_read_is_nothing_to_another_of_the_same_event() {
        let mut tape = JsonTape::default();
        let event = CloudTrailEvent::parse_record(OMITTED, &mut tape).unwrap();
        let (facts, outer) = (ResourceContext::default(), ReadTracker::default());
        let reading = policy("request.?policy.hasValue()");
        let other = policy("event.eventName == 'PutBucketPolicy'");
        // One evaluation begins, and the others while it lasts.
        assert!(
            EventValue::Parameters(&event.request, &outer.request)
                .visible_field("policy")
                .is_none()
        );
        let status = |policy: &Policy| evaluate_event(policy, &event, &facts).status;
        std::thread::scope(|threads| {
            for (policy, expected) in [
                (&reading, ComplianceStatus::InsufficientData),
                (&other, ComplianceStatus::NonCompliant),
            ] {
                threads.spawn(move || (0..200).for_each(|_| assert_eq!(status(policy), expected)));
            }
        });
        assert!(outer.request.is_read() && !outer.response.is_read());
    }
}
