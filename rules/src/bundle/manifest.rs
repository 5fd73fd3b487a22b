//! The manifest of a bundle: its files, their digests, and the previous bundle.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BundleError, FileKind};
use crate::policy::PolicyFile;

/// The key of the manifest of the active bundle. A deployment replaces this record. The files in
/// the manifest are stored under their digests and are never replaced.
pub const MANIFEST: &str = "bundle/manifest.json";

/// The folder of the previous manifests, which are stored as `<version>.json`.
pub const HISTORY: &str = "bundle/history";

/// The manifest of a bundle. The version of a bundle is the SHA-256 of this record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleManifest {
    /// The SHA-256 of each file in lower-case hexadecimal, by the path of the file.
    pub files: BTreeMap<String, String>,
    /// The version of Evenkeel that compiled the files and ran their test cases before the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_by: Option<String>,
    /// The version of the previous bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

impl BundleManifest {
    /// Parses the record of a manifest.
    ///
    /// # Errors
    /// Returns [`BundleError::Manifest`] if the record is not a valid manifest.
    pub fn parse_record(record: &[u8]) -> Result<BundleManifest, BundleError> {
        serde_json::from_slice(record).map_err(BundleError::Manifest)
    }

    /// Serializes the manifest as JSON. Equal manifests have equal records.
    ///
    /// # Errors
    /// Returns [`BundleError::Manifest`] if the manifest cannot be serialized.
    pub fn to_record_bytes(&self) -> Result<Vec<u8>, BundleError> {
        serde_json::to_vec_pretty(self).map_err(BundleError::Manifest)
    }

    /// Returns the key of the file with this digest.
    ///
    /// # Errors
    /// Returns [`BundleError::Digest`] if `digest` is not a hexadecimal SHA-256. Otherwise, a text
    /// such as `../manifest.json` could form the key of a different record.
    pub fn file_key(digest: &str) -> Result<String, BundleError> {
        let hexadecimal = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digest.len() != 64 || !hexadecimal {
            return Err(BundleError::Digest(digest.to_owned()));
        }
        Ok(format!("bundle/files/{digest}"))
    }

    /// Returns the paths and the digests of the files of this kind.
    pub fn files_by_kind(&self, kind: FileKind) -> impl Iterator<Item = (&str, &str)> {
        let files =
            self.files.iter().filter(move |file| FileKind::from_file_name(file.0) == Some(kind));
        files.map(|(name, digest)| (name.as_str(), digest.as_str()))
    }

    /// Checks the digest of `content` and returns it as the file `name`.
    ///
    /// # Errors
    /// Returns [`BundleError::Digest`] if the content has another digest, and
    /// [`BundleError::NotText`] if it is not UTF-8.
    pub fn verify_file(
        name: &str,
        digest: &str,
        content: Vec<u8>,
    ) -> Result<PolicyFile, BundleError> {
        if self::sha256_hex(&content) != digest {
            return Err(BundleError::Digest(name.to_owned()));
        }
        let text = String::from_utf8(content).map_err(|_| BundleError::NotText(name.to_owned()))?;
        Ok(PolicyFile { name: name.to_owned(), text })
    }
}

/// Returns the key under which the manifest of this version is stored after its replacement.
pub fn history_key(version: &str) -> String {
    format!("{HISTORY}/{version}.json")
}

/// Returns the SHA-256 of some bytes in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
