//! One policy judges one event.

use crate::event::{Event, Part, Scope, View};
use crate::json::Node;
use crate::policy::{FilledValues, OutcomeMatch, Policy};
use evenkeel_engine::{Answer, Failure, Fields, Prepared, ReadFlag, take_undecided};
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
pub struct Resource {
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
    pub resource: Resource,
    /// The policy's message, or why it could not say more.
    pub message: String,
    /// The elements of a list-valued body.
    pub evidence: Vec<serde_json::Value>,
    /// What the resource's properties must be, where the policy says so; or why that cannot be told.
    pub patch: Option<FilledValues>,
    /// What the remediator is told, where the policy says so; or why that cannot be told.
    pub with: Option<FilledValues>,
}

impl Evaluation {
    /// A policy that the event does not concern.
    pub(crate) fn not_applicable() -> Self {
        said(ComplianceStatus::NotApplicable, Resource::default(), String::new())
    }
}

/// What is known of the resource besides the event.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    /// The resource's configuration, as AWS Config or the service's API shows it.
    pub configuration: Option<Node<'a>>,
    /// The policy's parameters, where they are not the defaults.
    pub params: Option<Prepared>,
    supplementary: Option<Node<'a>>,
    tags: Option<Node<'a>>,
    resource: Option<Resource>,
}

impl<'a> Facts<'a> {
    /// The resource's configuration, and parameters that are not the defaults.
    pub fn new(configuration: Option<Node<'a>>, params: Option<Prepared>) -> Self {
        Facts { configuration, params, ..Facts::default() }
    }

    /// AWS Config's `supplementaryConfiguration`.
    pub(crate) fn with_supplementary(self, supplementary: Option<Node<'a>>) -> Self {
        Facts { supplementary, ..self }
    }

    /// The resource's tags, a map of texts.
    pub(crate) fn with_tags(self, tags: Option<Node<'a>>) -> Self {
        Facts { tags, ..self }
    }

    /// Which resource it is, where the event does not tell.
    pub(crate) fn with_resource(self, resource: Resource) -> Self {
        Facts { resource: Some(resource), ..self }
    }
}

/// Judges one event by one policy, which the event's source and name have chosen.
pub fn evaluate(policy: &Policy, event: &Event<'_>, facts: &Facts<'_>) -> Evaluation {
    let resource = Resource {
        kind: policy.resource_type.clone(),
        account: event.account.clone().into_owned(),
        region: event.region.clone().into_owned(),
        ..Resource::default()
    };
    if !wants_outcome(policy.matches.outcome, event.failed()) {
        return said(ComplianceStatus::NotApplicable, resource, String::new());
    }
    SingleEvaluation { policy, event, facts, reads: &ReadTracker::default() }.run(resource)
}

fn wants_outcome(wanted: OutcomeMatch, failed: bool) -> bool {
    match wanted {
        OutcomeMatch::Success => !failed,
        OutcomeMatch::Failure => failed,
        OutcomeMatch::Any => true,
    }
}

fn said(status: ComplianceStatus, resource: Resource, message: String) -> Evaluation {
    Evaluation { status, resource, message, evidence: Vec::new(), patch: None, with: None }
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
    event: &'a Event<'a>,
    facts: &'a Facts<'a>,
    reads: &'a ReadTracker,
}

