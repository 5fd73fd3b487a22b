//! The configuration item of AWS Config, and its evaluation.

use crate::evaluation::event_evaluation::{evaluate_event, evaluate_event_resource};
use crate::evaluation::single_evaluation::{
    ComplianceStatus, Evaluation, ResourceContext, ResourceIdentity,
};
use crate::event::{CallParameters, CloudTrailEvent};
use crate::json::{JsonError, JsonNode, JsonTape};
use crate::policy::Policy;
use std::borrow::Cow;

/// A configuration item of AWS Config, independent of the format in which AWS sent it.
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
    /// `awsAccountId`.
    pub account: String,
    /// `awsRegion`.
    pub region: String,
    /// `configurationStateId`, which orders the items of one resource.
    pub state_id: String,
    /// `configurationItemCaptureTime`, ISO 8601.
    pub time: String,
    /// `configurationItemStatus`, such as `OK` or `ResourceDeleted`.
    pub status: String,
    /// `configuration` as JSON text; empty if missing.
    pub configuration: String,
    /// `supplementaryConfiguration` as JSON text; empty if missing.
    pub supplementary: String,
    /// The tags as a JSON object with string values; empty if missing.
    pub tags: String,
}

impl ConfigurationItem {
    /// Returns whether the item records that the resource was deleted.
    pub fn is_deleted(&self) -> bool {
        matches!(self.status.as_str(), "ResourceDeleted" | "ResourceDeletedNotRecorded")
    }

    /// Returns the text that identifies the state among the items of one resource. An item without a
    /// state id is identified by its capture time.
    pub(crate) fn state_identity(&self) -> &String {
        if self.state_id.is_empty() { &self.time } else { &self.state_id }
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

/// The tapes into which the texts of an item are parsed. A caller reuses them for the next item.
#[derive(Debug, Default)]
pub(crate) struct ItemTapes {
    event: JsonTape,
    configuration: JsonTape,
    supplementary: JsonTape,
    tags: JsonTape,
}

/// A parsed configuration item, in the form that [`evaluate_event`] accepts.
#[derive(Debug)]
pub(crate) struct ParsedItem<'a> {
    /// An empty record with the id, the account, the Region and the time of the item.
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
            id: Cow::Owned(format!("config/{}", item.state_identity())),
            account: Cow::Borrowed(item.account.as_str()),
            region: Cow::Borrowed(item.region.as_str()),
            request: nothing(),
            response: nothing(),
        };
        let context = ResourceContext::new(
            parse_optional(&item.configuration, &mut tapes.configuration)?,
            None,
        )
        .with_supplementary(parse_optional(&item.supplementary, &mut tapes.supplementary)?)
        .with_tags(parse_optional(&item.tags, &mut tapes.tags)?)
        .with_resource(item.resource_identity());
        Ok(ParsedItem { event, context, is_deleted: item.is_deleted() })
    }

    /// Evaluates the item with a policy for its resource type.
    pub(crate) fn evaluate_policy(&self, policy: &Policy) -> Vec<Evaluation> {
        if self.is_deleted {
            return vec![Evaluation::not_applicable()];
        }
        evaluate_event(policy, &self.event, &self.context)
    }

    /// Evaluates one resource of an event with a policy and the configuration of this item.
    ///
    /// If the result is still `INSUFFICIENT_DATA` and the policy also matches configuration items,
    /// the function evaluates the item alone, without the event.
    pub(crate) fn evaluate_event_after<'e>(
        self,
        policy: &Policy,
        event: CloudTrailEvent<'e>,
        resource: ResourceIdentity,
        element: usize,
    ) -> (CloudTrailEvent<'e>, Evaluation) {
        let context = self.context.with_resource(resource);
        let after = evaluate_event_resource(policy, &event, &context, element);
        if let Some(after) = after
            && (after.status != ComplianceStatus::InsufficientData
                || !policy.matches.resource_type.contains(&policy.resource_type))
        {
            return (event, after);
        }
        let alone = evaluate_event(policy, &self.event, &context);
        let worst = alone.into_iter().max_by_key(|one| one.status.severity_rank());
        (event, worst.unwrap_or_else(Evaluation::not_applicable))
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
