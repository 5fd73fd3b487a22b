//! Fetches resource states that AWS Config recorded.

use std::collections::BTreeMap;

use aws_sdk_config::Client;
use aws_sdk_config::primitives::DateTime;
use aws_sdk_config::types::{
    BaseConfigurationItem, ConfigurationItem as HistoryItem, ConfigurationItemStatus, ResourceKey,
    ResourceType,
};
use evenkeel_rules::{ConfigurationItem, ResourceIdentity, parse_epoch_millis};
use serde_json::{Value, json};

use super::accounts::AccountClients;
use super::to_context_error;
use crate::environment::CloudContextError;
use crate::payload::JsonObject;
use crate::payload::read_item;

type StateResult = Result<ConfigurationItem, CloudContextError>;

/// The maximum number of resources in one request.
///
/// Source: AWS Config API Reference, `BatchGetResourceConfig`.
const RESOURCES_PER_REQUEST: usize = 100;

/// Fetches the states of resources, in the order of `wanted`. Resources of the same account and
/// Region share a request.
pub(super) async fn fetch_states(
    accounts: &AccountClients,
    wanted: &[ResourceIdentity],
) -> Vec<StateResult> {
    let mut places: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, resource) in wanted.iter().enumerate() {
        places.entry((&resource.account, &resource.region)).or_default().push(at);
    }
    let mut states: BTreeMap<usize, StateResult> = BTreeMap::new();
    for ((account, region), all) in places {
        for chunk in all.chunks(RESOURCES_PER_REQUEST) {
            let requested: Vec<&ResourceIdentity> =
                chunk.iter().filter_map(|at| wanted.get(*at)).collect();
            let found = match accounts.config_client(account, region).await {
                Ok(client) => fetch_region_states(&client, &requested).await,
                Err(error) => requested.iter().map(|_| Err(error.clone())).collect(),
            };
            states.extend(chunk.iter().copied().zip(found));
        }
    }
    states.into_values().collect()
}

async fn fetch_region_states(client: &Client, requested: &[&ResourceIdentity]) -> Vec<StateResult> {
    let keys = requested.iter().map(|resource| (resource.kind.as_str(), resource.id.as_str()));
    let found = match fetch_batch(client, keys.collect()).await {
        Ok(found) => found,
        Err(error) => return requested.iter().map(|_| Err(error.clone())).collect(),
    };
    let mut states = Vec::new();
    for resource in requested {
        let by_id =
            |item: &&ConfigurationItem| item.kind == resource.kind && item.id == resource.id;
        states.push(match found.iter().find(by_id) {
            Some(item) => Ok(item.clone()),
            None => fetch_by_name(client, resource).await,
        });
    }
    states
}

/// Fetches the latest states of resources by their ids in AWS Config.
async fn fetch_batch(
    client: &Client,
    keys: Vec<(&str, &str)>,
) -> Result<Vec<ConfigurationItem>, CloudContextError> {
    let mut requested = Vec::new();
    for (kind, id) in keys {
        let key = ResourceKey::builder().resource_type(ResourceType::from(kind)).resource_id(id);
        requested.push(key.build().map_err(|error| CloudContextError::Request(error.to_string()))?);
    }
    let response =
        client.batch_get_resource_config().set_resource_keys(Some(requested)).send().await;
    let response = response
        .map_err(|error| to_context_error("AWS Config did not return the configuration", error))?;
    response
        .base_configuration_items()
        .iter()
        .map(|item| parse_item(&base_item_json(item)))
        .collect()
}

/// Fetches the state of a resource by its name. AWS Config identifies some resources, such as
/// databases, by an id that differs from their name.
async fn fetch_by_name(client: &Client, resource: &ResourceIdentity) -> StateResult {
    let kind = ResourceType::from(resource.kind.as_str());
    let response = client
        .list_discovered_resources()
        .resource_type(kind)
        .resource_name(&resource.id)
        .send()
        .await
        .map_err(|error| to_context_error("AWS Config did not return the configuration", error))?;
    match response.resource_identifiers().first().and_then(|found| found.resource_id()) {
        Some(id) => fetch_from_history(client, &resource.kind, id, None).await,
        None => Err(CloudContextError::NotRecorded),
    }
}

