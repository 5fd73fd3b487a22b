//! Reads the state of KMS keys.

use evenkeel_client::{CallError, ServiceClient};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::remediator::AwsFailure;
use crate::remediator::aws_failure::classify_error;
use crate::violation::TargetResource;

/// The state of a key.
///
/// Source: AWS KMS Developer Guide, "Key states of AWS KMS keys".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyState {
    /// The value of `KeyState`, such as `Enabled` or `PendingDeletion`.
    pub state: String,
}

/// The state of a key that can be used.
pub(super) const ENABLED: &str = "Enabled";

/// The state of a key that cannot be used and can be enabled.
pub(super) const DISABLED: &str = "Disabled";

/// The state of a key with a scheduled deletion.
pub(super) const PENDING_DELETION: &str = "PendingDeletion";

impl KeyState {
    /// Returns the state with this name.
    pub(super) fn from_name(state: &str) -> KeyState {
        KeyState { state: state.to_owned() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeKeyResponse {
    key_metadata: Option<KeyMetadata>,
}

/// The metadata of a key.
///
/// Source: AWS KMS API Reference, `KeyMetadata`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyMetadata {
    pub(super) custom_key_store_id: Option<String>,
    pub(super) key_manager: Option<String>,
    pub(super) key_spec: Option<String>,
    pub(super) key_state: Option<String>,
    pub(super) multi_region_configuration: Option<MultiRegionConfiguration>,
    pub(super) origin: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MultiRegionConfiguration {
    pub(super) multi_region_key_type: Option<String>,
}

/// Reads the metadata of a key.
pub(super) async fn describe_key(
    kms: &ServiceClient,
    target: &TargetResource,
) -> Result<KeyMetadata, AwsFailure> {
    let answer: DescribeKeyResponse = kms
        .call_json("DescribeKey", &json!({"KeyId": target.id}))
        .await
        .map_err(classify_key_error)?;
    answer.key_metadata.ok_or_else(|| incomplete_response("DescribeKey"))
}

/// Reads the state of a key.
pub(super) async fn read_key_state(
    kms: &ServiceClient,
    target: &TargetResource,
) -> Result<KeyState, AwsFailure> {
    let state = describe_key(kms, target).await?.key_state;
    Ok(KeyState { state: state.ok_or_else(|| incomplete_response("DescribeKey"))? })
}

/// Returns the failure for a response without an expected part. `call` is the name of the
/// operation.
pub(super) fn incomplete_response(call: &str) -> AwsFailure {
    AwsFailure::Retryable(format!("AWS KMS returned an incomplete response ({call})"))
}

/// Classifies an error.
///
/// Source: AWS KMS API Reference, errors of `DescribeKey`, `CancelKeyDeletion` and `EnableKey`.
pub(super) fn classify_key_error(error: CallError) -> AwsFailure {
    classify_error(error, &["NotFoundException"], &[])
}
