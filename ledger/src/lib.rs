//! The doors out: records that are created once and never changed, and their announcement.

mod announcer;
mod bundle;
mod canary;
mod finding_lookup;
mod notice;
mod recorder;
mod s3;
mod versioned_record;

pub use announcer::{AnnounceError, NoticeAnnouncer, SilentAnnouncer, SnsTopic};
pub use bundle::{LoadBundleError, PublishBundleError};
pub use canary::{CANARY_SOURCE, CANARY_TYPE, CanaryHop, CanaryId};
pub use finding_lookup::{FindingError, FindingRecord};
pub use notice::{MAX_BYTES, Notice, RemediationReport};
pub use recorder::{FindingRecorder, RecordError, RecordingResult};
pub use s3::s3_builder;
pub use versioned_record::VersionedRecord;

use aws_types::SdkConfig;
use futures_util::StreamExt;
use object_store::aws::Checksum;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use std::sync::Arc;
use std::time::Duration;

/// A place for records that are never changed.
#[derive(Clone, Debug)]
pub struct Ledger {
    store: Arc<dyn ObjectStore>,
}

/// What came of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The record is new.
    Created,
    /// The same record was there, under this key: the one that was asked for, or a revision's.
    AlreadyThere(String),
    /// Another record was there: this one was kept beside it, under this key.
    Revision(String),
}

impl WriteOutcome {
    /// The key under which the record lies; `asked` is the one that it was to have.
    pub fn record_key<'w>(&'w self, asked: &'w str) -> &'w str {
        match self {
            WriteOutcome::Created => asked,
            WriteOutcome::AlreadyThere(key) | WriteOutcome::Revision(key) => key,
        }
    }
}

/// Why a record could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The folder cannot be made or used.
    #[error("cannot use `{folder}` as a ledger: {error}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        error: String,
    },
    /// The store refused.
    #[error("the ledger refused `{key}`: {error}")]
    Store {
        /// The record's key.
        key: String,
        /// Why.
        error: Error,
    },
    /// The record has more revisions than anything harmless would make.
    #[error(
        "`{0}` has {MAX_REVISIONS} revisions: something writes different records under one key"
    )]
    Revisions(String),
}

impl LedgerError {
    /// Whether it only says that there is no such record.
    pub fn is_absence(&self) -> bool {
        matches!(self, LedgerError::Store { error: Error::NotFound { .. }, .. })
    }
}

/// How many different records may come under one key before it is an error.
const MAX_REVISIONS: usize = 16;

/// A record is small: a write that takes longer will not come back.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

impl Ledger {
    /// A ledger in a folder, which is made if need be.
    ///
    /// # Errors
    /// When the folder cannot be made or used.
    pub fn open_folder(folder: &std::path::Path) -> Result<Ledger, LedgerError> {
        let fail =
            |error: String| LedgerError::Folder { folder: folder.display().to_string(), error };
        std::fs::create_dir_all(folder).map_err(|error| fail(error.to_string()))?;
        let store =
            LocalFileSystem::new_with_prefix(folder).map_err(|error| fail(error.to_string()))?;
        Ok(Ledger { store: Arc::new(store) })
    }

    /// A ledger in an S3 bucket, below `prefix`, reached as [`s3_builder`] says. A bucket with Object Lock locks by its
    /// default retention.
    ///
    /// # Errors
    /// When the configuration does not tell enough.
    pub fn open_bucket(
        config: &SdkConfig,
        bucket: &str,
        prefix: &str,
    ) -> Result<Ledger, LedgerError> {
        // A bucket with Object Lock takes no record without a checksum.
        let builder = s3_builder(config, bucket, WRITE_TIMEOUT);
        let store = builder.with_checksum_algorithm(Checksum::SHA256).build().map_err(|error| {
            LedgerError::Folder { folder: prefix.to_owned(), error: error.to_string() }
        })?;
        Ok(Ledger { store: Arc::new(PrefixStore::new(store, prefix)) })
    }

    /// The ledger at `place`: `s3://bucket/prefix`, or a folder.
    ///
    /// # Errors
    /// As [`Ledger::open_bucket`] and [`Ledger::open_folder`].
    pub fn open_location(config: &SdkConfig, place: &str) -> Result<Ledger, LedgerError> {
        match Ledger::parse_bucket_location(place) {
            Some((bucket, prefix)) => Ledger::open_bucket(config, bucket, prefix),
            None => Ledger::open_folder(std::path::Path::new(place)),
        }
    }

    /// The bucket that a place names, and what its records lie below; none where it is a folder.
    pub fn parse_bucket_location(place: &str) -> Option<(&str, &str)> {
        let rest = place.strip_prefix("s3://")?;
        Some(rest.split_once('/').unwrap_or((rest, "")))
    }

    /// A ledger in any object store that can put if absent.
    pub fn from_store(store: Arc<dyn ObjectStore>) -> Ledger {
        Ledger { store }
    }

