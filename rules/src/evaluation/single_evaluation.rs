//! The evaluation of one policy against one event.

use crate::event::{CallParameters, CloudTrailEvent, EventScope, EventValue};
use crate::json::JsonNode;
use crate::policy::{FilledValues, Policy};
use evenkeel_engine::{
    CelError, CompiledExpression, ConstantValue, ExpressionValue, FieldMap, ReadFlag,
    take_undecided,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The status that a policy returns for a resource: the values of AWS Config's `ComplianceType`,
/// and `ERROR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ComplianceStatus {
    /// The resource complies with the policy.
    Compliant,
    /// The resource violates the policy.
    NonCompliant,
    /// The policy does not apply to the event.
    NotApplicable,
    /// Data that the policy needs is missing. This status is never treated as compliant.
    InsufficientData,
    /// The policy could not be evaluated, because an expression failed. The author must correct the
    /// policy.
    Error,
}

impl ComplianceStatus {
    /// Returns a number that is greater for a more serious status.
    pub fn severity_rank(self) -> u8 {
        match self {
            ComplianceStatus::NotApplicable => 0,
            ComplianceStatus::Compliant => 1,
            ComplianceStatus::InsufficientData => 2,
            ComplianceStatus::Error => 3,
            ComplianceStatus::NonCompliant => 4,
        }
    }
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

/// The identity of a resource that a policy evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ResourceIdentity {
    /// The CloudFormation type, such as `AWS::S3::Bucket`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The id of the resource, unique within its type, account and Region.
    pub id: String,
    /// The ARN of the resource, if the policy defines an expression for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The id of the account of the resource.
    pub account: String,
    /// The Region of the resource.
    pub region: String,
}

/// The result of one policy for one resource of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The index of the resource in the list that `resource.each` of the policy returned; 0 if the
    /// policy does not define `resource.each`.
    pub element: usize,
    /// The status that the policy returned.
    pub status: ComplianceStatus,
    /// The resource that was evaluated.
    pub resource: ResourceIdentity,
    /// The message of the policy, or the reason for `INSUFFICIENT_DATA` or `ERROR`.
    pub message: String,
    /// The elements of the list that the body of the policy returned; empty if the body returned a
    /// bool.
    pub evidence: Vec<serde_json::Value>,
    /// The required values of the resource's properties, if the policy defines a patch, or the
    /// error of the patch.
    pub patch: Option<FilledValues>,
    /// The settings of the remediator, if the policy defines `with`, or the error of a setting.
    pub remediator_inputs: Option<FilledValues>,
}

impl Evaluation {
    /// Returns the result of a policy that does not apply to the event.
    pub(crate) fn not_applicable() -> Self {
        new_evaluation(ComplianceStatus::NotApplicable, ResourceIdentity::default(), String::new())
    }
}

/// The data about a resource that is known in addition to the event.
#[derive(Debug, Default)]
pub struct ResourceContext<'a> {
    /// The configuration of the resource, as AWS Config or the API of the service returns it.
    pub configuration: Option<JsonNode<'a>>,
    /// The values of the policy's parameters; `None` selects the defaults and the values of the
    /// settings file.
    pub params: Option<ConstantValue>,
    supplementary: Option<JsonNode<'a>>,
    tags: Option<JsonNode<'a>>,
    resource: Option<ResourceIdentity>,
}

impl<'a> ResourceContext<'a> {
    /// Creates a context with the configuration of the resource and the values of the parameters.
    pub fn new(configuration: Option<JsonNode<'a>>, params: Option<ConstantValue>) -> Self {
        ResourceContext { configuration, params, ..ResourceContext::default() }
    }

    /// Adds the `supplementaryConfiguration` of AWS Config.
    pub(crate) fn with_supplementary(self, supplementary: Option<JsonNode<'a>>) -> Self {
        ResourceContext { supplementary, ..self }
    }

    /// Adds the tags of the resource, a map with string values.
    pub(crate) fn with_tags(self, tags: Option<JsonNode<'a>>) -> Self {
        ResourceContext { tags, ..self }
    }

    /// Sets the identity of the resource. The evaluation then does not compute the identity from
    /// the event.
    pub(crate) fn with_resource(self, resource: ResourceIdentity) -> Self {
        ResourceContext { resource: Some(resource), ..self }
    }
}

/// The maximum number of resources of one event that a policy evaluates separately. The largest
/// documented limit of a call is 1,000.
///
/// Source: Amazon EC2 API Reference, `DeleteFlowLogs`, `FlowLogId`.
const MAX_RESOURCES: usize = 1000;

/// Evaluates one resource of an event. `each` is the element of `resource.each`.
pub(super) fn evaluate_element(
    policy: &Policy,
    event: &CloudTrailEvent<'_>,
    context: &ResourceContext<'_>,
    each: Option<&ConstantValue>,
) -> Evaluation {
    let reads = &ReadTracker::default();
    SingleEvaluation { policy, event, context, each, reads }.run(unnamed_resource(policy, event))
}

