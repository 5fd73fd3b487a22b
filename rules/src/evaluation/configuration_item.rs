//! A configuration item of AWS Config: what a resource looked like at a moment.

use crate::evaluation::single_evaluation::{
    ComplianceStatus, Evaluation, ResourceContext, ResourceIdentity, evaluate_event,
};
use crate::event::{CallParameters, CloudTrailEvent};
use crate::json::{JsonError, JsonNode, JsonTape};
use crate::policy::Policy;
use std::borrow::Cow;

/// A configuration item, whichever of AWS Config's dialects it was written in.
///
/// Source: AWS Config Developer Guide, "Components of a configuration item".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigurationItem {
    /// `resourceType`, such as `AWS::S3::Bucket`.
    pub kind: String,
    /// `resourceId`.
    pub id: String,
    /// `resourceName`.
    pub name: String,
    /// `ARN`.
    pub arn: String,
    /// The account it is in.
    pub account: String,
    /// `awsRegion`.
    pub region: String,
    /// `configurationStateId`: orders the items of one resource.
    pub state_id: String,
    /// `configurationItemCaptureTime`, ISO 8601.
    pub time: String,
    /// `configurationItemStatus`, such as `OK` or `ResourceDeleted`.
    pub status: String,
    /// `configuration` as JSON text; empty where there is none.
    pub configuration: String,
    /// `supplementaryConfiguration` as JSON text; empty where there is none.
    pub supplementary: String,
    /// Tags as a JSON object of texts; empty where there is none.
    pub tags: String,
}

impl ConfigurationItem {
    /// Whether the resource is gone.
    pub fn is_deleted(&self) -> bool {
        matches!(self.status.as_str(), "ResourceDeleted" | "ResourceDeletedNotRecorded")
    }

    fn resource_identity(&self) -> ResourceIdentity {
        let arn = Some(self.arn.clone()).filter(|arn| !arn.is_empty());
        ResourceIdentity {
            kind: self.kind.clone(),
            id: self.id.clone(),
            arn,
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }
}

/// Where an item's texts are parsed; reused from item to item.
#[derive(Debug, Default)]
pub(crate) struct ItemTapes {
    event: JsonTape,
    configuration: JsonTape,
    supplementary: JsonTape,
    tags: JsonTape,
}

/// An item, parsed, in the place of an event.
#[derive(Debug)]
pub(crate) struct ParsedItem<'a> {
    /// A record without content, which has the item's identity, account, region and time.
    pub(crate) event: CloudTrailEvent<'a>,
    pub(crate) context: ResourceContext<'a>,
    is_deleted: bool,
}

impl<'a> ParsedItem<'a> {
    pub(crate) fn new(
        item: &'a ConfigurationItem,
        tapes: &'a mut ItemTapes,
    ) -> Result<Self, JsonError> {
        let nothing = || CallParameters::new(None, "", "");
        let event = CloudTrailEvent {
            raw: tapes.event.parse_text("{}")?,
            source: Cow::Borrowed("config.amazonaws.com"),
            name: Cow::Borrowed(item.status.as_str()),
            time: Cow::Borrowed(item.time.as_str()),
            id: Cow::Owned(format!("config/{}", item.state_id)),
            account: Cow::Borrowed(item.account.as_str()),
            region: Cow::Borrowed(item.region.as_str()),
            request: nothing(),
            response: nothing(),
        };
        let facts = ResourceContext::new(
            parse_optional(&item.configuration, &mut tapes.configuration)?,
            None,
        )
        .with_supplementary(parse_optional(&item.supplementary, &mut tapes.supplementary)?)
        .with_tags(parse_optional(&item.tags, &mut tapes.tags)?)
        .with_resource(item.resource_identity());
        Ok(ParsedItem { event, context: facts, is_deleted: item.is_deleted() })
    }

    /// Judges the item by a policy for its resource type.
    pub(crate) fn evaluate_policy(&self, policy: &Policy) -> Evaluation {
        if self.is_deleted {
            return Evaluation::not_applicable();
        }
        let evaluation = evaluate_event(policy, &self.event, &self.context);
        debug_assert_ne!(evaluation.status, ComplianceStatus::NotApplicable);
        evaluation
    }

    /// Judges an event by a policy, with what the item shows; what is still unknown of the request is left
    /// to the state, where the policy judges states.
    pub(crate) fn evaluate_event_after<'e>(
        self,
        policy: &Policy,
        event: CloudTrailEvent<'e>,
        resource: ResourceIdentity,
    ) -> (CloudTrailEvent<'e>, Evaluation) {
        let facts = self.context.with_resource(resource);
        let evaluation = evaluate_event(policy, &event, &facts);
        let unknown = evaluation.status == ComplianceStatus::InsufficientData;
        if !unknown || !policy.matches.resource_type.contains(&policy.resource_type) {
            return (event, evaluation);
        }
        let nothing = || CallParameters::new(None, "", "");
        let event = CloudTrailEvent { request: nothing(), response: nothing(), ..event };
        let evaluation = evaluate_event(policy, &event, &facts);
        (event, evaluation)
    }
}

fn parse_optional<'a>(
    text: &'a str,
    tape: &'a mut JsonTape,
) -> Result<Option<JsonNode<'a>>, JsonError> {
    if text.is_empty() {
        return Ok(None);
    }
    let node = tape.parse_text(text)?;
    Ok(Some(node).filter(|node| !node.is_null()))
}
