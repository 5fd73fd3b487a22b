//! The bundle that a ledger holds: loaded, and replaced by another.

use evenkeel_rules::bundle::{
    BundleError, BundleManifest, MANIFEST, PolicyBundle, history_key, sha256_hex,
};
use evenkeel_rules::policy::PolicyFile;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{Ledger, LedgerError, VersionedRecord};

/// How many files are fetched at once.
const CONCURRENT_FETCHES: usize = 16;

/// Why a bundle cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadBundleError {
    /// The ledger refused, or a file is missing.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What it holds is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Why a bundle cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishBundleError {
    /// The ledger cannot be read.
    #[error("cannot read the ledger: {0}")]
    Read(#[source] LedgerError),
    /// The ledger cannot be written.
    #[error("cannot write to the ledger: {0}")]
    Write(#[source] LedgerError),
    /// A key that is named by the digest of a content holds another one.
    #[error("`{0}` holds something else than its name says: remove it first")]
    KeyConflict(String),
    /// A file has no key.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl Ledger {
    /// The bundle that the manifest names; none where there is no manifest, or where it is still the one called
    /// `known`.
    ///
    /// # Errors
    /// When a file is missing or not the one that is named, or is wrong, or there is no policy.
    pub async fn load_bundle(&self, known: &str) -> Result<Option<PolicyBundle>, LoadBundleError> {
        let Some(manifest) = self.find_record(MANIFEST).await? else { return Ok(None) };
        let version = sha256_hex(&manifest);
        if version == known {
            return Ok(None);
        }
        let files = self.bundle_files(&BundleManifest::parse_record(&manifest)?).await?;
        Ok(Some(PolicyBundle::compile_files(version, &files)?))
    }

    /// The files that a manifest names, in the order of their names.
    ///
    /// # Errors
    /// When one is missing, or is not the one that is named.
    pub async fn bundle_files(
        &self,
        manifest: &BundleManifest,
    ) -> Result<Vec<PolicyFile>, LoadBundleError> {
        let files = manifest.files.iter().map(|(name, digest)| self.bundle_file(name, digest));
        stream::iter(files).buffered(CONCURRENT_FETCHES).try_collect().await
    }

    /// The file of a bundle that has this name and digest.
    ///
    /// # Errors
    /// When it is missing, or is not the one that is named.
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

    /// Uploads a bundle, its files first and the manifest last, as it makes the others hold: in the place of the
    /// manifest that was `seen`, which is kept. Says whether it holds: it does not where somebody else was faster.
    ///
    /// # Errors
    /// When the ledger refuses, or holds something else under a file's digest.
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

    /// Uploads a file, unless it is there.
    async fn publish_file(&self, text: &str) -> Result<(), PublishBundleError> {
        let key = BundleManifest::file_key(&sha256_hex(text.as_bytes()))?;
        // Asked first: a file that is there need not be sent.
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