/// Returns the elements of the list that `resource.each` returns, or the evaluation that reports why
/// there is none.
pub(super) fn list_elements(
    policy: &Policy,
    list: &CompiledExpression,
    event: &CloudTrailEvent<'_>,
    context: &ResourceContext<'_>,
) -> Result<Vec<serde_json::Value>, Box<Evaluation>> {
    let reads = &ReadTracker::default();
    let evaluation = SingleEvaluation { policy, event, context, each: None, reads };
    evaluation.list_elements(list, unnamed_resource(policy, event))
}

/// Returns the identity of a resource whose id is not evaluated.
pub(super) fn unnamed_resource(policy: &Policy, event: &CloudTrailEvent<'_>) -> ResourceIdentity {
    ResourceIdentity {
        kind: policy.resource_type.clone(),
        account: event.account.clone().into_owned(),
        region: event.region.clone().into_owned(),
        ..ResourceIdentity::default()
    }
}

pub(super) fn new_evaluation(
    status: ComplianceStatus,
    resource: ResourceIdentity,
    message: String,
) -> Evaluation {
    Evaluation {
        element: 0,
        status,
        resource,
        message,
        evidence: Vec::new(),
        patch: None,
        remediator_inputs: None,
    }
}

/// Flags that show which unknown values one evaluation has read.
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
    /// The element of `resource.each` that is evaluated.
    each: Option<&'a ConstantValue>,
    reads: &'a ReadTracker,
}

