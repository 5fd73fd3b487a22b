//! What a case puts before a policy: an event or a configuration item.

use crate::evaluation::evaluate::{Evaluation, Facts, evaluate};
use crate::evaluation::item::{ConfigurationItem, ItemTapes, ParsedItem};
use crate::event::{Event, EventError};
use crate::json::{JsonError, Tape};
use crate::merge::merge;
use crate::policy::{Policy, UnknownParameterError};
use evenkeel_engine::Prepared;
use serde_json::{Value, json};

/// Why a case cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// Its event is no record of CloudTrail.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Its configuration item, or the configuration that it knows, is no JSON.
    #[error(transparent)]
    Configuration(JsonError),
    /// It sets what is no parameter of the policy.
    #[error(transparent)]
    Parameter(#[from] UnknownParameterError),
}

#[derive(Debug)]
pub(super) enum Subject {
    Event(Value),
    Item(Box<ConfigurationItem>),
}

impl Subject {
    /// The base with the case's patch, and what every event or item has.
    pub(super) fn new(base: &Value, patch: &Value) -> Self {
        let is_item = base.get("resourceType").is_some() && base.get("eventName").is_none();
        let mut value = if is_item { usual_item() } else { usual_record() };
        merge(&mut value, base);
        merge(&mut value, patch);
        if is_item { Subject::Item(Box::new(item(&value))) } else { Subject::Event(value) }
    }

    pub(super) fn record(&self) -> Option<&Value> {
        match self {
            Subject::Event(record) => Some(record),
            Subject::Item(_) => None,
        }
    }

    pub(super) fn item(&self) -> Option<&ConfigurationItem> {
        match self {
            Subject::Event(_) => None,
            Subject::Item(item) => Some(item),
        }
    }

    pub(super) fn evaluate(
        &self,
        policy: &Policy,
        configuration: Option<&Value>,
        params: Prepared,
    ) -> Result<Evaluation, CaseError> {
        match self {
            Subject::Event(event) => event_evaluation(event, policy, configuration, params),
            Subject::Item(item) => item_evaluation(item, policy, params),
        }
    }
}

fn event_evaluation(
    event: &Value,
    policy: &Policy,
    configuration: Option<&Value>,
    params: Prepared,
) -> Result<Evaluation, CaseError> {
    let text = event.to_string();
    let (mut tape, mut configuration_tape) = (Tape::default(), Tape::default());
    let event = Event::parse(&text, &mut tape)?;
    let configuration = configuration.map(Value::to_string);
    let configuration = match &configuration {
        Some(text) => Some(configuration_tape.parse(text).map_err(CaseError::Configuration)?),
        None => None,
    };
    if !policy.matches.wants(&event.source, &event.name) {
        return Ok(Evaluation::not_applicable());
    }
    Ok(evaluate(policy, &event, &Facts::new(configuration, Some(params))))
}

fn item_evaluation(
    item: &ConfigurationItem,
    policy: &Policy,
    params: Prepared,
) -> Result<Evaluation, CaseError> {
    if !policy.matches.resource_type.contains(&item.kind) {
        return Ok(Evaluation::not_applicable());
    }
    let mut tapes = ItemTapes::default();
    let mut parsed = ParsedItem::new(item, &mut tapes).map_err(CaseError::Configuration)?;
    parsed.facts.params = Some(params);
    Ok(parsed.evaluate(policy))
}

/// A configuration item in the dialect of EventBridge.
fn item(value: &Value) -> ConfigurationItem {
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

/// What every configuration item has, so that a base can leave it out.
fn usual_item() -> Value {
    json!({
        "awsAccountId": "111122223333",
        "awsRegion": "eu-central-1",
        "configurationStateId": "1768478400000",
        "configurationItemCaptureTime": "2026-01-15T12:00:00Z",
        "configurationItemStatus": "OK"
    })
}

/// What every record has, so that a base event can leave it out.
fn usual_record() -> Value {
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
