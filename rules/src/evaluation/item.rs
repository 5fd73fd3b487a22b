//! A configuration item of AWS Config: what a resource looked like at a moment.

use crate::evaluation::evaluate::{ComplianceStatus, Evaluation, Facts, Resource, evaluate};
use crate::event::{Event, View};
use crate::json::{JsonError, Node, Tape};
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
    pub fn deleted(&self) -> bool {
        matches!(self.status.as_str(), "ResourceDeleted" | "ResourceDeletedNotRecorded")
    }

    fn resource(&self) -> Resource {
        let arn = Some(self.arn.clone()).filter(|arn| !arn.is_empty());
        Resource {
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
    event: Tape,
    configuration: Tape,
    supplementary: Tape,
    tags: Tape,
}

/// An item, parsed, in the place of an event.
#[derive(Debug)]
pub(crate) struct ParsedItem<'a> {
    /// A record without content, which has the item's identity, account, region and time.
    pub(crate) event: Event<'a>,
    pub(crate) facts: Facts<'a>,
    deleted: bool,
}

impl<'a> ParsedItem<'a> {
    pub(crate) fn new(
        item: &'a ConfigurationItem,
        tapes: &'a mut ItemTapes,
    ) -> Result<Self, JsonError> {
        let nothing = || View::new(None, "", "");
        let event = Event {
            raw: tapes.event.parse("{}")?,
            source: Cow::Borrowed("config.amazonaws.com"),
            name: Cow::Borrowed(item.status.as_str()),
            time: Cow::Borrowed(item.time.as_str()),
            id: Cow::Owned(format!("config/{}", item.state_id)),
            account: Cow::Borrowed(item.account.as_str()),
            region: Cow::Borrowed(item.region.as_str()),
            request: nothing(),
            response: nothing(),
        };
        let facts = Facts::new(parsed(&item.configuration, &mut tapes.configuration)?, None)
            .with_supplementary(parsed(&item.supplementary, &mut tapes.supplementary)?)
            .with_tags(parsed(&item.tags, &mut tapes.tags)?)
            .with_resource(item.resource());
        Ok(ParsedItem { event, facts, deleted: item.deleted() })
    }

    /// Judges the item by a policy for its resource type.
    pub(crate) fn evaluate(&self, policy: &Policy) -> Evaluation {
        if self.deleted {
            return Evaluation::not_applicable();
        }
        let evaluation = evaluate(policy, &self.event, &self.facts);
        debug_assert_ne!(evaluation.status, ComplianceStatus::NotApplicable);
        evaluation
    }

    /// Judges an event by a policy, with what the item shows; what is still unknown of the request is left
    /// to the state, where the policy judges states.
    pub(crate) fn evaluate_after<'e>(
        self,
        policy: &Policy,
        event: Event<'e>,
        resource: Resource,
    ) -> (Event<'e>, Evaluation) {
        let facts = self.facts.with_resource(resource);
        let evaluation = evaluate(policy, &event, &facts);
        let unknown = evaluation.status == ComplianceStatus::InsufficientData;
        if !unknown || !policy.matches.resource_type.contains(&policy.resource_type) {
            return (event, evaluation);
        }
        let nothing = || View::new(None, "", "");
        let event = Event { request: nothing(), response: nothing(), ..event };
        let evaluation = evaluate(policy, &event, &facts);
        (event, evaluation)
    }
}

fn parsed<'a>(text: &'a str, tape: &'a mut Tape) -> Result<Option<Node<'a>>, JsonError> {
    if text.is_empty() {
        return Ok(None);
    }
    let node = tape.parse(text)?;
    Ok(Some(node).filter(|node| !node.is_null()))
}