impl SingleEvaluation<'_> {
    fn run(self, resource: ResourceIdentity) -> Evaluation {
        // Most events are compliant, and their result needs no resource id. Therefore, the id is
        // evaluated here only if the body uses it, or if it distinguishes several resources.
        let uses_resource = self.policy.body.uses_name("resource");
        let id_reads = ReadTracker::default();
        let named = if uses_resource || self.each.is_some() {
            // What only the id reads does not decide the status.
            let reads = if uses_resource { self.reads } else { &id_reads };
            let identified = SingleEvaluation { reads, ..self }.identify_resource(&resource);
            match identified {
                Ok(named) => Some(named),
                Err(_) if !uses_resource => None,
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
                return self.conclude_compliant(named.unwrap_or(resource), undecided);
            }
            Ok(ExpressionValue::Bool(true)) => Vec::new(),
            Ok(ExpressionValue::List(list)) if list.is_empty() => {
                return self.conclude_compliant(named.unwrap_or(resource), undecided);
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

    /// Returns `COMPLIANT`, or `INSUFFICIENT_DATA` if a function in the body could not decide.
    fn conclude_compliant(
        self,
        resource: ResourceIdentity,
        undecided: Option<&'static str>,
    ) -> Evaluation {
        match undecided {
            Some(why) => self.conclude_insufficient_data(resource, why),
            None if self.each.is_some() => new_evaluation(
                ComplianceStatus::Compliant,
                self.choose_display_identity(resource),
                String::new(),
            ),
            None => new_evaluation(ComplianceStatus::Compliant, resource, String::new()),
        }
    }

    /// Returns `NON_COMPLIANT` with the message, the patch and the settings of the remediator.
    fn conclude_violation(
        self,
        resource: ResourceIdentity,
        evidence: Vec<serde_json::Value>,
    ) -> Evaluation {
        let violations = ConstantValue::new(&serde_json::Value::Array(evidence.clone()));
        // The message names the resource as the finding does, but with the type of the item: a
        // policy can evaluate items of several types.
        let kind = resource.kind.clone();
        let named = self.choose_display_identity(resource);
        let resource = ResourceIdentity { kind, ..named.clone() };
        let (message, patch, with) = self.with_scope(&resource, Some(&violations), |scope| {
            (
                self.policy.fill_message(scope),
                self.policy.fill_patch(scope),
                self.policy.fill_remediator_inputs(scope),
            )
        });
        let resource = named;
        let message = match resource.id.as_str() {
            "" => message + "; the event does not name the resource",
            _ => message,
        };
        let (element, status) = (0, ComplianceStatus::NonCompliant);
        Evaluation { element, status, resource, message, evidence, patch, remediator_inputs: with }
    }

    /// Returns the identity of the resource that expressions read as `resource`.
    fn identify_resource(self, resource: &ResourceIdentity) -> Result<ResourceIdentity, CelError> {
        self.context.resource.clone().map_or_else(|| self.evaluate_identity(resource), Ok)
    }

    /// Returns the identity of the resource for the finding.
    ///
    /// AWS Config uses internal ids for some types, such as `db-ABC` for a database. If the
    /// expression in `resource.id` of the policy returns the name of the resource from the
    /// configuration, the function returns this name instead of the internal id. The ARN of an item
    /// is the one that AWS Config recorded, unless the policy is about another resource.
    fn choose_display_identity(self, seen: ResourceIdentity) -> ResourceIdentity {
        if self.context.resource.is_none() {
            return seen;
        }
        let is_name = |id: &str| id.chars().any(|letter| letter != '|');
        match self.evaluate_identity(&seen) {
            Ok(named) if is_name(&named.id) => {
                let kind = self.policy.resource_type.clone();
                let recorded = seen.arn.clone().filter(|_| seen.kind == kind);
                ResourceIdentity { kind, arn: recorded.or(named.arn).or(seen.arn), ..named }
            }
            _ => seen,
        }
    }

    /// Evaluates the id and the ARN of the resource. A field that the event lacks gives an empty id,
    /// or no ARN: the status of a resource does not depend on its name. An id that is an ARN is also
    /// the ARN, if the policy defines no other.
    fn evaluate_identity(self, resource: &ResourceIdentity) -> Result<ResourceIdentity, CelError> {
        self.with_scope(resource, None, |scope| {
            let text = |expression: &CompiledExpression| {
                let answer = expression.evaluate_in(scope, &self.policy.sources);
                let answer = answer.map(|answer| match answer {
                    ExpressionValue::Text(text) => text,
                    ExpressionValue::Bool(truth) => truth.to_string(),
                    ExpressionValue::List(list) => serde_json::Value::Array(list).to_string(),
                    ExpressionValue::Other(value, _) => value.to_string(),
                });
                answer.or_else(|failure| match &failure.missing_key {
                    Some(key) if key != "configuration" && self.find_unknown_read().is_none() => {
                        Ok(String::new())
                    }
                    _ => Err(failure),
                })
            };
            let id = text(&self.policy.resource_id)?;
            let arn = self.policy.resource_arn.as_ref().map(text).transpose()?;
            let arn = arn.or_else(|| Some(id.clone())).filter(|arn| is_complete_arn(arn));
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
        if let Some(each) = self.each {
            scope.bind_constant("each", each);
        }
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

    fn list_elements(
        self,
        list: &CompiledExpression,
        resource: ResourceIdentity,
    ) -> Result<Vec<serde_json::Value>, Box<Evaluation>> {
        take_undecided();
        let answer =
            self.with_scope(&resource, None, |scope| list.evaluate_in(scope, &self.policy.sources));
        let undecided = take_undecided();
        if let Some(why) = self.find_unknown_read() {
            return Err(Box::new(self.conclude_insufficient_data(resource, why)));
        }
        if let (Some(why), Ok(ExpressionValue::List(elements))) = (undecided, &answer)
            && elements.is_empty()
        {
            return Err(Box::new(self.conclude_insufficient_data(resource, why)));
        }
        let kind = match answer {
            Ok(ExpressionValue::List(elements)) if elements.len() <= MAX_RESOURCES => {
                return Ok(elements);
            }
            Ok(ExpressionValue::List(_)) => format!("more than {MAX_RESOURCES} elements"),
            Ok(ExpressionValue::Bool(_)) => "bool".to_owned(),
            Ok(ExpressionValue::Text(_)) => "string".to_owned(),
            Ok(ExpressionValue::Other(_, kind)) => kind,
            Err(failure) => return Err(Box::new(self.conclude_failure(resource, failure))),
        };
        let message = format!(
            "{}: `resource.each` returns {kind}; it must return a list with at most \
             {MAX_RESOURCES} elements",
            self.policy.file
        );
        Err(Box::new(self.conclude_without_evidence(ComplianceStatus::Error, resource, message)))
    }

    fn conclude_wrong_type(self, resource: ResourceIdentity, kind: &str) -> Evaluation {
        let message = format!(
            "{}: the body returns {kind}; it must return a bool or a list",
            self.policy.file
        );
        self.conclude_without_evidence(ComplianceStatus::Error, resource, message)
    }

    /// Returns `INSUFFICIENT_DATA` if the evaluation failed because data is unknown, and otherwise
    /// `ERROR`.
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

    /// Returns an evaluation without evidence. If the identity of the resource cannot be evaluated,
    /// the result contains only its type, account and Region.
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

/// Returns whether a text is an ARN that names a resource. An expression that joins an ARN from
/// parts returns an incomplete ARN if the event lacks a part.
///
/// Source: AWS General Reference, "Amazon Resource Names (ARNs)".
fn is_complete_arn(text: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (prefix, partition, service) = (next(), next(), next());
    let _region_and_account = (next(), next());
    let resource = next();
    let named = |name: &str| !name.is_empty();
    prefix == "arn"
        && named(partition)
        && named(service)
        && resource.rsplit(['/', ':']).next().is_some_and(named)
}

const CONFIGURATION_UNKNOWN: &str = "the resource's configuration is not known";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::event_evaluation::evaluate_event;
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

    const OMITTED: &str = r#"{"eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy",
        "eventID":"i","requestParameters":{"omitted":true}}"#;

    #[test]
    fn an_evaluation_ignores_what_another_evaluation_of_the_event_read() {
        let mut tape = JsonTape::default();
        let event = CloudTrailEvent::parse_record(OMITTED, &mut tape).unwrap();
        let (context, outer) = (ResourceContext::default(), ReadTracker::default());
        let reading = policy("request.?policy.hasValue()");
        let other = policy("event.eventName == 'PutBucketPolicy'");
        // The first evaluation has not ended, so its flag is still in use while the others run.
        assert!(
            EventValue::Parameters(&event.request, &outer.request)
                .visible_field("policy")
                .is_none()
        );
        let status = |policy: &Policy| evaluate_event(policy, &event, &context)[0].status;
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