    /// Creates the record `key`. Where another record has the key, it stays, and this one is kept
    /// as a revision.
    ///
    /// # Errors
    /// When the store refuses, or the key already has too many revisions.
    pub async fn write_record(
        &self,
        key: &str,
        record: &[u8],
    ) -> Result<WriteOutcome, LedgerError> {
        for revision in 0..=MAX_REVISIONS {
            let candidate = revision_key(key, revision);
            if self.create_record(&candidate, record).await? {
                let first = revision == 0;
                return Ok(if first {
                    WriteOutcome::Created
                } else {
                    WriteOutcome::Revision(candidate)
                });
            }
            if self.read_record(&candidate).await? == record {
                return Ok(WriteOutcome::AlreadyThere(candidate));
            }
        }
        Err(LedgerError::Revisions(key.to_owned()))
    }

    /// The record `key`.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    pub async fn read_record(&self, key: &str) -> Result<Vec<u8>, LedgerError> {
        let fail = |error| LedgerError::Store { key: key.to_owned(), error };
        let found = self.store.get(&Path::from(key)).await.map_err(fail)?;
        Ok(found.bytes().await.map_err(fail)?.to_vec())
    }

    /// The record `key`, if there is one.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn find_record(&self, key: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        match self.read_record(key).await {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.is_absence() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The keys of the records below `prefix`, a whole number of key parts, in order.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, LedgerError> {
        let path = Path::from(prefix);
        let mut listed = self.store.list(Some(&path));
        let mut keys = Vec::new();
        while let Some(object) = listed.next().await {
            let fail = |error| LedgerError::Store { key: prefix.to_owned(), error };
            keys.push(object.map_err(fail)?.location.to_string());
        }
        keys.sort();
        Ok(keys)
    }

    /// Creates the record `key`, if it is not there; says whether it was created. Of several who try at once,
    /// one is told that it did.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn claim_key(&self, key: &str, record: &[u8]) -> Result<bool, LedgerError> {
        self.create_record(key, record).await
    }

    /// Whether there is a record `key`.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn has_record(&self, key: &str) -> Result<bool, LedgerError> {
        match self.store.head(&Path::from(key)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(LedgerError::Store { key: key.to_owned(), error }),
        }
    }

    /// When the record `key` was written by the store's clock, in milliseconds since 1970; S3 tells whole seconds.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    pub async fn written_at(&self, key: &str) -> Result<i64, LedgerError> {
        let fail = |error| LedgerError::Store { key: key.to_owned(), error };
        let head = self.store.head(&Path::from(key)).await.map_err(fail)?;
        Ok(head.last_modified.timestamp_millis())
    }

    /// Creates a record; says whether the key was free.
    async fn create_record(&self, key: &str, record: &[u8]) -> Result<bool, LedgerError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let payload = PutPayload::from(record.to_vec());
        match self.store.put_opts(&Path::from(key), payload, options).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(LedgerError::Store { key: key.to_owned(), error }),
        }
    }
}

/// `findings/x.json`, then `findings/x.r1.json`.
fn revision_key(key: &str, revision: usize) -> String {
    match key.rsplit_once('.') {
        Some((stem, ending)) if revision > 0 => format!("{stem}.r{revision}.{ending}"),
        None if revision > 0 => format!("{key}.r{revision}"),
        _ => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn a_record_is_created_once_and_never_changed() {
        let ledger = Ledger::from_store(Arc::new(InMemory::new()));
        run(async {
            let write =
                async |record: &[u8]| ledger.write_record("findings/a=b/x.json", record).await;
            assert_eq!(write(b"1").await.unwrap(), WriteOutcome::Created);
            let (first, second) = ("findings/a=b/x.json", "findings/a=b/x.r1.json");
            assert_eq!(write(b"1").await.unwrap(), WriteOutcome::AlreadyThere(first.to_owned()));
            assert_eq!(write(b"2").await.unwrap(), WriteOutcome::Revision(second.to_owned()));
            assert_eq!(write(b"2").await.unwrap(), WriteOutcome::AlreadyThere(second.to_owned()));
            assert_eq!(ledger.read_record("findings/a=b/x.json").await.unwrap(), b"1");
            for other in 3..=17_u8 {
                write(&[other]).await.unwrap();
            }
            assert!(matches!(write(b"too many").await, Err(LedgerError::Revisions(_))));
        });
    }

    #[test]
    fn a_folder_that_cannot_be_one_is_named() {
        let file = std::env::temp_dir().join(format!("evenkeel-ledger-{}", std::process::id()));
        std::fs::write(&file, b"").unwrap();
        let error = Ledger::open_folder(&file).unwrap_err().to_string();
        std::fs::remove_file(&file).unwrap();
        assert!(error.contains("evenkeel-ledger"), "{error}");
    }
}
