//! The ledger, which stores write-once records, and the announcement of findings.
//!
//! ```
//! use evenkeel_ledger::{Ledger, LedgerError, WriteOutcome};
//! use object_store::memory::InMemory;
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), LedgerError> {
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let ledger = Ledger::from_store(Arc::new(InMemory::new()));
//! assert_eq!(ledger.write_record("findings/1.json", b"{}").await?, WriteOutcome::Created);
//! assert_eq!(ledger.read_record("findings/1.json").await?, b"{}");
//! assert_eq!(ledger.find_record("findings/2.json").await?, None);
//! # Ok::<(), LedgerError>(())
//! # })
//! # }
//! ```

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

/// A store for write-once records. Each record has a key, such as `findings/1.json`.
///
/// Only [`Ledger::replace_record`] replaces a record. A clone of a ledger uses the same store.
///
/// ```
/// use evenkeel_ledger::{Ledger, LedgerError};
///
/// # fn main() -> Result<(), LedgerError> {
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let folder = std::env::temp_dir().join(format!("evenkeel-example-{}", std::process::id()));
/// let ledger = Ledger::open_folder(&folder)?;
/// ledger.write_record("findings/1.json", b"first").await?;
/// // A different record with the same key is stored as a revision.
/// let outcome = ledger.write_record("findings/1.json", b"second").await?;
/// assert_eq!(outcome.record_key("findings/1.json"), "findings/1.r1.json");
/// assert_eq!(ledger.read_record("findings/1.json").await?, b"first");
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), LedgerError>(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Ledger {
    store: Arc<dyn ObjectStore>,
}

/// The outcome of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The record was created under the requested key.
    Created,
    /// An equal record already exists under the key in this variant: the requested key, or the key
    /// of a revision.
    AlreadyThere(String),
    /// A different record already has the requested key. The new record was created as a revision,
    /// under the key in this variant.
    Revision(String),
}

impl WriteOutcome {
    /// Returns the key of the record. `requested` is the requested key.
    pub fn record_key<'w>(&'w self, requested: &'w str) -> &'w str {
        match self {
            WriteOutcome::Created => requested,
            WriteOutcome::AlreadyThere(key) | WriteOutcome::Revision(key) => key,
        }
    }
}

/// The reason why the ledger cannot be opened, or why a record cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The folder cannot be created or opened, or the configuration of the bucket is incomplete.
    #[error("cannot use `{folder}` as a ledger: {error}")]
    Folder {
        /// The folder, or the prefix in the bucket.
        folder: String,
        /// The error of the operating system or of the store.
        error: String,
    },
    /// The object store returned an error.
    #[error("cannot access `{key}` in the ledger: {error}")]
    Store {
        /// The key of the record, or the prefix of a list.
        key: String,
        /// The error of the object store.
        error: Error,
    },
    /// The record has the maximum number of revisions.
    #[error(
        "`{0}` has the maximum of {MAX_REVISIONS} revisions; different records are written under \
         the same key"
    )]
    Revisions(String),
}

impl LedgerError {
    /// Returns whether the error means that the record does not exist.
    pub fn is_absence(&self) -> bool {
        matches!(self, LedgerError::Store { error: Error::NotFound { .. }, .. })
    }
}

/// The maximum number of revisions of one record.
const MAX_REVISIONS: usize = 16;

/// The timeout of a request. A request that takes longer has probably failed.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

impl Ledger {
    /// Opens a ledger in a folder. Creates the folder if it does not exist.
    ///
    /// # Errors
    /// Returns [`LedgerError::Folder`] if the folder cannot be created or opened.
    pub fn open_folder(folder: &std::path::Path) -> Result<Ledger, LedgerError> {
        let fail =
            |error: String| LedgerError::Folder { folder: folder.display().to_string(), error };
        std::fs::create_dir_all(folder).map_err(|error| fail(error.to_string()))?;
        let store =
            LocalFileSystem::new_with_prefix(folder).map_err(|error| fail(error.to_string()))?;
        Ok(Ledger { store: Arc::new(store) })
    }

    /// Opens a ledger in an S3 bucket, under `prefix`, with the settings of [`s3_builder`]. The
    /// default retention of a bucket with Object Lock applies to each record.
    ///
    /// # Errors
    /// Returns [`LedgerError::Folder`] if the configuration is incomplete.
    pub fn open_bucket(
        config: &SdkConfig,
        bucket: &str,
        prefix: &str,
    ) -> Result<Ledger, LedgerError> {
        // A bucket with Object Lock rejects a record without a checksum.
        let builder = s3_builder(config, bucket, WRITE_TIMEOUT);
        let store = builder.with_checksum_algorithm(Checksum::SHA256).build().map_err(|error| {
            LedgerError::Folder { folder: prefix.to_owned(), error: error.to_string() }
        })?;
        Ok(Ledger { store: Arc::new(PrefixStore::new(store, prefix)) })
    }