impl SingleEvaluation<'_> {
    fn run(self, resource: Resource) -> Evaluation {
        // Most events comply, and for them nobody needs to know the resource's name.
        let named = if self.policy.body.uses("resource") {
            match self.identify(&resource) {
                Ok(named) => Some(named),
                Err(failure) => return self.unable(resource, failure),
            }
        } else {
            None
        };
        take_undecided();
        let answer = self.with_scope(named.as_ref().unwrap_or(&resource), None, |scope| {
            self.policy.body.evaluate(scope, &self.policy.sources)
        });
        let undecided = take_undecided();
        if let Some(why) = self.read_what_is_unknown() {
            return self.insufficient(resource, why);
        }
        let evidence = match answer {
            Ok(Answer::Bool(false)) => return self.compliant(resource, undecided),
            Ok(Answer::Bool(true)) => Vec::new(),
            Ok(Answer::List(list)) if list.is_empty() => {
                return self.compliant(resource, undecided);
            }
            Ok(Answer::List(list)) => list,
            Ok(Answer::Text(_)) => return self.wrong_type(resource, "string"),
            Ok(Answer::Other(_, kind)) => return self.wrong_type(resource, &kind),
            Err(failure) => return self.unable(resource, failure),
        };
        match named.map_or_else(|| self.identify(&resource), Ok) {
            Ok(named) => self.found(named, evidence),
            Err(failure) => self.unable(resource, failure),
        }
    }

    /// Nothing was found: the policy holds, unless something could not be decided.
    fn compliant(self, resource: Resource, undecided: Option<&'static str>) -> Evaluation {
        match undecided {
            Some(why) => self.insufficient(resource, why),
            None => said(ComplianceStatus::Compliant, resource, String::new()),
        }
    }

    /// A violation is given its message.
    fn found(self, resource: Resource, evidence: Vec<serde_json::Value>) -> Evaluation {
        let violations = Prepared::new(&serde_json::Value::Array(evidence.clone()));
        let (message, patch, with) = self.with_scope(&resource, Some(&violations), |scope| {
            (self.policy.message(scope), self.policy.patch(scope), self.policy.with(scope))
        });
        let (status, resource) = (ComplianceStatus::NonCompliant, self.told(resource));
        Evaluation { status, resource, message, evidence, patch, with }
    }

    /// What identifies the resource to expressions.
    fn identify(self, resource: &Resource) -> Result<Resource, Failure> {
        self.facts.resource.clone().map_or_else(|| self.named(resource), Ok)
    }

    /// What identifies the resource to others. AWS Config has ids of its own for some types, such as `db-ABC` for a database:
    /// where the policy's expression can tell the resource's name of a configuration too, that is it.
    fn told(self, seen: Resource) -> Resource {
        if self.facts.resource.is_none() {
            return seen;
        }
        let is_name = |id: &str| id.chars().any(|letter| letter != '|');
        match self.named(&seen) {
            Ok(named) if is_name(&named.id) => Resource {
                kind: self.policy.resource_type.clone(),
                arn: named.arn.filter(|arn| !arn.is_empty()).or(seen.arn),
                ..named
            },
            _ => seen,
        }
    }

    fn named(self, resource: &Resource) -> Result<Resource, Failure> {
        self.with_scope(resource, None, |scope| {
            let text = |expression: &evenkeel_engine::Expression| {
                expression.evaluate(scope, &self.policy.sources).map(|answer| match answer {
                    Answer::Text(text) => text,
                    Answer::Bool(truth) => truth.to_string(),
                    Answer::List(list) => serde_json::Value::Array(list).to_string(),
                    Answer::Other(value, _) => value.to_string(),
                })
            };
            let id = text(&self.policy.resource_id)?;
            let arn = self.policy.resource_arn.as_ref().map(text).transpose()?;
            Ok(Resource { id, arn, ..resource.clone() })
        })
    }

    fn with_scope<T>(
        self,
        resource: &Resource,
        violations: Option<&Prepared>,
        work: impl FnOnce(&Scope<'_>) -> T,
    ) -> T {
        let mut scope = Scope::default();
        scope.bind("request", Part::View(&self.event.request, &self.reads.request));
        scope.bind("event", Part::Raw(self.event.raw));
        scope.bind_prepared("params", self.facts.params.as_ref().unwrap_or(&self.policy.params));
        scope.bind("response", Part::View(&self.event.response, &self.reads.response));
        let account = Fields::default().text("id", &self.event.account);
        let account = account.text("alias", "").text("ou", "").data("tags", None);
        scope.bind_fields("account", account);
        scope.bind_time("now", &self.event.time);
        scope.bind_fields("resource", self.resource_fields(resource));
        if let Some(violations) = violations {
            scope.bind_prepared("violations", violations);
        }
        work(&scope)
    }

    fn resource_fields<'a>(self, resource: &'a Resource) -> Fields<'a, Part<'a>>
    where
        Self: 'a,
    {
        let fields = Fields::default()
            .text("type", &resource.kind)
            .text("id", &resource.id)
            .text("arn", resource.arn.as_deref().unwrap_or_default())
            .text("account", &resource.account)
            .text("region", &resource.region)
            .data("tags", self.facts.tags.map(Part::State))
            .data("supplementaryConfiguration", self.facts.supplementary.map(Part::State));
        match self.facts.configuration {
            Some(configuration) => fields.data("configuration", Some(Part::State(configuration))),
            None => fields.unknown("configuration", &self.reads.configuration),
        }
    }

    fn read_what_is_unknown(self) -> Option<&'static str> {
        let if_read = |view: &View<'_>, read: &ReadFlag| view.unknown().filter(|_| read.is_set());
        if_read(&self.event.request, &self.reads.request)
            .or_else(|| if_read(&self.event.response, &self.reads.response))
    }

    fn wrong_type(self, resource: Resource, kind: &str) -> Evaluation {
        let message = format!("{}: the body gives {kind}, not a bool or a list", self.policy.file);
        self.unnamed(ComplianceStatus::Error, resource, message)
    }

    /// An evaluation that failed: for want of data, or because the policy is wrong.
    fn unable(self, resource: Resource, failure: Failure) -> Evaluation {
        if let Some(why) = self.read_what_is_unknown() {
            return self.insufficient(resource, why);
        }
        let unknown = failure.missing_key.as_deref() == Some("configuration");
        if unknown && self.reads.configuration.is_set() {
            return self.insufficient(resource, UNKNOWN);
        }
        self.unnamed(ComplianceStatus::Error, resource, self.policy.locate(failure).to_string())
    }

    fn insufficient(self, resource: Resource, why: &str) -> Evaluation {
        self.unnamed(ComplianceStatus::InsufficientData, resource, why.to_owned())
    }

    /// An evaluation whose resource is named if its name can be told, and else by the event.
    fn unnamed(self, status: ComplianceStatus, resource: Resource, why: String) -> Evaluation {
        let named = self.identify(&resource).unwrap_or(resource);
        said(status, self.told(named), why)
    }
}

