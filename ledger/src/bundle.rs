//! Loads the current policy bundle of a ledger, and publishes a new bundle to a ledger.

use evenkeel_rules::bundle::{
    BundleError, BundleManifest, MANIFEST, PolicyBundle, history_key, sha256_hex,
};
use evenkeel_rules::policy::PolicyFile;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{Ledger, LedgerError, VersionedRecord};

/// The maximum number of files that are fetched concurrently.
const CONCURRENT_FETCHES: usize = 16;

/// The reason why a bundle cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadBundleError {
    /// The ledger cannot be read, or a file is missing in it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The bundle in the ledger is not valid.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// The reason why a bundle cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishBundleError {
    /// The ledger cannot be read.
    #[error("cannot read the ledger: {0}")]
    Read(#[source] LedgerError),
    /// The ledger cannot be written.
    #[error("cannot write to the ledger: {0}")]
    Write(#[source] LedgerError),
    /// The content of a record does not match the digest in the key of the record.
    #[error(
        "the content of the record `{0}` does not match the digest in its key; remove the record, \
         and publish again"
    )]
    KeyConflict(String),
    /// The digest of a file is not a valid key.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl Ledger {
    /// Loads the bundle of the current manifest. Returns `None` if there is no manifest, or if the
    /// version of the manifest is `known`.
    ///
    /// # Errors
    /// Returns [`LoadBundleError::Ledger`] if a record cannot be read, and
    /// [`LoadBundleError::Bundle`] if the manifest, the digest of a file or the content of the
    /// bundle is not valid.
    pub async fn load_bundle(&self, known: &str) -> Result<Option<PolicyBundle>, LoadBundleError> {
        let Some(manifest) = self.find_record(MANIFEST).await? else { return Ok(None) };
        let version = sha256_hex(&manifest);
        if version == known {
            return Ok(None);
        }
        let files = self.bundle_files(&BundleManifest::parse_record(&manifest)?).await?;
        Ok(Some(PolicyBundle::compile_files(version, &files)?))
    }

    /// Reads the files of a manifest, in the order of their names.
    ///
    /// # Errors
    /// Returns [`LoadBundleError::Ledger`] if a file is missing or cannot be read, and
    /// [`LoadBundleError::Bundle`] if the digest of a file differs from the manifest.
    pub async fn bundle_files(
        &self,
        manifest: &BundleManifest,
    ) -> Result<Vec<PolicyFile>, LoadBundleError> {
        let files = manifest.files.iter().map(|(name, digest)| self.bundle_file(name, digest));
        stream::iter(files).buffered(CONCURRENT_FETCHES).try_collect().await
    }

    /// Reads the file of a bundle with this name and digest.
    ///
    /// # Errors
    /// Returns [`LoadBundleError::Ledger`] if the file is missing or cannot be read, and
    /// [`LoadBundleError::Bundle`] if its digest differs from `digest`.
    pub async fn bundle_file(
        &self,
        name: &str,
        digest: &str,
    ) -> Result<PolicyFile, LoadBundleError> {
        let key =
            BundleManifest::file_key(digest).map_err(|_| BundleError::Digest(name.to_owned()))?;
        let content = self.read_record(&key).await?;
        Ok(BundleManifest::verify_file(name, digest, content)?)
    }

    /// Publishes a bundle. `texts` are the contents of its files, and `manifest` is its manifest.
    /// The function uploads the files first and replaces the manifest last, because the manifest
    /// activates the bundle.
    ///
    /// `seen` is the manifest that the caller has read before. The function stores this manifest in
    /// the history. Returns false if another caller published a manifest after this read.
    ///
    /// # Errors
    /// Returns [`PublishBundleError::Read`] or [`PublishBundleError::Write`] if the ledger cannot
    /// be read or written, and [`PublishBundleError::KeyConflict`] if the content of a record does
    /// not match the digest in its key.
    pub async fn publish_bundle(
        &self,
        texts: impl Iterator<Item = &str>,
        seen: Option<&VersionedRecord>,
        manifest: &[u8],
    ) -> Result<bool, PublishBundleError> {
        for text in texts {
            self.publish_file(text).await?;
        }
        if let Some(seen) = seen {
            let key = history_key(&sha256_hex(&seen.record));
            self.claim_key(&key, &seen.record).await.map_err(PublishBundleError::Write)?;
        }
        self.replace_record(MANIFEST, seen, manifest).await.map_err(PublishBundleError::Write)
    }

    /// Uploads a file unless the ledger already contains it.
    async fn publish_file(&self, text: &str) -> Result<(), PublishBundleError> {
        let key = BundleManifest::file_key(&sha256_hex(text.as_bytes()))?;
        // The read comes first, so that an existing file is not sent again.
        let found =
            if let Some(found) = self.find_record(&key).await.map_err(PublishBundleError::Read)? {
                found
            } else {
                let claimed = self.claim_key(&key, text.as_bytes()).await;
                if claimed.map_err(PublishBundleError::Write)? {
                    return Ok(());
                }
                self.read_record(&key).await.map_err(PublishBundleError::Read)?
            };
        if found == text.as_bytes() { Ok(()) } else { Err(PublishBundleError::KeyConflict(key)) }
    }
}
