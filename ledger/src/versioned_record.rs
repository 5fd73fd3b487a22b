//! Replaces a record only if the writer has read the current version of the record.

use object_store::path::Path;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};

use crate::{Ledger, LedgerError};

/// A record and its version in the store. [`Ledger::replace_record`] replaces the record only if
/// its version has not changed.
#[derive(Clone, Debug)]
pub struct VersionedRecord {
    /// The content of the record.
    pub record: Vec<u8>,
    version: UpdateVersion,
}

impl Ledger {
    /// Reads the record `key` with its version, or returns `None` if it does not exist.
    ///
    /// # Errors
    /// Returns [`LedgerError::Store`] if the store fails.
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

    /// Replaces the record `seen` by `record`, or creates the record if `seen` is `None`. Returns
    /// whether `record` is now the current record. The function returns false and changes nothing
    /// if another writer has changed the record in the meantime.
    ///
    /// S3 detects a change by the `ETag` of the object.
    ///
    /// Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes",
    /// `AmazonS3/latest/userguide/conditional-writes.html`.
    ///
    /// # Errors
    /// Returns [`LedgerError::Store`] if the store fails.
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
            // The call may be a retry of a call that succeeded and whose response was lost. In this
            // case, `record` is already the current record.
            Err(Error::Precondition { .. }) => self.is_current_record(key, record).await,
            // A folder has no conditional writes. If another writer replaces the record between
            // this read and the write, that replacement is lost. This is acceptable because only
            // one person deploys to a local folder.
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

    /// Checks that of two writers which read the same version, only the first replaces the record.
    async fn assert_only_the_first_writer_replaces(ledger: Ledger) {
        let none = ledger.read_versioned(KEY).await.unwrap();
        let first = ledger.replace_record(KEY, none.as_ref(), b"1").await.unwrap();
        let late = ledger.replace_record(KEY, none.as_ref(), b"2").await.unwrap();
        let seen = ledger.read_versioned(KEY).await.unwrap().unwrap();
        let second = ledger.replace_record(KEY, Some(&seen), b"2").await.unwrap();
        let later = ledger.replace_record(KEY, Some(&seen), b"3").await.unwrap();
        let own = ledger.replace_record(KEY, Some(&seen), b"2").await.unwrap();
        assert_eq!((none.is_some(), seen.record.as_slice()), (false, &b"1"[..]));
        assert_eq!([first, late, second, later], [true, false, true, false]);
        assert!(own, "a repeated write of the same record is not a conflict");
        assert_eq!(ledger.read_record(KEY).await.unwrap(), b"2");
    }

    #[test]
    fn a_record_is_replaced_only_by_a_writer_that_read_its_version() {
        let folder = std::env::temp_dir().join(format!("evenkeel-replace-{}", std::process::id()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            assert_only_the_first_writer_replaces(Ledger::from_store(Arc::new(InMemory::new())))
                .await;
            assert_only_the_first_writer_replaces(Ledger::open_folder(&folder).unwrap()).await;
        });
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