const UNKNOWN: &str = "the resource's configuration is not known";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tape;
    use crate::policy::PolicyFile;
    use evenkeel_engine::{Functions, on_large_stack};

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
        on_large_stack(|| Policy::load(&file, &Functions::default())).unwrap().unwrap()
    }

    const OMITTED: &str = r#"{"eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy","eventID":"i",
        "requestParameters":{"omitted":true}}"#;

    #[test]
    fn what_one_evaluation_read_is_nothing_to_another_of_the_same_event() {
        let mut tape = Tape::default();
        let event = Event::parse(OMITTED, &mut tape).unwrap();
        let (facts, outer) = (Facts::default(), ReadTracker::default());
        let reading = policy("request.?policy.hasValue()");
        let other = policy("event.eventName == 'PutBucketPolicy'");
        // One evaluation begins, and the others while it lasts.
        assert!(Part::View(&event.request, &outer.request).get("policy").is_none());
        let status = |policy: &Policy| evaluate(policy, &event, &facts).status;
        std::thread::scope(|threads| {
            for (policy, expected) in [
                (&reading, ComplianceStatus::InsufficientData),
                (&other, ComplianceStatus::NonCompliant),
            ] {
                threads.spawn(move || (0..200).for_each(|_| assert_eq!(status(policy), expected)));
            }
        });
        assert!(outer.request.is_set() && !outer.response.is_set());
    }
}
