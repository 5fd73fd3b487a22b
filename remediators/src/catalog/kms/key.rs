//! A KMS key's state, as remediators of keys read it.

use evenkeel_client::{CallError, Service};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::remediator::RefusedByAws;
use crate::remediator::aws_failure::refusal;
use crate::violation::Target;

/// What a key is.
///
/// Source: AWS KMS Developer Guide, "Key states of AWS KMS keys".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// `KeyState`, such as `Enabled` or `PendingDeletion`.
    pub state: String,
}

/// It can be used.
pub(super) const ENABLED: &str = "Enabled";

/// It cannot be used, and can be enabled.
pub(super) const DISABLED: &str = "Disabled";

/// It waits for its deletion.
pub(super) const PENDING_DELETION: &str = "PendingDeletion";

impl Key {
    /// A key in this state.
    pub(super) fn of(state: &str) -> Key {
        Key { state: state.to_owned() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeKey {
    key_metadata: Option<KeyMetadata>,
}

/// What AWS tells of a key.
///
/// Source: AWS KMS API Reference, `KeyMetadata`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyMetadata {
    pub(super) custom_key_store_id: Option<String>,
    pub(super) key_manager: Option<String>,
    pub(super) key_spec: Option<String>,
    pub(super) key_state: Option<String>,
    pub(super) multi_region_configuration: Option<MultiRegion>,
    pub(super) origin: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MultiRegion {
    pub(super) multi_region_key_type: Option<String>,
}

/// Asks what a key is.
pub(super) async fn describe(kms: &Service, target: &Target) -> Result<KeyMetadata, RefusedByAws> {
    let answer: DescribeKey =
        kms.json("DescribeKey", &json!({"KeyId": target.id})).await.map_err(refused)?;
    answer.key_metadata.ok_or_else(|| unread("DescribeKey"))
}

/// Reads a key's state.
pub(super) async fn observe(kms: &Service, target: &Target) -> Result<Key, RefusedByAws> {
    let state = describe(kms, target).await?.key_state;
    let unread = || RefusedByAws::Later("DescribeKey did not tell the key's state".to_owned());
    Ok(Key { state: state.ok_or_else(unread)? })
}

/// An answer that is none.
pub(super) fn unread(call: &str) -> RefusedByAws {
    RefusedByAws::Later(format!("{call} did not tell all that it should"))
}

/// Source: AWS KMS API Reference, errors of `DescribeKey`, `CancelKeyDeletion` and `EnableKey`.
pub(super) fn refused(error: CallError) -> RefusedByAws {
    refusal(error, &["NotFoundException"], &[])
}