/// Fetches the item that was captured at the time in `summary`.
pub(super) async fn fetch_captured_item(
    accounts: &AccountClients,
    summary: &ConfigurationItem,
) -> StateResult {
    let client = accounts.config_client(&summary.account, &summary.region).await?;
    fetch_from_history(&client, &summary.kind, &summary.id, parse_epoch_millis(&summary.time)).await
}

/// Fetches the latest state of a resource, or the state at `time` in milliseconds since 1970.
async fn fetch_from_history(
    client: &Client,
    kind: &str,
    id: &str,
    time: Option<i64>,
) -> StateResult {
    let response = client
        .get_resource_config_history()
        .resource_type(ResourceType::from(kind))
        .resource_id(id)
        .set_later_time(time.map(DateTime::from_millis))
        .limit(1)
        .send()
        .await
        .map_err(|error| to_context_error("AWS Config did not return the configuration", error))?;
    match response.configuration_items().first() {
        Some(item) => parse_item(&history_item_json(item)),
        None => Err(CloudContextError::NoState),
    }
}

/// Fetches the states of all recorded resources of the types `kinds`.
pub(super) async fn fetch_inventory(
    client: &Client,
    kinds: &[String],
) -> Result<Vec<ConfigurationItem>, CloudContextError> {
    let mut items = Vec::new();
    for kind in kinds {
        let mut ids = Vec::new();
        let pages =
            client.list_discovered_resources().resource_type(ResourceType::from(kind.as_str()));
        let mut pages = pages.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                to_context_error("AWS Config did not list the resources", error)
            })?;
            let found = page.resource_identifiers.unwrap_or_default();
            ids.extend(found.into_iter().filter_map(|found| found.resource_id));
        }
        for chunk in ids.chunks(RESOURCES_PER_REQUEST) {
            let keys = chunk.iter().map(|id| (kind.as_str(), id.as_str())).collect();
            items.extend(fetch_batch(client, keys).await?);
        }
    }
    Ok(items)
}

/// Parses an item of the API with the parser that also parses the items of all other sources.
fn parse_item(item: &Value) -> StateResult {
    let text = item.to_string();
    let item = JsonObject::from_text(&text).and_then(|object| read_item(&object));
    item.map_err(CloudContextError::Item)
}

fn base_item_json(item: &BaseConfigurationItem) -> Value {
    json!({
        "version": item.version(),
        "resourceType": item.resource_type().map(ResourceType::as_str),
        "resourceId": item.resource_id(),
        "resourceName": item.resource_name(),
        "arn": item.arn(),
        "accountId": item.account_id(),
        "awsRegion": item.aws_region(),
        "configurationStateId": item.configuration_state_id(),
        "configurationItemCaptureTime": epoch_seconds(item.configuration_item_capture_time()),
        "configurationItemStatus": item.configuration_item_status().map(ConfigurationItemStatus::as_str),
        "configuration": item.configuration(),
        "supplementaryConfiguration": item.supplementary_configuration(),
    })
}

fn history_item_json(item: &HistoryItem) -> Value {
    json!({
        "version": item.version(),
        "resourceType": item.resource_type().map(ResourceType::as_str),
        "resourceId": item.resource_id(),
        "resourceName": item.resource_name(),
        "arn": item.arn(),
        "accountId": item.account_id(),
        "awsRegion": item.aws_region(),
        "configurationStateId": item.configuration_state_id(),
        "configurationItemCaptureTime": epoch_seconds(item.configuration_item_capture_time()),
        "configurationItemStatus": item.configuration_item_status().map(ConfigurationItemStatus::as_str),
        "configuration": item.configuration(),
        "supplementaryConfiguration": item.supplementary_configuration(),
        "tags": item.tags(),
    })
}

fn epoch_seconds(time: Option<&DateTime>) -> Option<f64> {
    time.map(DateTime::as_secs_f64)
}
