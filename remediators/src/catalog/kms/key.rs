//! A KMS key's state, as remediators of keys read it.

use std::fmt::Debug;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::types::KeyState;
use serde::{Deserialize, Serialize};

use crate::refusal::{ServiceError, refusal};
use crate::remediator::RefusedByAws;
use crate::violation::Target;

/// What a key is.
///
/// Source: AWS KMS Developer Guide, "Key states of AWS KMS keys".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// `KeyState`, such as `Enabled` or `PendingDeletion`.
    pub state: String,
}

impl Key {
    /// A key in this state.
    pub(super) fn of(state: &KeyState) -> Key {
        Key { state: state.as_str().to_owned() }
    }

    pub(super) fn state(&self) -> KeyState {
        KeyState::from(self.state.as_str())
    }
}

/// Reads a key's state.
pub(super) async fn observe(client: &Client, target: &Target) -> Result<Key, RefusedByAws> {
    let answer = client.describe_key().key_id(&target.id).send().await.map_err(refused)?;
    let state = answer.key_metadata.and_then(|key| key.key_state);
    let unread = || RefusedByAws::Later("DescribeKey did not tell the key's state".to_owned());
    Ok(Key::of(&state.ok_or_else(unread)?))
}

/// Source: AWS KMS API Reference, errors of `DescribeKey`, `CancelKeyDeletion` and `EnableKey`.
pub(super) fn refused<E: ServiceError, R: Debug + 'static>(error: SdkError<E, R>) -> RefusedByAws {
    refusal(error, &["NotFoundException"], &[])
}
