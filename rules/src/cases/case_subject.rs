//! The subject of a test case, which is an event or a configuration item.

use crate::evaluation::configuration_item::{ConfigurationItem, ItemTapes, ParsedItem};
use crate::evaluation::event_evaluation::evaluate_event;
use crate::evaluation::single_evaluation::{Evaluation, ResourceContext};
use crate::event::{CloudTrailEvent, EventError};
use crate::json::{JsonError, JsonTape};
use crate::merge_patch::apply_merge_patch;
use crate::policy::{Policy, UnknownParameterError};
use evenkeel_engine::ConstantValue;
use serde_json::{Value, json};

/// The reason why a case cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// The event of the case is not a valid CloudTrail record.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The configuration item or the configuration of the case is not valid JSON.
    #[error(transparent)]
    Configuration(JsonError),
    /// The case sets a parameter that the policy does not define.
    #[error(transparent)]
    Parameter(#[from] UnknownParameterError),
}

#[derive(Debug)]
pub(super) enum CaseSubject {
    Event(Value),
    Item(Box<ConfigurationItem>),
}

impl CaseSubject {
    /// Applies the merge patch of the case to the base, and adds the fields that every event or
    /// item has.
    pub(super) fn new(base: &Value, patch: &Value) -> Self {
        let is_item = base.get("resourceType").is_some() && base.get("eventName").is_none();
        let mut value = if is_item { default_item_fields() } else { default_record_fields() };
        apply_merge_patch(&mut value, base);
        apply_merge_patch(&mut value, patch);
        if is_item {
            CaseSubject::Item(Box::new(build_item(&value)))
        } else {
            CaseSubject::Event(value)
        }
    }

    pub(super) fn event_record(&self) -> Option<&Value> {
        match self {
            CaseSubject::Event(record) => Some(record),
            CaseSubject::Item(_) => None,
        }
    }

    pub(super) fn configuration_item(&self) -> Option<&ConfigurationItem> {
        match self {
            CaseSubject::Event(_) => None,
            CaseSubject::Item(item) => Some(item),
        }
    }

    pub(super) fn evaluate_policy(
        &self,
        policy: &Policy,
        configuration: Option<&Value>,
        params: ConstantValue,
    ) -> Result<Vec<Evaluation>, CaseError> {
        match self {
            CaseSubject::Event(event) => evaluate_event_case(event, policy, configuration, params),
            CaseSubject::Item(item) => evaluate_item_case(item, policy, params),
        }
    }
}

fn evaluate_event_case(
    event: &Value,
    policy: &Policy,
    configuration: Option<&Value>,
    params: ConstantValue,
) -> Result<Vec<Evaluation>, CaseError> {
    let text = event.to_string();
    let (mut tape, mut configuration_tape) = (JsonTape::default(), JsonTape::default());
    let event = CloudTrailEvent::parse_record(&text, &mut tape)?;
    let configuration = configuration.map(Value::to_string);
    let configuration = match &configuration {
        Some(text) => Some(configuration_tape.parse_text(text).map_err(CaseError::Configuration)?),
        None => None,
    };
    if !policy.matches.matches_event(&event.source, &event.name) {
        return Ok(vec![Evaluation::not_applicable()]);
    }
    Ok(evaluate_event(policy, &event, &ResourceContext::new(configuration, Some(params))))
}

fn evaluate_item_case(
    item: &ConfigurationItem,
    policy: &Policy,
    params: ConstantValue,
) -> Result<Vec<Evaluation>, CaseError> {
    if !policy.matches.resource_type.contains(&item.kind) {
        return Ok(vec![Evaluation::not_applicable()]);
    }
    let mut tapes = ItemTapes::default();
    let mut parsed = ParsedItem::new(item, &mut tapes).map_err(CaseError::Configuration)?;
    parsed.context.params = Some(params);
    Ok(parsed.evaluate_policy(policy))
}

/// Builds a configuration item from JSON in the format that AWS Config sends to EventBridge.
fn build_item(value: &Value) -> ConfigurationItem {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let json = |name: &str| value.get(name).map(Value::to_string).unwrap_or_default();
    ConfigurationItem {
        kind: text("resourceType"),
        id: text("resourceId"),
        name: text("resourceName"),
        arn: text("ARN"),
        account: text("awsAccountId"),
        region: text("awsRegion"),
        state_id: text("configurationStateId"),
        time: text("configurationItemCaptureTime"),
        status: text("configurationItemStatus"),
        configuration: json("configuration"),
        supplementary: json("supplementaryConfiguration"),
        tags: json("tags"),
    }
}

/// Returns the fields of every configuration item, which a base event may omit.
fn default_item_fields() -> Value {
    json!({
        "awsAccountId": "111122223333",
        "awsRegion": "eu-central-1",
        "configurationStateId": "1768478400000",
        "configurationItemCaptureTime": "2026-01-15T12:00:00Z",
        "configurationItemStatus": "OK"
    })
}

/// Returns the fields of every record, which a base event may omit.
fn default_record_fields() -> Value {
    json!({
        "eventVersion": "1.11",
        "eventTime": "2026-01-15T12:00:00Z",
        "eventID": "00000000-0000-4000-8000-000000000001",
        "eventType": "AwsApiCall",
        "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333",
        "sourceIPAddress": "198.51.100.7",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::111122223333:assumed-role/developer/jo",
            "accountId": "111122223333"
        }
    })
}
