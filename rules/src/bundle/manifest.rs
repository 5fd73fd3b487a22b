//! The manifest: which files make up a bundle, and which bundle it came in the place of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BundleError, FileKind};
use crate::policy::PolicyFile;

/// Names the files of the bundle that holds. The only record of a ledger that is ever replaced; the files
/// that it names are called by their digest, and never are.
pub const MANIFEST: &str = "bundle/manifest.json";

/// Where manifests are kept that have held, each as `<version>.json`.
pub const HISTORY: &str = "bundle/history";

/// What makes up a bundle. Its version is the SHA-256 of its record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleManifest {
    /// A file's name, and the SHA-256 of its content in lower-case hexadecimal.
    pub files: BTreeMap<String, String>,
    /// The version of Evenkeel that compiled the files, and ran their cases, before they were uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_by: Option<String>,
    /// The version of the manifest that held before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

impl BundleManifest {
    /// Reads a manifest's record.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse_record(record: &[u8]) -> Result<BundleManifest, BundleError> {
        serde_json::from_slice(record).map_err(BundleError::Manifest)
    }

    /// The record: the same for the same manifest.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_record_bytes(&self) -> Result<Vec<u8>, BundleError> {
        serde_json::to_vec_pretty(self).map_err(BundleError::Manifest)
    }

    /// The key of the file with this digest.
    ///
    /// # Errors
    /// When it is no SHA-256, and could lead elsewhere.
    pub fn file_key(digest: &str) -> Result<String, BundleError> {
        let hexadecimal = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digest.len() != 64 || !hexadecimal {
            return Err(BundleError::Digest(digest.to_owned()));
        }
        Ok(format!("bundle/files/{digest}"))
    }

    /// The files of this kind: their names and digests.
    pub fn files_by_kind(&self, kind: FileKind) -> impl Iterator<Item = (&str, &str)> {
        let files =
            self.files.iter().filter(move |file| FileKind::from_file_name(file.0) == Some(kind));
        files.map(|(name, digest)| (name.as_str(), digest.as_str()))
    }

    /// The file `name` with this content.
    ///
    /// # Errors
    /// When it is not the file that has this digest, or is no text.
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

/// Where the manifest of this version is kept once another holds.
pub fn history_key(version: &str) -> String {
    format!("{HISTORY}/{version}.json")
}

/// The SHA-256 of some bytes, in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