    /// Opens the ledger at `place`, which is `s3://bucket/prefix` or a folder.
    ///
    /// # Errors
    /// Returns the errors of [`Ledger::open_bucket`] and [`Ledger::open_folder`].
    pub fn open_location(config: &SdkConfig, place: &str) -> Result<Ledger, LedgerError> {
        match Ledger::parse_bucket_location(place) {
            Some((bucket, prefix)) => Ledger::open_bucket(config, bucket, prefix),
            None => Ledger::open_folder(std::path::Path::new(place)),
        }
    }

    /// Returns the bucket and the prefix of an `s3://` location, or `None` for a folder.
    pub fn parse_bucket_location(place: &str) -> Option<(&str, &str)> {
        let rest = place.strip_prefix("s3://")?;
        Some(rest.split_once('/').unwrap_or((rest, "")))
    }

    /// Creates a ledger in an object store, which must support [`PutMode::Create`].
    pub fn from_store(store: Arc<dyn ObjectStore>) -> Ledger {
        Ledger { store }
    }

    /// Creates the record `key`. If a different record has this key, the function does not change
    /// that record, and creates a revision instead.
    ///
    /// # Errors
    /// Returns [`LedgerError::Store`] if the store fails, and [`LedgerError::Revisions`] if the key
    /// already has the maximum number of revisions.
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

    /// Reads the record `key`.
    ///
    /// # Errors
    /// Returns [`LedgerError::Store`] if the record does not exist or the store fails.
    pub async fn read_record(&self, key: &str) -> Result<Vec<u8>, LedgerError> {
        let fail = |error| LedgerError::Store { key: key.to_owned(), error };
        let found = self.store.get(&Path::from(key)).await.map_err(fail)?;
        Ok(found.bytes().await.map_err(fail)?.to_vec())
    }

    /// Reads the record `key`, or returns `None` if it does not exist.
    ///
    /// # Errors
    /// Returns [`LedgerError::Store`] if the store fails.
    pub async fn find_record(&self, key: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        match self.read_record(key).await {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.is_absence() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the sorted keys of the records under `prefix`. The prefix must consist of complete
    /// parts of a key, such as `findings` for the key `findings/1.json`.
    ///
    /// # Errors
    /// Returns [`LedgerError::Store`] if the store fails.
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

    /// Creates the record `key` if it does not exist. Returns whether the record was created. If
    /// several callers try concurrently, the function returns true to only one of them.
    ///
    /// # Errors
    /// Returns [`LedgerError::Store`] if the store fails.
    pub async fn claim_key(&self, key: &str, record: &[u8]) -> Result<bool, LedgerError> {
        self.create_record(key, record).await
    }

    /// Returns whether the record `key` exists.
    ///
    /// # Errors
    /// Returns [`LedgerError::Store`] if the store fails.
    pub async fn has_record(&self, key: &str) -> Result<bool, LedgerError> {
        match self.store.head(&Path::from(key)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(LedgerError::Store { key: key.to_owned(), error }),
        }
    }

    /// Returns the time at which the record `key` was written, in milliseconds since 1970, by the
    /// clock of the store. The resolution of S3 is one second.
    ///
    /// # Errors
    /// Returns [`LedgerError::Store`] if the record does not exist or the store fails.
    pub async fn written_at(&self, key: &str) -> Result<i64, LedgerError> {
        let fail = |error| LedgerError::Store { key: key.to_owned(), error };
        let head = self.store.head(&Path::from(key)).await.map_err(fail)?;
        Ok(head.last_modified.timestamp_millis())
    }

    /// Creates a record. Returns false if the key already exists.
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

/// Returns the key of a revision: `findings/x.r1.json` for revision 1 of `findings/x.json`.
/// Revision 0 is the record itself.
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
            assert!(matches!(write(b"one more").await, Err(LedgerError::Revisions(_))));
        });
    }

    #[test]
    fn the_error_names_a_folder_that_cannot_be_created() {
        let file = std::env::temp_dir().join(format!("evenkeel-ledger-{}", std::process::id()));
        std::fs::write(&file, b"").unwrap();
        let error = Ledger::open_folder(&file).unwrap_err().to_string();
        std::fs::remove_file(&file).unwrap();
        assert!(error.contains("evenkeel-ledger"), "{error}");
    }
}
