//! The one record that is replaced: only by one who has seen what it replaces.

use object_store::path::Path;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};

use crate::{Ledger, LedgerError};

/// A record as it was read, to be replaced by another if it is still the same.
#[derive(Clone, Debug)]
pub struct VersionedRecord {
    /// What it holds.
    pub record: Vec<u8>,
    version: UpdateVersion,
}

impl Ledger {
    /// The record `key` as it is now, if there is one.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn read_versioned(&self, key: &str) -> Result<Option<VersionedRecord>, LedgerError> {
        let fail = |error| LedgerError::Store { key: key.to_owned(), error };
        let found = match self.store.get(&Path::from(key)).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            found => found.map_err(fail)?,
        };
        let (e_tag, version) = (found.meta.e_tag.clone(), found.meta.version.clone());
        let record = found.bytes().await.map_err(fail)?.to_vec();
        Ok(Some(VersionedRecord { record, version: UpdateVersion { e_tag, version } }))
    }

    /// Puts `record` in the place of what was `seen` there; creates it where nothing was. Says whether it
    /// holds: it does not where somebody else has written meanwhile, and then nothing was changed.
    ///
    /// S3 compares the `ETag` (Amazon S3 User Guide, "How to prevent object overwrites with conditional
    /// writes", `AmazonS3/latest/userguide/conditional-writes.html`).
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn replace_record(
        &self,
        key: &str,
        seen: Option<&VersionedRecord>,
        record: &[u8],
    ) -> Result<bool, LedgerError> {
        let Some(seen) = seen else {
            return Ok(
                self.claim_key(key, record).await? || self.is_current_record(key, record).await?
            );
        };
        match self.put_record(key, PutMode::Update(seen.version.clone()), record).await {
            Ok(()) => Ok(true),
            // An answer may have been lost, and the call made again.
            Err(Error::Precondition { .. }) => self.is_current_record(key, record).await,
            // A folder compares nothing: between this reading and the writing, another's record may be lost.
            // That is bearable where one person deploys to a folder of their own.
            Err(Error::NotImplemented { .. }) => {
                if !self.is_current_record(key, &seen.record).await? {
                    return self.is_current_record(key, record).await;
                }
                let written = self.put_record(key, PutMode::Overwrite, record).await;
                written
                    .map(|()| true)
                    .map_err(|error| LedgerError::Store { key: key.to_owned(), error })
            }
            Err(error) => Err(LedgerError::Store { key: key.to_owned(), error }),
        }
    }

    async fn is_current_record(&self, key: &str, record: &[u8]) -> Result<bool, LedgerError> {
        Ok(self.find_record(key).await?.is_some_and(|now| now == record))
    }

    async fn put_record(&self, key: &str, mode: PutMode, record: &[u8]) -> Result<(), Error> {
        let options = PutOptions { mode, ..PutOptions::default() };
        let payload = PutPayload::from(record.to_vec());
        self.store.put_opts(&Path::from(key), payload, options).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use std::sync::Arc;

    const KEY: &str = "bundle/manifest.json";

    /// Each who replaced, or came second, in the order of the story.
    async fn of_two_who_saw_the_same_one_replaces(ledger: Ledger) {
        let none = ledger.read_versioned(KEY).await.unwrap();
        let first = ledger.replace_record(KEY, none.as_ref(), b"1").await.unwrap();
        let late = ledger.replace_record(KEY, none.as_ref(), b"2").await.unwrap();
        let seen = ledger.read_versioned(KEY).await.unwrap().unwrap();
        let second = ledger.replace_record(KEY, Some(&seen), b"2").await.unwrap();
        let later = ledger.replace_record(KEY, Some(&seen), b"3").await.unwrap();
        let own = ledger.replace_record(KEY, Some(&seen), b"2").await.unwrap();
        assert_eq!((none.is_some(), seen.record.as_slice()), (false, &b"1"[..]));
        assert_eq!([first, late, second, later], [true, false, true, false]);
        assert!(own, "its own is no conflict");
        assert_eq!(ledger.read_record(KEY).await.unwrap(), b"2");
    }

    #[test]
    fn a_record_is_replaced_only_by_one_who_saw_it() {
        let folder = std::env::temp_dir().join(format!("evenkeel-replace-{}", std::process::id()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            of_two_who_saw_the_same_one_replaces(Ledger::from_store(Arc::new(InMemory::new())))
                .await;
            of_two_who_saw_the_same_one_replaces(Ledger::open_folder(&folder).unwrap()).await;
        });
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
